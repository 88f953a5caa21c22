// Frames of a websocket server. The input: one byte that says in which pieces the rest comes, then
// frames. However they are cut, the same items come out, or the same error; no message is longer
// than allowed.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "http/websocket_frame.h"
#include "property.h"

using namespace holdfast::http;

namespace {

constexpr std::size_t kLongest = 1000;

std::vector<std::string> items_of(std::string_view bytes, std::size_t step) {
  WebSocketReader reader("ask", kLongest);
  std::vector<std::string> found;
  try {
    while (true) {
      while (const auto item = reader.next()) {
        HOLDFAST_PROPERTY(item->payload.size() <= kLongest);
        HOLDFAST_PROPERTY(item->kind != WebSocketOpcode::kContinuation);
        found.push_back(std::to_string(int(item->kind)) + " " + std::to_string(item->close_status) +
                        " " + std::string(item->payload));
      }
      if (bytes.empty()) return found;
      const auto space = reader.space();
      const std::size_t count = std::min({space.size(), step, bytes.size()});
      HOLDFAST_PROPERTY(count > 0);
      std::copy_n(bytes.begin(), count, space.begin());
      reader.filled(count);
      bytes.remove_prefix(count);
    }
  } catch (const holdfast::Failed& error) {
    HOLDFAST_PROPERTY(error.subject() == "ask");
    found.push_back("error " + error.reason());
  }
  return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  HOLDFAST_PROPERTY(items_of(bytes, bytes.size() + 1) == items_of(bytes, 1 + data[0]));
  return 0;
}
