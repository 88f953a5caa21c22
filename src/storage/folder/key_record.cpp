#include "storage/folder/key_record.h"

#include <algorithm>

#include "storage/folder/label.h"

namespace holdfast::storage {

namespace {

constexpr unsigned kVersion = 1;

// Bits of an entry, of marks and of settings.
constexpr unsigned kVersionedFlag = 1, kMarkerFlag = 2, kKeptFlag = 4;
constexpr unsigned kHold = 1, kRetention = 2, kCompliance = 4;
constexpr unsigned kLock = 1, kDefault = 2, kDefaultCompliance = 4;

std::int64_t nanoseconds(WallTime time) { return Duration(time.time_since_epoch()).count(); }

WallTime wall_time(std::int64_t count) {
  return WallTime(std::chrono::duration_cast<WallTime::duration>(Duration(count)));
}

void write_texts(FieldWriter& writer, const std::map<std::string, std::string>& texts) {
  writer.number(texts.size());
  for (const auto& [name, value] : texts) {
    writer.text(name);
    writer.text(value);
  }
}

std::map<std::string, std::string> read_texts(FieldReader& reader) {
  std::map<std::string, std::string> out;
  for (std::uint64_t left = reader.number(); left > 0 && reader.good(); --left) {
    std::string name = reader.text();
    out[std::move(name)] = reader.text();
  }
  return out;
}

void write_marks(FieldWriter& writer, const Marks& marks) {
  unsigned flags = marks.hold ? kHold : 0u;
  if (marks.retention) flags |= kRetention | (marks.retention->compliance ? kCompliance : 0u);
  writer.byte(flags);
  if (marks.retention) writer.fixed(std::uint64_t(nanoseconds(marks.retention->until)), 8);
  write_texts(writer, marks.tags);
}

Marks read_marks(FieldReader& reader) {
  Marks marks;
  unsigned flags = reader.byte();
  marks.hold = (flags & kHold) != 0;
  if ((flags & kRetention) != 0) {
    marks.retention =
        Retention{(flags & kCompliance) != 0, wall_time(std::int64_t(reader.fixed(8)))};
  }
  marks.tags = read_texts(reader);
  return marks;
}

VersionEntry read_entry(FieldReader& reader) {
  VersionEntry entry;
  entry.revision = reader.text();
  unsigned flags = reader.byte();
  entry.versioned = (flags & kVersionedFlag) != 0;
  entry.marker = (flags & kMarkerFlag) != 0;
  entry.kept = (flags & kKeptFlag) != 0;
  entry.modified = std::int64_t(reader.fixed(8));
  entry.ended = std::int64_t(reader.fixed(8));
  entry.marks = read_marks(reader);
  return entry;
}

// The fields of a sealed file of this version; nullopt for any other.
std::optional<FieldReader> fields_of(std::string_view bytes) {
  auto content = unseal(bytes);
  if (!content) return std::nullopt;
  FieldReader reader(*content);
  if (reader.byte() != kVersion) return std::nullopt;
  return reader;
}

}  // namespace

VersionEntry* KeyRecord::find(const std::string& revision) {
  auto found = std::find_if(entries.begin(), entries.end(),
                            [&](const VersionEntry& each) { return each.revision == revision; });
  return found == entries.end() ? nullptr : &*found;
}

const VersionEntry* KeyRecord::find(const std::string& revision) const {
  return const_cast<KeyRecord*>(this)->find(revision);
}

std::string encode_key_record(const KeyRecord& record) {
  FieldWriter writer;
  writer.byte(kVersion);
  writer.number(record.entries.size());
  for (const VersionEntry& entry : record.entries) {
    writer.text(entry.revision);
    writer.byte((entry.versioned ? kVersionedFlag : 0u) | (entry.marker ? kMarkerFlag : 0u) |
                (entry.kept ? kKeptFlag : 0u));
    writer.fixed(std::uint64_t(entry.modified), 8);
    writer.fixed(std::uint64_t(entry.ended), 8);
    write_marks(writer, entry.marks);
  }
  return seal(writer.take());
}

std::optional<KeyRecord> decode_key_record(std::string_view bytes) {
  auto reader = fields_of(bytes);
  if (!reader) return std::nullopt;
  KeyRecord record;
  for (std::uint64_t left = reader->number(); left > 0 && reader->good(); --left) {
    record.entries.push_back(read_entry(*reader));
  }
  if (!reader->good() || !reader->at_end()) return std::nullopt;
  return record;
}

std::string encode_settings(const BucketSettings& settings) {
  FieldWriter writer;
  writer.byte(kVersion);
  writer.byte(unsigned(settings.versioning));
  unsigned flags = settings.lock ? kLock : 0u;
  const auto& fallback = settings.default_retention;
  if (fallback) flags |= kDefault | (fallback->compliance ? kDefaultCompliance : 0u);
  writer.byte(flags);
  writer.number(fallback ? fallback->days : 0);
  write_texts(writer, settings.documents);
  return seal(writer.take());
}

std::optional<BucketSettings> decode_settings(std::string_view bytes) {
  auto reader = fields_of(bytes);
  if (!reader) return std::nullopt;
  BucketSettings settings;
  unsigned versioning = reader->byte();
  if (versioning > unsigned(Versioning::kSuspended)) return std::nullopt;
  settings.versioning = Versioning(versioning);
  unsigned flags = reader->byte();
  settings.lock = (flags & kLock) != 0;
  unsigned days = unsigned(reader->number());
  if ((flags & kDefault) != 0) {
    settings.default_retention = DefaultRetention{(flags & kDefaultCompliance) != 0, days};
  }
  settings.documents = read_texts(*reader);
  if (!reader->good() || !reader->at_end()) return std::nullopt;
  return settings;
}

std::string encode_marks(const Marks& marks) {
  FieldWriter writer;
  writer.byte(kVersion);
  write_marks(writer, marks);
  return seal(writer.take());
}

std::optional<Marks> decode_marks(std::string_view bytes) {
  auto reader = fields_of(bytes);
  if (!reader) return std::nullopt;
  Marks marks = read_marks(*reader);
  if (!reader->good() || !reader->at_end()) return std::nullopt;
  return marks;
}

std::vector<VersionEntry> others_of(const KeyRecord& record, const CurrentVersion* current) {
  std::vector<VersionEntry> out;
  bool has_null = current && !current->versioned;
  for (const VersionEntry& entry : record.entries) {
    if (current && entry.revision == current->revision) continue;
    if (!entry.marker && !entry.kept) continue;
    if (!entry.versioned && has_null) continue;
    has_null = has_null || !entry.versioned;
    out.push_back(entry);
  }
  return out;
}

}  // namespace holdfast::storage
