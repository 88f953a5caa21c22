// The frame that Lucene puts around its files, and Elasticsearch around its metadata blobs: a codec
// header in front, a footer with a CRC-32 behind (docs/formats/elasticsearch-repository.md). Pure.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace holdfast::datastore::es {

inline constexpr std::size_t kLuceneFooterSize = 16;  // bytes

// Takes a Lucene file's values from the front of its bytes. Throws Corrupt, with `what` as its
// subject, when there is not enough left or a value is malformed. Borrows both.
class LuceneReader {
 public:
  LuceneReader(std::string_view bytes, const std::string& what) : rest_(bytes), what_(what) {}

  std::uint8_t byte();
  std::uint32_t big32();     // four bytes, the highest first
  std::uint64_t big64();     // eight of them
  std::uint32_t little32();  // the lowest first
  std::uint32_t variable32();
  std::uint64_t variable64();
  std::string_view bytes(std::size_t count);
  std::string_view text();  // a length and that many bytes
  // A count that somebody is going to loop over: at most what the rest has room for.
  std::size_t count(std::uint64_t told);
  std::string_view rest() const { return rest_; }
  [[noreturn]] void fail(const std::string& why) const;

 private:
  std::string_view rest_;
  const std::string& what_;
};

// The name and the version of the codec header in front of `reader`, which stands behind it then.
struct LuceneHeader {
  std::string_view codec;
  std::uint32_t version = 0;
};
LuceneHeader take_lucene_header(LuceneReader& reader);

// The bytes without their footer. Throws Corrupt unless the footer is one and its CRC-32 is that of
// all bytes before.
std::string_view without_lucene_footer(std::string_view bytes, const std::string& what);

// The CRC-32 that the 16 bytes of a footer tell. Throws Corrupt when they are none.
std::uint32_t lucene_footer_checksum(std::string_view footer, const std::string& what);

// The document in a metadata blob of Elasticsearch: header with `codec`, version 1, then SMILE or
// JSON, compressed or not, then the footer. `what` names the blob: "read bucket/snap-X.dat". Throws
// Corrupt for anything else, also when it comes to more than kLargestDocument bytes.
inline constexpr std::size_t kLargestDocument = 256u << 20;
nlohmann::json read_metadata_blob(std::string_view bytes, std::string_view codec,
                                  const std::string& what);

// Compressed ("DFL", a zero byte and DEFLATE; of OpenSearch also "ZSTD", a zero byte and zstd) or
// not: the plain bytes. Corrupt when they are more than `most`.
std::string decompressed(std::string_view bytes, const std::string& what,
                         std::size_t most = kLargestDocument);
// A document that may be SMILE or JSON.
nlohmann::json parse_document(std::string_view bytes, const std::string& what);

}  // namespace holdfast::datastore::es
