// What is known of a key beside its current file, and of a bucket beside its objects, and their
// bytes on disk (docs/formats/versions.md). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/versions.h"

namespace holdfast::storage {

inline constexpr std::size_t kRecordLimit = 256u << 20;  // bytes of a key's record, at most
inline constexpr std::size_t kSettingsLimit = 1u << 20;  // bytes of a bucket's settings, at most
inline constexpr std::size_t kUploadMarksLimit = 64u << 10;

// One version, or a delete marker.
struct VersionEntry {
  std::string revision;    // of the object; of a marker its random id
  bool versioned = false;  // its id is the revision, else "null"
  bool marker = false;
  bool kept = false;  // its file lies among the old versions: it was current once and is no more
  std::int64_t modified = 0;  // nanoseconds since 1970; of a kept version or a marker
  std::int64_t ended = 0;     // since when it is no longer current; 0: unknown
  Marks marks;

  std::string id() const { return versioned ? revision : std::string(kNullVersion); }
  friend bool operator==(const VersionEntry&, const VersionEntry&) = default;
};

// Of one key, the newest first. The current object is among them only when it has marks (or when a
// crash left its entry behind): its file decides what is current, not the record.
struct KeyRecord {
  std::vector<VersionEntry> entries;

  VersionEntry* find(const std::string& revision);
  const VersionEntry* find(const std::string& revision) const;
  friend bool operator==(const KeyRecord&, const KeyRecord&) = default;
};

std::string encode_key_record(const KeyRecord& record);
// nullopt: damaged, or of a newer holdfast.
std::optional<KeyRecord> decode_key_record(std::string_view bytes);
std::string encode_settings(const BucketSettings& settings);
std::optional<BucketSettings> decode_settings(std::string_view bytes);
std::string encode_marks(const Marks& marks);
std::optional<Marks> decode_marks(std::string_view bytes);

// The current object, as far as a record's meaning depends on it.
struct CurrentVersion {
  std::string revision;
  bool versioned = false;
};
// The versions that `record` tells of besides `current` (null: there is no file at the key's
// place): without the current one's own entry, without those whose file is not kept, and without a
// second "null", which the newer one replaced.
std::vector<VersionEntry> others_of(const KeyRecord& record, const CurrentVersion* current);

}  // namespace holdfast::storage
