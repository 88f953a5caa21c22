#include "codec/azure_signature.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/error.h"
#include "codec/digest.h"

namespace holdfast::codec {

namespace {

constexpr std::size_t kLongestSignature = 4096;
constexpr std::string_view kSignatureVersion = "2020-12-06";

// In the order in which their values are signed; Content-Length stands third.
constexpr std::array<std::string_view, 11> kStandardHeaders = {"content-encoding",
                                                               "content-language",
                                                               "content-length",
                                                               "content-md5",
                                                               "content-type",
                                                               "date",
                                                               "if-modified-since",
                                                               "if-match",
                                                               "if-none-match",
                                                               "if-unmodified-since",
                                                               "range"};

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = char(c - 'A' + 'a');
  }
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string standard_values(const Headers& headers, std::uint64_t content_length) {
  std::map<std::string, std::string> values;
  for (const auto& [name, value] : headers) values[lower_case(name)] = trimmed(value);
  // An empty body is signed as no length at all.
  values["content-length"] = content_length > 0 ? std::to_string(content_length) : "";
  std::string out;
  for (std::string_view name : kStandardHeaders) out += values[std::string(name)] + "\n";
  return out;
}

std::string canonical_headers(const Headers& headers) {
  std::map<std::string, std::string> own;
  for (const auto& [name, value] : headers) {
    std::string lower = lower_case(name);
    if (lower.starts_with("x-ms-")) own[lower] = trimmed(value);
  }
  std::string out;
  for (const auto& [name, value] : own) out += name + ":" + value + "\n";
  return out;
}

std::string canonical_resource(const SignedRequest& request, std::string_view account) {
  std::map<std::string, std::vector<std::string>> values;
  for (const auto& [name, value] : request.query) values[lower_case(name)].push_back(value);
  std::string out = "/" + std::string(account) + request.path;
  for (auto& [name, all] : values) {
    std::sort(all.begin(), all.end());
    out += "\n" + name + ":";
    for (std::size_t i = 0; i < all.size(); ++i) out += (i > 0 ? "," : "") + all[i];
  }
  return out;
}

std::string signature_of(const AzureAccount& account, std::string_view text) {
  auto key = from_base64(account.key.reveal());
  if (!key || key->empty()) {
    throw InvalidArgument("sign for storage account " + account.name, "its key is not base64",
                          "copy the account's key as the portal shows it");
  }
  return to_base64(hmac_sha256(*key, text));
}

}  // namespace

bool is_azure_key(const Secret& key) {
  auto bytes = from_base64(key.reveal());
  return bytes && !bytes->empty();
}

std::string azure_string_to_sign(const SignedRequest& request, std::uint64_t content_length,
                                 std::string_view account) {
  return request.method + "\n" + standard_values(request.headers, content_length) +
         canonical_headers(request.headers) + canonical_resource(request, account);
}

void add_shared_key(SignedRequest& request, std::uint64_t content_length,
                    const AzureAccount& account, WallTime now) {
  request.headers.emplace_back("x-ms-date", format_http_date(now));
  std::string text = azure_string_to_sign(request, content_length, account.name);
  request.headers.emplace_back("Authorization",
                               "SharedKey " + account.name + ":" + signature_of(account, text));
}

std::string azure_read_signature(const AzureAccount& account, std::string_view container,
                                 std::string_view blob, WallTime expiry) {
  const std::string ends = format_rfc3339(expiry);
  const std::string version(kSignatureVersion);
  std::string resource = "/blob/" + account.name + "/";
  resource.append(container).append("/").append(blob);
  // Permissions, start, expiry, resource, identifier, address, protocol, version, kind of resource,
  // snapshot, encryption scope, then five headers of the answer.
  std::string text = "r\n\n" + ends + "\n" + resource + "\n\n\n\n" + version + "\nb\n\n\n\n\n\n\n";
  return build_query({{"sv", version},
                      {"sr", "b"},
                      {"sp", "r"},
                      {"se", ends},
                      {"sig", signature_of(account, text)}});
}

std::optional<QueryParameters> parse_azure_signature(std::string_view text) {
  if (text.size() > kLongestSignature) return std::nullopt;
  if (text.starts_with('?')) text.remove_prefix(1);
  auto parameters = parse_query(text);
  if (!parameters) return std::nullopt;
  auto has = [&](std::string_view wanted) {
    return std::any_of(parameters->begin(), parameters->end(), [&](const auto& parameter) {
      return parameter.first == wanted && !parameter.second.empty();
    });
  };
  if (!has("sv") || !has("sig")) return std::nullopt;
  return parameters;
}

}  // namespace holdfast::codec
