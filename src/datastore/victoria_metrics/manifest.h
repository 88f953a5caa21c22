// The manifest of a version: every object with its checksum, and the content of the small files
// that change in place. Format: docs/formats/victoria-metrics.md. Streams in constant memory. Not
// thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/stream.h"
#include "codec/digest.h"
#include "datastore/datastore.h"
#include "datastore/victoria_metrics/entry_line.h"
#include "datastore/victoria_metrics/spool.h"

namespace holdfast::datastore::vm {

struct ManifestHeader {
  std::string id;  // random, hexadecimal
  std::string store;
  bool is_copy = false;     // a dated copy
  std::string copied_from;  // folder of the version that it was copied from
  std::string run_id;
  std::string snapshot;        // its name at the server; empty when adopted from vmbackup
  std::string server_version;  // as the server tells it; may be empty
  WallTime created;            // of the snapshot
  std::uint64_t objects = 0, bytes = 0;
  Measurement measured;
};

// Longest content that an entry may hold.
inline constexpr std::uint64_t kLongestContent = 4 << 20;

class ManifestWriter {
 public:
  // Writes to `out`, which must outlive the writer.
  ManifestWriter(Spool& out, const ManifestHeader& header);
  ~ManifestWriter();
  // In the order of the pieces' names, each once (Failed otherwise).
  void add(const ManifestEntry& entry);
  // Ends the manifest; returns the SHA-256 of its bytes in hexadecimal.
  std::string finish();

 private:
  struct Compressor;
  void plain(std::string_view text, bool end_frame);
  Spool& out_;
  std::unique_ptr<Compressor> compressor_;
  codec::Digest plain_digest_, digest_;
  std::string last_name_;
  std::uint64_t count_ = 0, bytes_ = 0;
};

// Corrupt when the bytes are no whole manifest; Unsupported when a newer holdfast is needed to read
// it. The header is read at once; the checks over the whole are made as next() reaches the end.
class ManifestReader {
 public:
  // `name` is for messages. Borrows `source`.
  ManifestReader(Source& source, std::string name);
  ~ManifestReader();
  const ManifestHeader& header() const { return header_; }
  std::optional<ManifestEntry> next();

 private:
  struct Decompressor;
  bool more_plain();  // false at the end of the source
  std::string line();
  [[noreturn]] void corrupt(const std::string& why) const;
  void check_end(const std::string& line);

  Source& source_;
  std::string name_;
  std::unique_ptr<Decompressor> decompressor_;
  codec::Digest plain_digest_;
  ManifestHeader header_;
  std::string last_name_;
  std::uint64_t count_ = 0, bytes_ = 0;
  bool ended_ = false;
};

}  // namespace holdfast::datastore::vm
