// What a request is about: bucket and key by the path (path style) or by the host (virtual-host
// style), and the decoded query. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "codec/text.h"

namespace holdfast::gateway {

enum class Resource { kService, kBucket, kObject };

struct Target {
  Resource resource = Resource::kService;
  std::string bucket;
  std::string key;       // decoded
  std::string raw_path;  // percent-encoded, as sent
  codec::QueryParameters query;

  // Value of the first parameter of that name; nullopt when absent.
  std::optional<std::string_view> parameter(std::string_view name) const;
  bool has(std::string_view name) const { return parameter(name).has_value(); }
  // For error documents: the path that was asked for.
  std::string path() const { return key.empty() ? "/" + bucket : "/" + bucket + "/" + key; }
};

// `domain`: hosts BUCKET.domain name the bucket (empty: path style only). InvalidArgument, code
// InvalidURI, for what cannot be decoded.
Target parse_target(std::string_view target, std::string_view host, std::string_view domain);

}  // namespace holdfast::gateway
