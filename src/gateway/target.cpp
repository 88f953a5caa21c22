#include "gateway/target.h"

#include <algorithm>

#include "base/error.h"
#include "gateway/text.h"

namespace holdfast::gateway {

namespace {

[[noreturn]] void refuse(std::string why) {
  throw InvalidArgument::with_code("InvalidURI", "read the request's target", std::move(why));
}

// Clients that think they speak to a proxy send the whole URL.
std::string_view without_origin(std::string_view target) {
  for (std::string_view scheme : {"http://", "https://"}) {
    if (!equal_ignoring_case(target.substr(0, scheme.size()), scheme)) continue;
    const std::size_t slash = target.find('/', scheme.size());
    return slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  return target;
}

// The bucket that the host names, or nothing.
std::string_view bucket_of_host(std::string_view host, std::string_view domain) {
  if (domain.empty()) return {};
  const std::size_t colon = host.rfind(':');
  if (colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos) {
    host = host.substr(0, colon);
  }
  if (host.size() <= domain.size() + 1) return {};
  const std::size_t dot = host.size() - domain.size() - 1;
  if (host[dot] != '.' || !equal_ignoring_case(host.substr(dot + 1), domain)) return {};
  return host.substr(0, dot);
}

}  // namespace

std::optional<std::string_view> Target::parameter(std::string_view name) const {
  auto found = std::find_if(query.begin(), query.end(),
                            [&](const auto& pair) { return pair.first == name; });
  if (found == query.end()) return std::nullopt;
  return found->second;
}

Target parse_target(std::string_view target, std::string_view host, std::string_view domain) {
  target = without_origin(target);
  Target result;
  const std::size_t question = target.find('?');
  if (question != std::string_view::npos) {
    auto query = codec::parse_query(target.substr(question + 1));
    if (!query) refuse("the query is not well encoded");
    result.query = std::move(*query);
  }
  auto decoded = codec::uri_decode(target.substr(0, question));
  if (!decoded || !decoded->starts_with('/')) refuse("the path is not well encoded");
  result.raw_path = target.substr(0, question);

  std::string_view rest = std::string_view(*decoded).substr(1);
  if (std::string_view bucket = bucket_of_host(host, domain); !bucket.empty()) {
    result.bucket = to_lower(bucket);
    result.key = rest;
  } else {
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    result.bucket = rest.substr(0, slash);
    result.key = slash < rest.size() ? rest.substr(slash + 1) : "";
  }
  if (result.bucket.empty() && !result.key.empty()) refuse("the bucket's name is empty");
  if (!result.key.empty()) {
    result.resource = Resource::kObject;
  } else if (!result.bucket.empty()) {
    result.resource = Resource::kBucket;
  }
  return result;
}

}  // namespace holdfast::gateway
