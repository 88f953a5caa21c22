// SMILE, the binary JSON that Elasticsearch keeps its metadata in. Format: FasterXML's Smile
// specification 1.0.x, read as Jackson writes it (docs/formats/elasticsearch-repository.md). Pure.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace holdfast::codec {

// What a document may come to: a few bytes can name the same text again and again.
struct SmileLimits {
  std::size_t depth = 100;         // of arrays and objects in each other
  std::size_t values = 8'000'000;  // names of members too
  std::size_t bytes = 256u << 20;  // of all texts, names and binary values together
};

// One whole document, with its header. Throws Corrupt, with `what` as its subject ("read blob x"),
// when the bytes are no such document, go on behind its end, repeat a name within an object, or
// exceed a limit; the result's texts are UTF-8. A BigInteger beyond 64 bits comes as the text of
// its hexadecimal digits, a BigDecimal as the nearest double; binary values as json::binary.
nlohmann::json decode_smile(std::string_view bytes, const std::string& what,
                            const SmileLimits& limits = {});

}  // namespace holdfast::codec
