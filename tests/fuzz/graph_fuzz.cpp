// A graph file from outside: JSON, typed values, lines, the whole file. What is read can be written
// and read again with the same meaning, in any order; a JSON parser of other hands agrees.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/stream.h"
#include "codec/graph_canonical.h"
#include "codec/graph_check.h"
#include "property.h"

namespace {

using namespace holdfast;

const std::string kWhat = "read x";
const codec::JsonOrigin kOrigin{.what = kWhat};

// Runs `read`; nothing when it refuses its input, which it may do in these two ways only.
template <typename Read>
auto attempt(const Read& read) -> std::optional<decltype(read())> {
  try {
    return read();
  } catch (const Corrupt& error) {
    HOLDFAST_PROPERTY(error.subject() == kWhat);
  } catch (const Unsupported& error) {
    HOLDFAST_PROPERTY(error.subject() == kWhat);
  }
  return std::nullopt;
}

// The other parser counts no depth, but refuses half surrogate pairs at once and numbers that no
// double holds.
void check_json(std::string_view input) {
  const auto span = attempt([&] {
    codec::JsonScanner scanner(input, kOrigin);
    const std::string_view value = scanner.skip();
    scanner.end();
    return value;
  });
  // The other one passes over a mark of the byte order and ends at a NUL.
  if (input.starts_with("\xEF\xBB\xBF") || input.find('\0') != input.npos) return;
  const bool other_reads = nlohmann::json::accept(input);
  if (span && input.find_first_of("\\eE0123456789") == input.npos) HOLDFAST_PROPERTY(other_reads);
  if (!span && other_reads) {
    HOLDFAST_PROPERTY(std::count_if(input.begin(), input.end(), [](char c) {
                        return c == '[' || c == '{';
                      }) > std::ptrdiff_t(codec::JsonScanner::kDepth));
  }
}

std::string canonical(std::string_view json) {
  std::string unknown, out;
  codec::append_canonical(json, kOrigin, unknown, out);
  return out;
}

void check_value(std::string_view input) {
  const auto span = attempt([&] {
    codec::JsonScanner scanner(input, kOrigin);
    return scanner.skip();
  });
  if (!span) return;
  const auto value = attempt([&] { return codec::read_graphson(*span, kOrigin); });
  const auto bytes = attempt([&] { return canonical(*span); });
  HOLDFAST_PROPERTY(value || !bytes);
  if (!value) return;
  std::string written, again;
  codec::append_graphson(*value, written);
  codec::append_graphson(codec::read_graphson(written, kOrigin), again);
  HOLDFAST_PROPERTY(written == again);
  if (bytes) HOLDFAST_PROPERTY(canonical(written) == *bytes);
}

void check_file(std::string_view input) {
  const auto summary = attempt([&] {
    MemorySource source(input);
    return codec::check_graph_file(source, kWhat);
  });
  if (!summary) return;
  std::vector<std::string> lines;
  MemorySource source(input);
  codec::read_graph_file(source, kWhat, [&](const codec::GraphLine& line, const auto&) {
    codec::append_graph_line(line, lines.emplace_back());
  });
  codec::GraphHash backwards;
  std::string rewritten;
  for (std::size_t i = lines.size(); i-- > 0;) {
    codec::GraphLine line;
    codec::read_graph_line(lines[i], kOrigin, line);
    backwards.add(line, kOrigin);
    rewritten += lines[i];
  }
  HOLDFAST_PROPERTY(backwards.is_whole());
  HOLDFAST_PROPERTY(backwards.finish() == *summary);
  MemorySource again(rewritten);
  HOLDFAST_PROPERTY(codec::check_graph_file(again, kWhat) == *summary);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check_json(input);
  check_value(input);
  check_file(input);
  check_file(std::string(input) + "\n");
  check_file(R"({"id":1,"label":"a","properties":{"k":[{"id":1,"value":)" + std::string(input) +
             "}]}}\n");
  return 0;
}
