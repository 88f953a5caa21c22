#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>
#include <limits>

#include "base/error.h"
#include "codec/tar.h"

namespace holdfast::codec {

namespace {

constexpr std::size_t kBlock = 512;
constexpr std::string_view kUstar{"ustar\0", 6};
constexpr std::uint64_t kLargest = std::uint64_t(std::numeric_limits<std::int64_t>::max());

bool all_zero(std::string_view bytes) {
  return bytes.find_first_not_of('\0') == std::string_view::npos;
}

// Digits alone, as a whole; nullopt when they do not fit or there are none.
template <typename Number>
std::optional<Number> parse_number(std::string_view text, int base) {
  Number value{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

struct TarReader::Block {
  std::array<char, kBlock> bytes{};

  std::string_view all() const { return {bytes.data(), bytes.size()}; }
  std::string_view field(std::size_t offset, std::size_t size) const {
    return all().substr(offset, size);
  }
  // Up to the first NUL.
  std::string text(std::size_t offset, std::size_t size) const {
    std::string_view value = field(offset, size);
    return std::string(value.substr(0, value.find('\0')));
  }
  char type() const { return bytes[156]; }
};

struct TarReader::Overrides {
  std::optional<std::string> name, owner, group;
  std::optional<std::uint64_t> size;
  std::optional<std::int64_t> mtime;
  std::optional<unsigned> uid, gid;
  bool has_pax = false, has_long_name = false;
};

void TarReader::corrupt(std::string why) const { throw Corrupt(what_, std::move(why)); }

// False at the very end of the source.
bool TarReader::read_block(Block& block) {
  std::size_t count = read_full(source_, block.bytes);
  if (count == 0) return false;
  if (count < kBlock) corrupt("it is cut off inside a header");
  return true;
}

void TarReader::skip(std::uint64_t count) {
  std::array<char, 16384> buffer;
  while (count > 0) {
    std::size_t want = std::size_t(std::min<std::uint64_t>(count, buffer.size()));
    std::size_t had = source_.read(std::span(buffer).first(want));
    if (had == 0) corrupt("it is cut off inside a file");
    count -= had;
  }
}

void TarReader::skip_current() {
  skip(left_);
  skip(padding_);
  left_ = padding_ = 0;
}

std::size_t TarReader::read(std::span<char> into) {
  std::size_t want = std::size_t(std::min<std::uint64_t>(into.size(), left_));
  if (want == 0) return 0;
  std::size_t count = source_.read(into.first(want));
  if (count == 0) corrupt("it is cut off inside a file");
  left_ -= count;
  return count;
}

// One empty block has been read. Every writer of today puts a second one, so that an archive cut
// off between two files is told from a whole one.
void TarReader::read_end() {
  Block block;
  if (!read_block(block)) corrupt("it is cut off inside its end mark");
  if (!all_zero(block.all())) corrupt("an empty block lies between its files");
  std::uint64_t tail = 0;
  while (std::size_t count = source_.read(block.bytes)) {
    tail += count;
    if (!all_zero({block.bytes.data(), count})) corrupt("bytes follow its end mark");
    if (tail > limits_.longest_tail) corrupt("too many zeros follow its end mark");
  }
}

std::optional<TarEntry> TarReader::next() {
  if (at_end_) return std::nullopt;
  skip_current();
  Overrides overrides;
  bool has_overrides = false;
  while (true) {
    Block block;
    if (!read_block(block)) corrupt("it is cut off: it has no end mark");
    if (all_zero(block.all())) {
      if (has_overrides) corrupt("a record describes no file");
      read_end();
      at_end_ = true;
      return std::nullopt;
    }
    TarEntry entry = entry_of(block, overrides);
    if (block.type() == 'x' || block.type() == 'L') {
      bool pax = block.type() == 'x';
      if (pax ? overrides.has_pax : overrides.has_long_name) corrupt("two records for one file");
      (pax ? overrides.has_pax : overrides.has_long_name) = has_overrides = true;
      std::string record = read_record(number_at(block, 124, 12, "size"), pax ? "PAX" : "GNU");
      if (pax) {
        read_pax(record, overrides);
      } else {
        overrides.name = record.substr(0, record.find('\0'));
      }
      continue;
    }
    if (++entries_ > limits_.most_entries) corrupt("it has too many entries");
    if (block.type() == '5') {
      if (entry.size > 0) corrupt("a folder has bytes");
      overrides = {};
      has_overrides = false;
      continue;
    }
    if (entry.name.size() > limits_.longest_name) corrupt("a name is too long");
    if (auto why = why_bad_tar_name(entry.name); !why.empty()) corrupt(std::string(why));
    if (block.type() != '0' && block.type() != '\0') {
      corrupt(fmt::format("{} is no regular file", entry.name));
    }
    left_ = entry.size;
    padding_ = (kBlock - entry.size % kBlock) % kBlock;
    return entry;
  }
}

std::string TarReader::read_record(std::uint64_t size, std::string_view kind) {
  if (size > limits_.largest_record) corrupt(fmt::format("a {} record is too large", kind));
  std::string record(std::size_t(size), '\0');
  if (read_full(source_, record) < record.size()) corrupt("it is cut off inside a record");
  skip((kBlock - size % kBlock) % kBlock);
  return record;
}

void TarReader::read_pax(std::string_view records, Overrides& overrides) const {
  while (!records.empty()) {
    std::size_t blank = records.find(' ');
    auto size = parse_number<std::size_t>(records.substr(0, blank), 10);
    if (blank == std::string_view::npos || !size || *size > records.size() || *size < blank + 2) {
      corrupt("a PAX record has a wrong length");
    }
    std::string_view record = records.substr(blank + 1, *size - blank - 1);
    std::size_t equals = record.find('=');
    if (record.back() != '\n' || equals == std::string_view::npos || equals == 0) {
      corrupt("a PAX record is malformed");
    }
    record.remove_suffix(1);
    apply_pax(record.substr(0, equals), record.substr(equals + 1), overrides);
    records.remove_prefix(*size);
  }
}

// Keys that say nothing about where a file goes or what it holds are passed over.
void TarReader::apply_pax(std::string_view key, std::string_view value,
                          Overrides& overrides) const {
  if (key.starts_with("GNU.sparse.")) corrupt("it holds a sparse file");
  if (value.empty()) return;  // "as the header says"
  auto need = [&](auto parsed) {
    if (!parsed) corrupt(fmt::format("the PAX record {} is no number", key));
    return *parsed;
  };
  if (key == "path") {
    overrides.name = std::string(value);
  } else if (key == "uname") {
    overrides.owner = std::string(value);
  } else if (key == "gname") {
    overrides.group = std::string(value);
  } else if (key == "size") {
    overrides.size = need(parse_number<std::uint64_t>(value, 10));
  } else if (key == "uid") {
    overrides.uid = need(parse_number<unsigned>(value, 10));
  } else if (key == "gid") {
    overrides.gid = need(parse_number<unsigned>(value, 10));
  } else if (key == "mtime") {
    overrides.mtime = need(parse_number<std::int64_t>(value.substr(0, value.find('.')), 10));
  }
}

std::int64_t TarReader::signed_at(const Block& block, std::size_t offset, std::size_t size,
                                  std::string_view field) const {
  std::string_view bytes = block.field(offset, size);
  auto first = static_cast<unsigned char>(bytes[0]);
  if (first & 0x80) {  // base-256, two's complement below the mark
    bool negative = first & 0x40;
    std::uint64_t value = negative ? ~0ull : 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      auto byte = i == 0 ? (negative ? first : first & 0x7f) : static_cast<unsigned char>(bytes[i]);
      if (value >> 55 != (negative ? 0x1ff : 0)) corrupt(fmt::format("its {} is too large", field));
      value = value << 8 | static_cast<unsigned char>(byte);
    }
    return std::int64_t(value);
  }
  std::size_t begin = bytes.find_first_not_of(' ');
  bytes = begin == std::string_view::npos ? std::string_view() : bytes.substr(begin);
  std::size_t end = std::min(bytes.find(' '), bytes.find('\0'));
  if (end != std::string_view::npos) {
    if (bytes.find_first_not_of(std::string_view(" \0", 2), end) != std::string_view::npos) {
      corrupt(fmt::format("its {} is no number", field));
    }
    bytes = bytes.substr(0, end);
  }
  if (bytes.empty()) return 0;
  auto value = parse_number<std::uint64_t>(bytes, 8);
  if (!value || *value > kLargest) corrupt(fmt::format("its {} is no number", field));
  return std::int64_t(*value);
}

std::uint64_t TarReader::number_at(const Block& block, std::size_t offset, std::size_t size,
                                   std::string_view field) const {
  std::int64_t value = signed_at(block, offset, size, field);
  if (value < 0) corrupt(fmt::format("its {} is negative", field));
  return std::uint64_t(value);
}

TarEntry TarReader::entry_of(const Block& block, const Overrides& overrides) const {
  // Old writers summed signed bytes.
  std::int64_t sum = 0, signed_sum = 0;
  for (std::size_t i = 0; i < kBlock; ++i) {
    char c = i >= 148 && i < 156 ? ' ' : block.bytes[i];
    sum += static_cast<unsigned char>(c);
    signed_sum += static_cast<signed char>(c);
  }
  std::int64_t stored = signed_at(block, 148, 8, "checksum");
  if (stored != sum && stored != signed_sum) corrupt("a header's checksum is wrong");
  auto small = [&](std::size_t offset, std::string_view field) {
    std::uint64_t value = number_at(block, offset, 8, field);
    if (value > std::numeric_limits<unsigned>::max()) corrupt("an owner's number is too large");
    return unsigned(value);
  };
  TarEntry entry;
  entry.name = block.text(0, 100);
  bool ustar = block.field(257, 6) == kUstar;
  // GNU's own format has times where ustar has the name's front.
  if (std::string prefix = ustar ? block.text(345, 155) : ""; !prefix.empty()) {
    entry.name = prefix + '/' + entry.name;
  }
  entry.mode = small(100, "mode");
  entry.uid = overrides.uid ? *overrides.uid : small(108, "owner");
  entry.gid = overrides.gid ? *overrides.gid : small(116, "group");
  entry.size = overrides.size ? *overrides.size : number_at(block, 124, 12, "size");
  if (entry.size > kLargest) corrupt("a size is too large");
  entry.mtime = overrides.mtime ? *overrides.mtime : signed_at(block, 136, 12, "time");
  if (overrides.name) entry.name = *overrides.name;
  entry.owner = overrides.owner ? *overrides.owner : block.text(265, 32);
  entry.group = overrides.group ? *overrides.group : block.text(297, 32);
  return entry;
}

}  // namespace holdfast::codec
