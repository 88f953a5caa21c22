// Metadata out of a snapshot repository: SMILE alone, and inside of the frame that the repository
// has around it, whose checksum is made right. What is read is a document that can be written as
// JSON again, or it is refused.
#include <string>
#include <string_view>

#include "../support/elasticsearch_frame.h"
#include "base/error.h"
#include "codec/smile.h"
#include "datastore/elasticsearch/lucene.h"
#include "property.h"

namespace {

using namespace holdfast;

constexpr codec::SmileLimits kLimits{.depth = 20, .values = 20'000, .bytes = 1 << 20};

std::size_t depth_of(const nlohmann::json& json) {
  if (!json.is_structured()) return 0;
  std::size_t deepest = 0;
  for (const nlohmann::json& one : json) deepest = std::max(deepest, depth_of(one));
  return deepest + 1;
}

void check_smile(std::string_view bytes) {
  try {
    const nlohmann::json json = codec::decode_smile(bytes, "read x", kLimits);
    HOLDFAST_PROPERTY(depth_of(json) <= kLimits.depth);
    HOLDFAST_PROPERTY(!json.dump().empty());
    // Nothing behind the end is read as a part of it.
    try {
      codec::decode_smile(std::string(bytes) + "x", "read x", kLimits);
      HOLDFAST_PROPERTY(false);
    } catch (const Corrupt&) {
    }
  } catch (const Corrupt& error) {
    HOLDFAST_PROPERTY(error.subject() == "read x");
  }
}

void check_blob(std::string_view content) {
  const std::string blob = support::framed("snapshot", content);
  try {
    datastore::es::read_metadata_blob(blob, "snapshot", "read x");
  } catch (const Corrupt& error) {
    HOLDFAST_PROPERTY(error.subject() == "read x");
    HOLDFAST_PROPERTY(error.reason().find("its footer says") == std::string::npos);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  check_smile(input);
  check_smile(":)\n\x07" + std::string(input));
  check_blob(input);
  check_blob(std::string("DFL\0", 4) + std::string(input));
  return 0;
}
