// What a Gremlin server answers: frames, and the pages of an export in them. A vertex that comes
// out of any pages is a line of a graph file that can be read again, or all is refused.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "codec/graph_line.h"
#include "datastore/stackgraph/gremlin/answer.h"
#include "datastore/stackgraph/gremlin/page.h"
#include "property.h"

using namespace holdfast;
using namespace holdfast::datastore::sg;

namespace {

void check_frame(std::string_view bytes) {
  try {
    const GremlinFrame frame = read_gremlin_frame(bytes, "ask");
    HOLDFAST_PROPERTY(frame.code != 0);
    check_gremlin_code(frame, "ask");
  } catch (const Error& error) {
    HOLDFAST_PROPERTY(error.subject() == "ask");
    HOLDFAST_PROPERTY(error.to_string().find('\n') == std::string::npos);
  }
}

// Each line of the input is the results of one frame.
void check_pages(std::string_view bytes) {
  std::string line, again;
  PageReader reader("ask", 100'000, [&](const codec::GraphLine& vertex) {
    line.clear();
    codec::append_graph_line(vertex, line);
    codec::GraphLine read;
    try {
      codec::read_graph_line(std::string_view(line).substr(0, line.size() - 1), {.what = "ask"},
                             read);
    } catch (const Corrupt&) {
      return;  // a key or a member that is there twice
    }
    again.clear();
    codec::append_graph_line(read, again);
    HOLDFAST_PROPERTY(again == line);
  });
  try {
    while (!bytes.empty()) {
      const std::size_t end = std::min(bytes.find('\n'), bytes.size());
      const std::string results(bytes.substr(0, end));  // gone when the next one is read
      reader.add(results);
      bytes.remove_prefix(std::min(end + 1, bytes.size()));
    }
    reader.finish();
  } catch (const Failed& error) {
    HOLDFAST_PROPERTY(error.subject() == "ask");
  } catch (const Unsupported& error) {
    HOLDFAST_PROPERTY(error.subject() == "ask");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check_frame(bytes);
  check_pages(bytes);
  return 0;
}
