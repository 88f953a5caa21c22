#include "datastore/clickhouse/checksums_file.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <lz4.h>
#include <optional>
#include <zstd.h>

#include "base/error.h"
#include "codec/sip_hash.h"

namespace holdfast::datastore::ch {

namespace {

constexpr std::string_view kHead = "checksums format version: ";
constexpr std::size_t kLargestPlain = 2 * kLargestChecksums;
constexpr std::size_t kLongestName = 4096;
// Of a compressed block: its hash, then the method and two sizes that the hash covers.
constexpr std::size_t kHashSize = 16, kBlockHead = 9;
constexpr unsigned char kNone = 0x02, kLz4 = 0x82, kZstd = 0x90;

[[noreturn]] void corrupt(std::string why) {
  throw Corrupt("read the part's checksums.txt", std::move(why));
}

// Takes values off the front of its bytes.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  bool at_end() const { return bytes_.empty(); }

  std::string_view take(std::uint64_t count) {
    if (count > bytes_.size()) corrupt("it is cut off");
    std::string_view taken = bytes_.substr(0, std::size_t(count));
    bytes_.remove_prefix(taken.size());
    return taken;
  }

  std::uint64_t little_endian(std::size_t size) {
    std::string_view bytes = take(size);
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) {
      value |= std::uint64_t(static_cast<unsigned char>(bytes[i])) << (8 * i);
    }
    return value;
  }

  codec::Hash128 hash() {
    std::uint64_t low = little_endian(8);
    return {low, little_endian(8)};
  }

  // Seven bits a byte, the lowest first.
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      std::uint64_t byte = little_endian(1);
      if (shift == 63 && byte > 1) break;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    corrupt("a number is too large");
  }

  // What format 2 is made of: fixed words around decimal numbers and names.
  void expect(std::string_view word) {
    if (take(std::min(word.size(), bytes_.size())) != word) corrupt("a line is malformed");
  }

  std::uint64_t decimal() {
    std::uint64_t value = 0;
    auto [end, error] = std::from_chars(bytes_.data(), bytes_.data() + bytes_.size(), value);
    if (error != std::errc()) corrupt("a number is malformed");
    bytes_.remove_prefix(std::size_t(end - bytes_.data()));
    return value;
  }

  std::string_view line() {
    std::size_t end = bytes_.find('\n');
    if (end == std::string_view::npos) corrupt("it is cut off");
    std::string_view text = take(end);
    take(1);
    return text;
  }

 private:
  std::string_view bytes_;
};

std::string decompress(unsigned char method, std::string_view packed, std::size_t size) {
  std::string plain(size, '\0');
  bool whole = false;
  if (method == kNone) {
    whole = packed.size() == size;
    if (whole) plain = packed;
  } else if (method == kLz4) {
    int count = LZ4_decompress_safe(packed.data(), plain.data(), int(packed.size()), int(size));
    whole = count >= 0 && std::size_t(count) == size;
  } else if (method == kZstd) {
    whole = ZSTD_decompress(plain.data(), size, packed.data(), packed.size()) == size;
  } else {
    corrupt(fmt::format("it is compressed by an unknown method ({:#x})", method));
  }
  if (!whole) corrupt("a compressed block is malformed");
  return plain;
}

std::string decompress_blocks(std::string_view bytes) {
  std::string plain;
  Reader reader(bytes);
  while (!reader.at_end()) {
    codec::Hash128 hash = reader.hash();
    std::string_view head = reader.take(kBlockHead);
    Reader fields(head);
    auto method = static_cast<unsigned char>(fields.little_endian(1));
    std::uint64_t packed = fields.little_endian(4), size = fields.little_endian(4);
    if (packed < kBlockHead || size > kLargestPlain - plain.size()) {
      corrupt("a compressed block has a wrong size");
    }
    std::string_view body = reader.take(packed - kBlockHead);
    if (codec::city_hash128({head.data(), head.size() + body.size()}) != hash) {
      corrupt("its own hash does not match");
    }
    plain += decompress(method, body, std::size_t(size));
  }
  return plain;
}

