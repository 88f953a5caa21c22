#include "app/listen_address.h"

#include <charconv>
#include <fmt/format.h>

#include "base/error.h"

namespace holdfast::app {

void split_address(const std::string& key, const std::string& address,
                   http::ServerOptions& options) {
  const std::size_t colon = address.rfind(':');
  const char* begin = address.data() + (colon == std::string::npos ? address.size() : colon + 1);
  const char* end = address.data() + address.size();
  if (colon == std::string::npos || std::from_chars(begin, end, options.port).ptr != end ||
      begin == end) {
    throw InvalidArgument(fmt::format("{} '{}'", key, address), "not of the form host:port");
  }
  options.host = address.substr(0, colon);
}

}  // namespace holdfast::app
