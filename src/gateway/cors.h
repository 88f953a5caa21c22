// Cross-origin requests of browsers: what a bucket's configuration allows.
// Source: AWS "Using cross-origin resource sharing", the Fetch standard's CORS protocol.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/xml.h"
#include "gateway/target.h"
#include "http/server.h"
#include "storage/versions.h"

namespace holdfast::gateway {

// Name of the document in storage::BucketSettings.
inline constexpr const char* kCorsDocument = "cors";

struct CorsRule {
  std::string id;
  std::vector<std::string> origins, methods, headers, exposed;  // origins, headers: with one '*'
  std::optional<unsigned> max_age;                              // seconds
};

// Errors, by S3 code: MalformedXML, InvalidRequest.
std::vector<CorsRule> parse_cors(const codec::XmlElement& configuration);
std::string cors_document(const std::vector<CorsRule>& rules);

// The first rule that allows `method` from `origin` with all of `headers` (lower case).
const CorsRule* find_rule(const std::vector<CorsRule>& rules, std::string_view origin,
                          std::string_view method, const std::vector<std::string>& headers);

// The answer to an OPTIONS request, which nobody signs. InvalidArgument (code InvalidRequest) when
// it is no preflight, AccessDenied (code AccessForbidden) when no rule allows what it asks for.
http::ServerResponse preflight(const Context& context, storage::Storage& storage,
                               const http::ServerRequest& request, const Target& target);
// Adds what a browser must see to read the answer to a request with an Origin. Never throws: an
// answer without these headers is refused by the browser.
void add_cors_headers(const Context& context, storage::Storage& storage,
                      const http::ServerRequest& request, const Target& target,
                      http::ServerResponse& response) noexcept;

}  // namespace holdfast::gateway