std::vector<ChecksumsEntry> read_binary(std::string_view bytes) {
  Reader reader(bytes);
  std::vector<ChecksumsEntry> entries;
  for (std::uint64_t count = reader.varint(); count > 0; --count) {
    ChecksumsEntry& entry = entries.emplace_back();
    entry.name = reader.take(reader.varint());
    entry.size = reader.varint();
    entry.hash = reader.hash();
    std::uint64_t compressed = reader.little_endian(1);
    if (compressed > 1) corrupt("a flag is neither 0 nor 1");
    if (compressed == 1) {  // of what the file holds when it is decompressed
      reader.varint();
      reader.hash();
    }
  }
  if (!reader.at_end()) corrupt("bytes follow its end");
  return entries;
}

std::vector<ChecksumsEntry> read_text(std::string_view bytes) {
  Reader reader(bytes);
  std::vector<ChecksumsEntry> entries;
  auto hash = [&] {
    std::uint64_t low = reader.decimal();
    reader.expect(" ");
    return codec::Hash128{low, reader.decimal()};
  };
  std::uint64_t count = reader.decimal();
  for (reader.expect(" files:\n"); count > 0; --count) {
    ChecksumsEntry& entry = entries.emplace_back();
    entry.name = reader.line();
    reader.expect("\tsize: ");
    entry.size = reader.decimal();
    reader.expect("\n\thash: ");
    entry.hash = hash();
    reader.expect("\n\tcompressed: ");
    if (reader.decimal() != 0) {
      reader.expect("\n\tuncompressed size: ");
      reader.decimal();
      reader.expect("\n\tuncompressed hash: ");
      hash();
    }
    reader.expect("\n");
  }
  if (!reader.at_end()) corrupt("bytes follow its end");
  return entries;
}

void check_names(const std::vector<ChecksumsEntry>& entries) {
  std::vector<std::string_view> names;
  auto is_bad = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '/';
  };
  for (const ChecksumsEntry& entry : entries) {
    const std::string& name = entry.name;
    if (name.empty() || name.size() > kLongestName ||
        std::any_of(name.begin(), name.end(), is_bad)) {
      corrupt("a name is no file's");
    }
    names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  if (std::adjacent_find(names.begin(), names.end()) != names.end()) corrupt("a name comes twice");
}

}  // namespace

std::vector<ChecksumsEntry> parse_checksums(std::string_view bytes) {
  if (bytes.size() > kLargestChecksums) corrupt("it is too large");
  if (!bytes.starts_with(kHead)) corrupt("it does not begin as one");
  Reader reader(bytes.substr(kHead.size()));
  std::string_view version = reader.line();
  std::string_view body = bytes.substr(kHead.size() + version.size() + 1);
  std::vector<ChecksumsEntry> entries;
  if (version == "4") {
    entries = read_binary(decompress_blocks(body));
  } else if (version == "3") {
    entries = read_binary(body);
  } else if (version == "2") {
    entries = read_text(body);
  } else {
    corrupt(fmt::format("its format {} is not known", version.substr(0, 20)));
  }
  check_names(entries);
  return entries;
}

codec::Hash128 total_hash(const std::vector<ChecksumsEntry>& entries) {
  std::vector<const ChecksumsEntry*> sorted;
  for (const ChecksumsEntry& entry : entries) sorted.push_back(&entry);
  std::sort(sorted.begin(), sorted.end(),
            [](const auto* a, const auto* b) { return a->name < b->name; });
  std::string bytes;
  auto word = [&](std::uint64_t value) {
    for (int i = 0; i < 8; ++i) bytes += char(value >> (8 * i));
  };
  for (const ChecksumsEntry* entry : sorted) {
    word(entry->name.size());
    bytes += entry->name;
    word(entry->hash.low);
    word(entry->hash.high);
  }
  return codec::clickhouse_sip_hash(bytes);
}

std::string hash_text(const codec::Hash128& hash) {
  return fmt::format("{:016x}{:016x}", hash.high, hash.low);
}

}  // namespace holdfast::datastore::ch
