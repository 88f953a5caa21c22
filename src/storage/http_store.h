// What every driver of a storage behind HTTP does in the same way: deadlines of one request, small
// documents, the headers that HTTP itself defines, and the open answer of a GET as a Reader.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/client.h"
#include "storage/storage.h"

namespace holdfast::storage {

// Runs `action` under `context` shortened to `timeout`. That the shorter time ran out is passing
// trouble (Unavailable), not the end of the outer deadline.
template <typename Action>
auto within(const Context& context, Duration timeout, const std::string& what, Action action) {
  try {
    return action(context.with_timeout(timeout));
  } catch (const DeadlineExceeded&) {
    context.check(what);
    throw Unavailable(what, "the request took longer than a request may");
  }
}

inline constexpr std::size_t kLargestDocument = 4 << 20;
inline constexpr std::size_t kLargestErrorDocument = 64 * 1024;
inline constexpr std::uint64_t kAskFirst = 1 << 20;  // bodies from here on wait for "100 Continue"

// A document up to its end or the limit: what is cut there does not parse any more.
std::string read_some(Source& source, std::size_t limit);
// Text from outside as it may stand in an error line: cut, without control characters and without a
// full stop at its end.
std::string cleaned_text(std::string_view text, std::size_t limit);

std::string quote_etag(std::string_view etag);
std::string unquoted(std::string_view etag);  // also of a weak one
std::optional<std::uint64_t> parse_number(std::string_view text);
std::string range_header(const Range& range);

// "bytes 5-9/100"
struct ContentRange {
  std::uint64_t first = 0, last = 0, total = 0;
};
std::optional<ContentRange> parse_content_range(std::string_view text);

// The stretch that an answer delivers.
struct Delivered {
  std::uint64_t offset = 0, length = 0;
};

// Reads an open answer under the time of one request, which `context` is without. A reader that
// outlives it fails with Unavailable and can be opened again where it stopped.
std::unique_ptr<Reader> make_http_reader(const Context& context,
                                         std::unique_ptr<http::Exchange> exchange, ObjectInfo info,
                                         Delivered delivered, std::string what);

}  // namespace holdfast::storage
