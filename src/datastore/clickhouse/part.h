// A part: the folder of files that ClickHouse keeps rows in, which never changes while it lives.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "codec/digest.h"
#include "transfer/content.h"

namespace holdfast::datastore::ch {

struct PartFile {
  std::string name;  // inside the part, with '/' (projections are folders)
  std::uint64_t size = 0;
};

struct PartFacts {
  std::vector<PartFile> files;        // sorted by name
  std::uint64_t bytes = 0;            // of all files
  std::optional<std::uint64_t> rows;  // of count.txt, which tables of the old syntax do not have
  // Equal for equal content, whatever the part is called: SHA-256 of all names and sizes and of the
  // bytes of the small text files, among them checksums.txt, which holds a hash of every other.
  std::string identity;
  std::uint64_t checksum = 0;  // CRC-64 of checksums.txt, as clickhouse-backup records it
};

// Makes a part's facts of its files, told in the order of their names. Pure; not thread-safe.
class PartFactsMaker {
 public:
  // Whether add() needs that file's bytes.
  static bool needs_text(const std::string& name);
  static constexpr std::uint64_t kLargestText = 16 << 20;
  void add(const std::string& name, std::uint64_t size, const std::string& text);
  // Corrupt, naming `what`, when it has no checksums.txt: such a part cannot be told from another,
  // or be checked.
  PartFacts finish(const std::string& what);

 private:
  PartFacts facts_;
  codec::Digest identity_{codec::DigestAlgorithm::kSha256};
  bool has_checksums_ = false;
};

// Corrupt as PartFactsMaker says, and when it holds a symbolic link.
PartFacts look_at_part(const fs::path& folder);

// The same files under another folder, by hard links; `to` and its parents are made.
void link_part(const fs::path& from, const fs::path& to);

// Size of the archive that tar_of_part() makes.
std::uint64_t tar_size(const std::string& part_name, const PartFacts& facts);

// The part as one tar archive with entries `/NAME/FILE`, as clickhouse-backup writes it: made from
// the files while it is read, at any place, by several threads at once. The files must stay.
std::shared_ptr<const transfer::Content> tar_of_part(const fs::path& folder,
                                                     const std::string& part_name,
                                                     const PartFacts& facts);

}  // namespace holdfast::datastore::ch
