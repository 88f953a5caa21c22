// Whether the files of a part are those that the server wrote: each is hashed while it streams by
// and compared with the part's checksums.txt, wherever in the stream that comes.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/city_hash.h"
#include "datastore/clickhouse/checksums_file.h"

namespace holdfast::datastore::ch {

// One part. Files that checksums.txt does not list (columns.txt and the like) cannot be checked and
// pass; a projection is a folder with a checksums.txt of its own. Holds a hash a file and the
// entries of each checksums.txt; never the files. Not thread-safe. Never throws for bad bytes: it
// tells.
class PartCheck {
 public:
  // A file of the part and its bytes, in order; `name` is relative to the part: "Body.bin",
  // "p.proj/Body.bin". `size` is what its bytes must come to.
  void begin(std::string name, std::uint64_t size);
  void add(std::string_view bytes);
  void end();

  // After the last file: what is wrong first, for people ("the file Body.bin is missing"); nullopt
  // when the part is whole.
  std::optional<std::string> finish();

 private:
  struct File {
    std::uint64_t size = 0;
    codec::Hash128 hash;
  };

  void problem(std::string text);
  void read_checksums();
  void compare(const std::string& folder, const std::vector<ChecksumsEntry>& entries);
  void compare_projection(const std::string& path, const ChecksumsEntry& entry);

  std::map<std::string, File> files_;
  std::map<std::string, std::vector<ChecksumsEntry>> listed_;  // by folder: "" or "p.proj/"
  std::size_t checksums_bytes_ = 0;                            // of all checksums.txt together
  std::string name_;
  std::uint64_t expected_ = 0;
  File current_;
  codec::ClickHouseFileHash hash_;
  bool keep_ = false;  // the current file is a checksums.txt
  std::string kept_;
  std::optional<std::string> problem_;
};

}  // namespace holdfast::datastore::ch
