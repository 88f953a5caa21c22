#include "gateway/access_log.h"

#include <array>
#include <chrono>
#include <fmt/format.h>

#include "codec/text.h"
#include "gateway/text.h"

namespace holdfast::gateway {

namespace {

constexpr std::array<std::string_view, 6> kSecretParameters = {
    "x-amz-signature", "x-amz-security-token", "x-amz-credential",
    "signature",       "awsaccesskeyid",       "x-amz-signedheaders"};
constexpr std::size_t kMostText = 2048;

std::string escaped(std::string_view text) {
  std::string result;
  for (char c : text.substr(0, kMostText)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || c == '"' || c == '\\') {
      result += fmt::format("\\x{:02x}", byte);
    } else {
      result += c;
    }
  }
  return result;
}

bool is_secret(std::string_view parameter) {
  // The name may come percent-encoded.
  const std::string name =
      to_lower(codec::uri_decode(parameter.substr(0, parameter.find('='))).value_or(""));
  // A client's key belongs into a header, and is refused here; but by then it came.
  if (name.find("server-side-encryption-customer-key") != std::string::npos) return true;
  return std::find(kSecretParameters.begin(), kSecretParameters.end(), name) !=
         kSecretParameters.end();
}

std::string shown_target(std::string_view target) {
  const std::size_t question = target.find('?');
  std::string result(target.substr(0, question));
  if (question == std::string_view::npos) return escaped(result);
  char separator = '?';
  for (std::string_view parameter : split_list(target.substr(question + 1), '&')) {
    if (is_secret(parameter)) continue;
    result += separator;
    result += parameter;
    separator = '&';
  }
  return escaped(result);
}

std::string_view up_to_slash(std::string_view text) { return text.substr(0, text.find('/')); }

std::string claimed_key(const http::ServerRequest& request) {
  constexpr std::string_view kCredential = "Credential=";
  const std::string_view header = request.header("authorization").value_or("");
  if (const std::size_t at = header.find(kCredential); at != std::string_view::npos) {
    return escaped(up_to_slash(header.substr(at + kCredential.size())).substr(0, 128));
  }
  const std::size_t question = request.target.find('?');
  if (question != std::string::npos) {
    const auto query = codec::parse_query(std::string_view(request.target).substr(question + 1));
    for (const auto& [name, value] : query.value_or(codec::QueryParameters{})) {
      if (name == "X-Amz-Credential") return escaped(up_to_slash(value).substr(0, 128));
    }
  }
  return "-";
}

}  // namespace

std::string access_line(const http::AccessRecord& record) {
  const http::ServerRequest& request = record.request;
  const auto time = std::chrono::duration_cast<std::chrono::microseconds>(record.time).count();
  const std::string method = request.method.empty() ? "-" : escaped(request.method);
  const std::string target = request.target.empty() ? "-" : shown_target(request.target);
  std::string line =
      fmt::format("{} {} \"{} {}\" {} {} {} {}.{:03} \"{}\"", request.peer, claimed_key(request),
                  method, target, record.status, record.bytes_in, record.bytes_out, time / 1000,
                  time % 1000, escaped(request.header("user-agent").value_or("-")));
  if (!record.complete) line += " cut";
  if (!record.refusal.empty()) line += fmt::format(" refused \"{}\"", escaped(record.refusal));
  return line;
}

}  // namespace holdfast::gateway
