// Escapes, queries and the other texts for bytes: every reader must undo its writer, and only that.
#include <cstdint>
#include <string>
#include <string_view>

#include "codec/text.h"
#include "property.h"

using namespace holdfast::codec;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  for (Slash slash : {Slash::kKeep, Slash::kEncode}) {
    HOLDFAST_PROPERTY(uri_decode(uri_encode(text, slash), slash == Slash::kKeep) == text);
  }
  for (bool plus_is_blank : {false, true}) {
    auto decoded = uri_decode(text, plus_is_blank);
    HOLDFAST_PROPERTY(!decoded || decoded->size() <= text.size());
  }
  if (auto query = parse_query(text)) {
    auto again = parse_query(build_query(*query));
    // A pair that is wholly empty ("=") is written as such and stays.
    HOLDFAST_PROPERTY(again && *again == *query);
  }
  HOLDFAST_PROPERTY(from_hex(to_hex(text)) == text);
  HOLDFAST_PROPERTY(from_base64(to_base64(text)) == text);
  if (auto bytes = from_base64(text)) HOLDFAST_PROPERTY(to_base64(*bytes) == text);
  // Cutting well-formed text before a byte that starts a character leaves it well-formed.
  if (is_utf8(text)) {
    std::size_t cut = size / 2;
    while (cut < size && (data[cut] & 0xC0) == 0x80) ++cut;
    HOLDFAST_PROPERTY(is_utf8(std::string_view(text).substr(0, cut)));
    HOLDFAST_PROPERTY(is_utf8(std::string_view(text).substr(cut)));
  }
  return 0;
}
