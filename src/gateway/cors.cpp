#include "gateway/cors.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "gateway/call.h"
#include "gateway/text.h"

namespace holdfast::gateway {

namespace {

constexpr std::size_t kMostRules = 100;
constexpr std::array<std::string_view, 5> kMethods = {"GET", "PUT", "POST", "DELETE", "HEAD"};

[[noreturn]] void malformed(std::string why) {
  throw InvalidArgument::with_code("MalformedXML", "read the CORS rules", std::move(why));
}

[[noreturn]] void invalid(std::string why) {
  throw InvalidArgument::with_code("InvalidRequest", "read the CORS rules", std::move(why));
}

void check_pattern(const std::string& pattern) {
  if (std::count(pattern.begin(), pattern.end(), '*') > 1) {
    invalid("'" + pattern + "' holds more than one *");
  }
}

// A text that goes into a header of our answers.
std::string header_text(const codec::XmlElement& element) {
  if (!is_header_value(element.text)) invalid(element.name + " holds a control character");
  return element.text;
}

CorsRule read_rule(const codec::XmlElement& element) {
  CorsRule rule;
  for (const codec::XmlElement& child : element.children) {
    if (child.name == "ID") {
      rule.id = child.text;
    } else if (child.name == "AllowedOrigin") {
      rule.origins.push_back(header_text(child));
      check_pattern(child.text);
    } else if (child.name == "AllowedMethod") {
      if (std::find(kMethods.begin(), kMethods.end(), child.text) == kMethods.end()) {
        invalid("a method that cannot be allowed");
      }
      rule.methods.push_back(child.text);
    } else if (child.name == "AllowedHeader") {
      rule.headers.push_back(to_lower(header_text(child)));
      check_pattern(child.text);
    } else if (child.name == "ExposeHeader") {
      rule.exposed.push_back(header_text(child));
    } else if (child.name == "MaxAgeSeconds") {
      auto seconds = parse_number(trim(child.text));
      if (!seconds || *seconds > 86'400'000) malformed("MaxAgeSeconds is not a number");
      rule.max_age = unsigned(*seconds);
    } else {
      malformed("a rule has " + child.name);
    }
  }
  if (rule.origins.empty() || rule.methods.empty()) {
    malformed("a rule without an origin or a method");
  }
  return rule;
}

bool fits(std::string_view pattern, std::string_view text) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == text;
  const std::string_view before = pattern.substr(0, star), behind = pattern.substr(star + 1);
  return text.size() >= before.size() + behind.size() && text.starts_with(before) &&
         text.ends_with(behind);
}

bool any_fits(const std::vector<std::string>& patterns, std::string_view text) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return fits(pattern, text); });
}

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + text;
  return out;
}

std::vector<CorsRule> rules_of(const Context& context, storage::Storage& storage,
                               const std::string& bucket) {
  auto* versions = storage.versions();
  if (!versions || bucket.empty()) return {};
  const storage::BucketSettings settings = versions->settings(context, bucket);
  auto document = settings.documents.find(kCorsDocument);
  if (document == settings.documents.end()) return {};
  return parse_cors(codec::parse_xml(document->second));
}

void add_rule(http::ServerResponse& response, const CorsRule& rule, std::string_view origin) {
  const bool everybody =
      std::find(rule.origins.begin(), rule.origins.end(), "*") != rule.origins.end();
  auto& headers = response.headers;
  headers.emplace_back("Access-Control-Allow-Origin", everybody ? "*" : std::string(origin));
  if (!everybody) headers.emplace_back("Access-Control-Allow-Credentials", "true");
  headers.emplace_back("Access-Control-Allow-Methods", joined(rule.methods));
  if (!rule.exposed.empty()) {
    headers.emplace_back("Access-Control-Expose-Headers", joined(rule.exposed));
  }
  headers.emplace_back("Vary",
                       "Origin, Access-Control-Request-Headers, Access-Control-Request-Method");
}

}  // namespace

std::vector<CorsRule> parse_cors(const codec::XmlElement& configuration) {
  std::vector<CorsRule> rules;
  for (const codec::XmlElement& child : configuration.children) {
    if (child.name != "CORSRule") malformed("something that is no rule");
    rules.push_back(read_rule(child));
  }
  if (rules.empty() || rules.size() > kMostRules) malformed("not 1 to 100 rules");
  return rules;
}

std::string cors_document(const std::vector<CorsRule>& rules) {
  codec::XmlWriter xml("CORSConfiguration", kNamespace);
  for (const CorsRule& rule : rules) {
    xml.open("CORSRule");
    if (!rule.id.empty()) xml.element("ID", rule.id);
    for (const std::string& origin : rule.origins) xml.element("AllowedOrigin", origin);
    for (const std::string& method : rule.methods) xml.element("AllowedMethod", method);
    for (const std::string& header : rule.headers) xml.element("AllowedHeader", header);
    for (const std::string& header : rule.exposed) xml.element("ExposeHeader", header);
    if (rule.max_age) xml.element("MaxAgeSeconds", std::uint64_t{*rule.max_age});
    xml.close();
  }
  return xml.finish();
}

const CorsRule* find_rule(const std::vector<CorsRule>& rules, std::string_view origin,
                          std::string_view method, const std::vector<std::string>& headers) {
  for (const CorsRule& rule : rules) {
    const bool all = std::all_of(headers.begin(), headers.end(), [&](const std::string& header) {
      return any_fits(rule.headers, header);
    });
    const bool has_method =
        std::find(rule.methods.begin(), rule.methods.end(), method) != rule.methods.end();
    if (all && has_method && any_fits(rule.origins, origin)) return &rule;
  }
  return nullptr;
}

http::ServerResponse preflight(const Context& context, storage::Storage& storage,
                               const http::ServerRequest& request, const Target& target) {
  const auto origin = request.header("origin");
  const auto method = request.header("access-control-request-method");
  if (!origin || !method || !is_header_value(*origin)) {
    throw InvalidArgument::with_code("InvalidRequest", "OPTIONS " + target.path(),
                                     "it needs Origin and Access-Control-Request-Method");
  }
  std::vector<std::string> headers;
  for (std::string_view piece :
       split_list(request.header("access-control-request-headers").value_or(""), ',')) {
    headers.push_back(to_lower(piece));
  }
  const auto rules = rules_of(context, storage, target.bucket);
  const CorsRule* rule = find_rule(rules, *origin, *method, headers);
  if (!rule) {
    throw AccessDenied::with_code("AccessForbidden", "OPTIONS " + target.path(),
                                  "the bucket's CORS rules do not allow it");
  }
  http::ServerResponse response = empty_response(200);
  add_rule(response, *rule, *origin);
  if (!headers.empty()) {
    response.headers.emplace_back("Access-Control-Allow-Headers", joined(headers));
  }
  if (rule->max_age) {
    response.headers.emplace_back("Access-Control-Max-Age", std::to_string(*rule->max_age));
  }
  return response;
}

void add_cors_headers(const Context& context, storage::Storage& storage,
                      const http::ServerRequest& request, const Target& target,
                      http::ServerResponse& response) noexcept {
  try {
    const auto origin = request.header("origin");
    if (!origin || !is_header_value(*origin)) return;
    const auto rules = rules_of(context, storage, target.bucket);
    if (const CorsRule* rule = find_rule(rules, *origin, request.method, {})) {
      add_rule(response, *rule, *origin);
    }
  } catch (const std::exception&) {
    return;  // no such bucket, or its settings cannot be read
  }
}

}  // namespace holdfast::gateway
