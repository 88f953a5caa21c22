// Tar archives: written as Go's archive/tar writes them, which is what clickhouse-backup stores;
// read from whoever wrote them. Format: POSIX.1-1988 ustar with POSIX.1-2001 PAX records; read too:
// GNU long names and base-256 numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/stream.h"

namespace holdfast::codec {

// A regular file of an archive.
struct TarEntry {
  std::string name;  // a path; may begin with '/'
  std::uint64_t size = 0;
  unsigned mode = 0440;    // permission bits
  std::int64_t mtime = 0;  // seconds since 1970, UTC
  unsigned uid = 0, gid = 0;
  std::string owner, group;

  bool operator==(const TarEntry&) const = default;
};

// The blocks that come before the file's bytes: one of ustar, or a PAX record file and one when a
// value does not fit. InvalidArgument for what tar cannot hold: a name that a reader would refuse
// (see TarReader), a NUL in an owner, a size over 2^63 - 1, a mode over 07777777.
std::string tar_header(const TarEntry& entry);

// The zeros that follow a file of `size` bytes.
std::string tar_padding(std::uint64_t size);

// The two empty blocks that end an archive.
std::string_view tar_end();

// What an archive from outside may make us hold or do.
struct TarLimits {
  std::size_t longest_name = 4096;          // bytes
  std::size_t largest_record = 64 << 10;    // bytes of PAX records or of a GNU long name
  std::uint64_t most_entries = 10'000'000;  // folders too
  std::uint64_t longest_tail = 1 << 20;     // zeros after the end (GNU tar fills its last record)
};

// Reads an archive from front to back. Borrows the source, which may give its bytes in pieces of
// any size. Not thread-safe. Throws Corrupt for bytes that are no such archive, for one that is cut
// off, for entries other than regular files and folders (folders are passed over), and for names
// that are too long, hold a control character or have an empty, `.` or `..` component; one leading
// `/` or `./` is allowed and left in the name. After an error the reader must not be used again.
class TarReader {
 public:
  // `what` is the subject of its errors: "read backup x".
  explicit TarReader(Source& source, TarLimits limits = {}, std::string what = "read a tar archive")
      : source_(source), limits_(limits), what_(std::move(what)) {}

  // The next file, past what is unread of the one before; nullopt at the end of the archive, when
  // the source has been read to its end too.
  std::optional<TarEntry> next();
  // Bytes of the current file; 0 at its end (or for an empty `into`).
  std::size_t read(std::span<char> into);

 private:
  struct Block;
  // What records before an entry say about it.
  struct Overrides;

  bool read_block(Block& block);
  void skip_current();
  void skip(std::uint64_t count);
  void read_end();
  std::string read_record(std::uint64_t size, std::string_view kind);
  void read_pax(std::string_view records, Overrides& overrides) const;
  void apply_pax(std::string_view key, std::string_view value, Overrides& overrides) const;
  TarEntry entry_of(const Block& block, const Overrides& overrides) const;
  std::uint64_t number_at(const Block& block, std::size_t offset, std::size_t size,
                          std::string_view field) const;
  std::int64_t signed_at(const Block& block, std::size_t offset, std::size_t size,
                         std::string_view field) const;
  [[noreturn]] void corrupt(std::string why) const;

  Source& source_;
  TarLimits limits_;
  std::string what_;
  std::uint64_t entries_ = 0;
  std::uint64_t left_ = 0;     // bytes of the current file
  std::uint64_t padding_ = 0;  // zeros behind it
  bool at_end_ = false;
};

// Why `name` may not stand in an archive; empty when it may.
std::string_view why_bad_tar_name(std::string_view name);

}  // namespace holdfast::codec
