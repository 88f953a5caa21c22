// The two ways to fetch a key pair for a role: STS with a token file, and the instance's metadata.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "codec/text.h"
#include "codec/xml.h"
#include "storage/s3/s3_credentials.h"

namespace holdfast::storage {

namespace {

constexpr std::size_t kLargestToken = 64 * 1024;
constexpr std::size_t kLargestAnswer = 256 * 1024;
constexpr Duration kTimeout = std::chrono::seconds(10);
constexpr Duration kInstanceConnect = std::chrono::seconds(2);

struct Answer {
  int status = 0;
  std::string body;
};

Answer ask(http::Client& client, const Context& context, const http::Request& request,
           const std::string& what) {
  try {
    const Context shorter = context.with_timeout(kTimeout);
    auto exchange = client.send(shorter, request);
    return {exchange->status(), read_all(*exchange, kLargestAnswer)};
  } catch (const DeadlineExceeded&) {
    context.check(what);
    throw Unavailable(what, "no answer within 10 s");
  }
}

// A word of theirs that may stand in an error: letters and digits only.
std::string cleaned_code(const std::string& text) {
  std::string out;
  for (const char c : text.substr(0, 64)) {
    if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) out += c;
  }
  return out;
}

[[noreturn]] void refuse(const Answer& answer, const std::string& what, const std::string& code,
                         const std::string& advice) {
  const std::string why =
      fmt::format("it answered status {}{}", answer.status, code.empty() ? "" : " " + code);
  if (answer.status >= 500 || answer.status == 429) throw Unavailable(what, why);
  throw AccessDenied(what, why, advice);
}

std::string read_token(const WebIdentity& identity, const std::string& what) {
  try {
    std::string token = read_file(identity.token_file, kLargestToken);
    while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
    if (!token.empty()) return token;
  } catch (const Error& error) {
    throw AccessDenied(what, "its token cannot be read: " + error.reason(),
                       "check the file that AWS_WEB_IDENTITY_TOKEN_FILE names");
  }
  throw AccessDenied(what, "its token file is empty",
                     "check the file that AWS_WEB_IDENTITY_TOKEN_FILE names");
}

TemporaryCredentials checked(TemporaryCredentials got, const std::string& expires,
                             const std::string& what) {
  try {
    got.expires = parse_rfc3339(expires);
  } catch (const InvalidArgument&) {
    throw Failed(what, "its answer has no good Expiration");
  }
  if (got.credentials.access_key.empty() || got.credentials.secret_key.empty()) {
    throw Failed(what, "its answer has no key pair");
  }
  return got;
}

TemporaryCredentials read_sts(const Answer& answer, const std::string& what) {
  codec::XmlElement root;
  try {
    root = codec::parse_xml(answer.body);
  } catch (const InvalidArgument&) {
    if (answer.status == 200) throw Failed(what, "its answer is not the XML that STS sends");
  }
  if (answer.status != 200) {
    const codec::XmlElement* error = root.child("Error");
    refuse(answer, what, error ? cleaned_code(error->child_text("Code")) : "",
           "check AWS_ROLE_ARN, the role's trust policy and the token");
  }
  const codec::XmlElement* result = root.child("AssumeRoleWithWebIdentityResult");
  const codec::XmlElement* pair = result ? result->child("Credentials") : nullptr;
  if (!pair) throw Failed(what, "its answer holds no credentials");
  return checked({{pair->child_text("AccessKeyId"), Secret(pair->child_text("SecretAccessKey")),
                   pair->child_text("SessionToken")},
                  {}},
                 pair->child_text("Expiration"), what);
}

std::string form_of(const WebIdentity& identity, const std::string& token) {
  return codec::build_query({{"Action", "AssumeRoleWithWebIdentity"},
                             {"Version", "2011-06-15"},
                             {"RoleArn", identity.role_arn},
                             {"RoleSessionName", identity.session_name},
                             {"WebIdentityToken", token}});
}

constexpr std::string_view kRoles = "/latest/meta-data/iam/security-credentials/";
constexpr const char* kNoRole =
    "give the machine a role, or set minio.s3gateway.accessKey and secretKey";

TemporaryCredentials read_instance(const Answer& answer, const std::string& what) {
  if (answer.status != 200) refuse(answer, what, "", kNoRole);
  const auto json = nlohmann::json::parse(answer.body, nullptr, false);
  if (!json.is_object()) throw Failed(what, "its answer is not the JSON that it should be");
  const auto text = [&](const char* name) -> std::string {
    const auto found = json.find(name);
    return found != json.end() && found->is_string() ? found->get<std::string>() : "";
  };
  if (const std::string code = text("Code"); !code.empty() && code != "Success") {
    throw AccessDenied(what, "it answered " + cleaned_code(code), kNoRole);
  }
  return checked({{text("AccessKeyId"), Secret(text("SecretAccessKey")), text("Token")}, {}},
                 text("Expiration"), what);
}

}  // namespace

CredentialFetch fetch_with_web_identity(WebIdentity identity) {
  auto client = std::make_shared<http::Client>(identity.client);
  return [identity = std::move(identity), client](const Context& context) {
    const std::string what = "get an access key with web identity from " + identity.endpoint;
    const std::string form = form_of(identity, read_token(identity, what));
    MemorySource body(form);
    http::Request request{.method = "POST", .url = identity.endpoint + "/"};
    request.headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                       {"Accept", "application/xml"}};
    request.body = &body;
    return read_sts(ask(*client, context, request, what), what);
  };
}

CredentialFetch fetch_from_instance_role(InstanceRole role) {
  http::ClientOptions options;
  options.connect_timeout = kInstanceConnect;
  auto client = std::make_shared<http::Client>(options);
  return [role = std::move(role), client](const Context& context) {
    const std::string what = "get the instance's access key from " + role.endpoint;
    http::Request request{.method = "PUT", .url = role.endpoint + "/latest/api/token"};
    request.headers = {{"X-aws-ec2-metadata-token-ttl-seconds", "300"}};
    MemorySource nothing("");
    request.body = &nothing;
    const Answer token = ask(*client, context, request, what);
    if (token.status != 200) refuse(token, what, "", kNoRole);
    request = {.method = "GET", .url = role.endpoint + std::string(kRoles)};
    request.headers = {{"X-aws-ec2-metadata-token", token.body}};
    const Answer names = ask(*client, context, request, what);
    const std::string name = names.body.substr(0, names.body.find('\n'));
    if (names.status != 200 || name.empty()) refuse(names, what, "", kNoRole);
    request.url += codec::uri_encode(name, codec::Slash::kEncode);
    return read_instance(ask(*client, context, request, what), what);
  };
}

}  // namespace holdfast::storage
