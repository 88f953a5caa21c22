#include "datastore/elasticsearch/lucene.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/stream.h"
#include "codec/crc.h"
#include "codec/inflate.h"
#include "codec/smile.h"

namespace holdfast::datastore::es {

namespace {

constexpr std::uint32_t kHeaderMagic = 0x3FD76C17, kFooterMagic = 0xC02893E8;
constexpr std::uint32_t kBlobVersion = 1;
constexpr std::string_view kDeflate("DFL\0", 4), kZstd("ZSTD\0", 5);
constexpr std::string_view kSmile = ":)\n";
constexpr std::size_t kDeepest = 100, kMostValues = 8'000'000;  // as of SMILE

// As a footer tells it.
std::uint32_t crc32_of(std::string_view bytes) {
  return std::uint32_t(~codec::update_crc(codec::CrcKind::kCrc32, 0xFFFFFFFF, bytes));
}

// The parser calls itself for each level, so what is nested without end would end the stack; and
// each value takes many times the bytes that it is told in.
void check_json(std::string_view json, const std::string& what) {
  std::size_t depth = 0, values = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_text) {
      if (c == '\\') ++i;
      if (c == '"') in_text = false;
      continue;
    }
    if (c == '"') in_text = true;
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') depth -= depth > 0;
    if (c == '{' || c == '[' || c == ',') ++values;
    if (depth > kDeepest) throw Corrupt(what, "it is nested too deeply");
    if (values > kMostValues) throw Corrupt(what, "it has too many values");
  }
}

}  // namespace

void LuceneReader::fail(const std::string& why) const { throw Corrupt(what_, why); }

std::string_view LuceneReader::bytes(std::size_t count) {
  if (count > rest_.size()) fail("it is cut off");
  std::string_view taken = rest_.substr(0, count);
  rest_.remove_prefix(count);
  return taken;
}

std::uint8_t LuceneReader::byte() { return std::uint8_t(bytes(1).front()); }

std::uint32_t LuceneReader::big32() {
  std::uint32_t value = 0;
  for (char c : bytes(4)) value = value << 8 | std::uint8_t(c);
  return value;
}

std::uint64_t LuceneReader::big64() {
  std::uint64_t high = big32();
  return high << 32 | big32();
}

std::uint32_t LuceneReader::little32() {
  std::uint32_t value = 0, shift = 0;
  for (char c : bytes(4)) {
    value |= std::uint32_t(std::uint8_t(c)) << shift;
    shift += 8;
  }
  return value;
}

std::uint64_t LuceneReader::variable64() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const std::uint64_t next = byte();
    const std::uint64_t part = next & 0x7F;
    if (part << shift >> shift != part) break;
    value |= part << shift;
    if ((next & 0x80) == 0) return value;
  }
  fail("a number is malformed");
}

std::uint32_t LuceneReader::variable32() {
  const std::uint64_t value = variable64();
  if (value > 0xFFFFFFFF) fail("a number is malformed");
  return std::uint32_t(value);
}

std::string_view LuceneReader::text() { return bytes(variable32()); }

std::size_t LuceneReader::count(std::uint64_t told) {
  if (told > rest_.size()) fail("a count leads behind its end");
  return std::size_t(told);
}

LuceneHeader take_lucene_header(LuceneReader& reader) {
  if (reader.big32() != kHeaderMagic) reader.fail("it does not begin as Lucene's files do");
  LuceneHeader header;
  header.codec = reader.text();
  header.version = reader.big32();
  return header;
}

std::uint32_t lucene_footer_checksum(std::string_view footer, const std::string& what) {
  if (footer.size() != kLuceneFooterSize) throw Corrupt(what, "it is too short for a footer");
  LuceneReader reader(footer, what);
  if (reader.big32() != kFooterMagic || reader.big32() != 0) {
    reader.fail("it does not end with a footer: it is cut off, or was changed");
  }
  const std::uint64_t checksum = reader.big64();
  if (checksum > 0xFFFFFFFF) reader.fail("the checksum in its footer is no CRC-32");
  return std::uint32_t(checksum);
}

std::string_view without_lucene_footer(std::string_view bytes, const std::string& what) {
  if (bytes.size() < kLuceneFooterSize) throw Corrupt(what, "it is too short for a footer");
  const std::size_t end = bytes.size() - kLuceneFooterSize;
  const std::uint32_t told = lucene_footer_checksum(bytes.substr(end), what);
  const std::uint32_t found = crc32_of(bytes.substr(0, end + 8));
  if (told != found) {
    throw Corrupt(what, fmt::format("its checksum is {:08x}, its footer says {:08x}", found, told));
  }
  return bytes.substr(0, end);
}

std::string decompressed(std::string_view bytes, const std::string& what, std::size_t most) {
  const bool is_zstd = bytes.starts_with(kZstd);
  if (!is_zstd && !bytes.starts_with(kDeflate)) return std::string(bytes);
  MemorySource packed(bytes.substr(is_zstd ? kZstd.size() : kDeflate.size()));
  codec::InflateSource plain(
      packed, is_zstd ? codec::Compression::kZstd : codec::Compression::kDeflate, what);
  try {
    return read_all(plain, most);
  } catch (const InvalidArgument&) {
    throw Corrupt(what, fmt::format("it comes to more than {} bytes", most));
  }
}

nlohmann::json parse_document(std::string_view bytes, const std::string& what) {
  if (bytes.starts_with(kSmile)) return codec::decode_smile(bytes, what);
  check_json(bytes, what);
  nlohmann::json json = nlohmann::json::parse(bytes, nullptr, false);
  if (json.is_discarded()) throw Corrupt(what, "it is neither SMILE nor JSON");
  return json;
}

nlohmann::json read_metadata_blob(std::string_view bytes, std::string_view codec,
                                  const std::string& what) {
  // The checksum first: a changed header must not be taken for a newer one.
  LuceneReader reader(without_lucene_footer(bytes, what), what);
  const LuceneHeader header = take_lucene_header(reader);
  if (header.codec != codec) reader.fail(fmt::format("it is not a blob of the kind {}", codec));
  if (header.version != kBlobVersion) {
    throw Unsupported(what, fmt::format("its format has version {}", header.version),
                      "a newer Elasticsearch wrote it: use a newer holdfast");
  }
  return parse_document(decompressed(reader.rest(), what), what);
}

}  // namespace holdfast::datastore::es
