#include "gateway/encryption.h"

#include <algorithm>

#include "base/error.h"
#include "codec/digest.h"
#include "codec/text.h"
#include "gateway/text.h"

namespace holdfast::gateway {

namespace {

constexpr std::string_view kHeader = "x-amz-server-side-encryption";
constexpr std::string_view kKmsKeyHeader = "x-amz-server-side-encryption-aws-kms-key-id";
constexpr std::string_view kOwnAlgorithm = "AES256";
constexpr std::size_t kKeySize = 32;
constexpr std::size_t kLongestKeyId = 2048;
constexpr std::string_view kWhat = "read the encryption headers";

[[noreturn]] void refuse(std::string_view code, std::string why) {
  throw InvalidArgument::with_code(code, std::string(kWhat), std::move(why));
}

[[noreturn]] void not_offered(std::string why) {
  throw Unsupported::with_code("NotImplemented", std::string(kWhat), std::move(why));
}

// Most requests have none of these headers: one pass tells.
bool any_begins_with(const http::ServerRequest& request, std::string_view prefix) {
  return std::any_of(request.headers.begin(), request.headers.end(), [&](const auto& header) {
    return header.first.size() >= prefix.size() &&
           equal_ignoring_case(std::string_view(header.first).substr(0, prefix.size()), prefix);
  });
}

// Some clients move headers of a link into its query. Keys do not belong into a URL, and an
// encryption that stands there must not be lost.
void refuse_in_query(const Target& target) {
  for (const auto& [name, value] : target.query) {
    const std::string lower = to_lower(name);
    if (lower.starts_with(kHeader) || lower.starts_with("x-amz-copy-source-server-side")) {
      not_offered("an encryption in the query; send " + lower + " as a signed header");
    }
  }
}

std::string_view needed(const http::ServerRequest& request, std::string_view prefix,
                        std::string_view name, std::string_view what) {
  auto value = request.header(std::string(prefix) + std::string(name));
  if (!value) refuse("InvalidArgument", "a customer's key comes with " + std::string(what));
  return trim(*value);
}

bool offers(const Call& call, std::string_view algorithm) {
  const auto& offered = call.storage.capabilities().encryption;
  return std::find(offered.begin(), offered.end(), algorithm) != offered.end();
}

storage::EncryptionRequest named_in(const Call& call) {
  storage::EncryptionRequest out;
  out.customer_key = customer_key_of(call);
  out.algorithm = trim(call.request.header(kHeader).value_or(""));
  out.key_id = trim(call.request.header(kKmsKeyHeader).value_or(""));
  if (!out.customer_key.empty() && call.request.header(kHeader)) {
    refuse("InvalidArgument", "a customer's key excludes " + std::string(kHeader));
  }
  const bool kms = out.algorithm == "aws:kms" || out.algorithm == "aws:kms:dsse";
  if (call.request.header(kHeader) && !kms && out.algorithm != kOwnAlgorithm) {
    refuse("InvalidArgument", "the encryption is neither AES256 nor aws:kms");
  }
  if (call.request.header(kKmsKeyHeader) && (!kms || out.key_id.size() > kLongestKeyId)) {
    refuse("InvalidArgument", "a key id belongs to aws:kms");
  }
  if (!out.algorithm.empty() && !offers(call, out.algorithm)) {
    not_offered(out.algorithm == kOwnAlgorithm
                    ? "this storage has no key of its own to encrypt with"
                    : "this storage has no key management service");
  }
  return out;
}

}  // namespace

Secret parse_customer_key(const http::ServerRequest& request, std::string_view prefix) {
  if (!any_begins_with(request, prefix)) return {};
  const auto algorithm = needed(request, prefix, "algorithm", "a valid encryption algorithm");
  if (algorithm != kOwnAlgorithm) {
    refuse("InvalidEncryptionAlgorithmError", "the one algorithm for a customer's key is AES256");
  }
  const auto text = needed(request, prefix, "key", "an appropriate secret key");
  const auto md5 = needed(request, prefix, "key-md5", "the MD5 of the secret key");
  if (text.size() > 4 * kKeySize) refuse("InvalidArgument", "the secret key is not of 256 bits");
  const Secret key(codec::from_base64(text).value_or(""));
  if (key.reveal().size() != kKeySize) {
    refuse("InvalidArgument", "the secret key is not of 256 bits, in base64");
  }
  const auto digest = codec::digest_of(codec::DigestAlgorithm::kMd5, key.reveal());
  if (codec::from_base64(md5) != digest) {
    refuse("InvalidArgument", "the MD5 of the secret key is not the one that was sent");
  }
  return key;
}

Secret customer_key_of(const Call& call, std::string_view prefix) {
  if (!any_begins_with(call.request, prefix)) return {};
  if (!call.storage.capabilities().customer_keys) {
    not_offered("this storage takes no customer's keys");
  }
  if (!call.request.tls && !call.options.customer_keys_over_http) {
    refuse("InvalidRequest", "a customer's key must come over a secure connection");
  }
  return parse_customer_key(call.request, prefix);
}

Secret only_customer_key_of(const Call& call) {
  refuse_in_query(call.target);
  if (!any_begins_with(call.request, kHeader)) return {};
  for (std::string_view name : {kHeader, kKmsKeyHeader}) {
    if (call.request.header(name)) {
      refuse("InvalidArgument", std::string(name) + " has no meaning for this operation");
    }
  }
  return customer_key_of(call);
}

bool names_encryption(const http::ServerRequest& request) {
  return any_begins_with(request, kHeader);
}

storage::EncryptionRequest encryption_of(const Call& call) {
  refuse_in_query(call.target);
  if (names_encryption(call.request)) return named_in(call);
  auto* versions = call.storage.versions();
  if (!versions) return {};
  const auto documents = versions->settings(call.context, call.target.bucket).documents;
  // Also where the key went since: the storage then refuses, and nothing lies there in the clear.
  if (documents.contains(kEncryptionDocument)) return {.algorithm = std::string(kOwnAlgorithm)};
  return {};
}

storage::Encryption told_of(const storage::EncryptionRequest& encryption) {
  const bool customer = !encryption.customer_key.empty();
  return {customer ? std::string(kOwnAlgorithm) : encryption.algorithm, encryption.key_id,
          customer};
}

void require_customer_key(const storage::ObjectInfo& info, const Secret& key) {
  if (!info.encryption.customer || !key.empty()) return;
  refuse(storage::kKeyMismatch, "the object is encrypted with a customer's key: bring it");
}

void add_encryption_headers(http::ServerResponse& response, const storage::Encryption& encryption,
                            const Secret& key) {
  auto& headers = response.headers;
  if (encryption.customer) {
    headers.emplace_back(std::string(kObjectKey) + "algorithm", kOwnAlgorithm);
    if (key.empty()) return;
    const auto digest = codec::digest_of(codec::DigestAlgorithm::kMd5, key.reveal());
    headers.emplace_back(std::string(kObjectKey) + "key-MD5", codec::to_base64(digest));
    return;
  }
  if (encryption.algorithm.empty()) return;
  headers.emplace_back(kHeader, encryption.algorithm);
  if (!encryption.key_id.empty()) headers.emplace_back(kKmsKeyHeader, encryption.key_id);
}

std::string encryption_document(const codec::XmlElement& configuration) {
  auto malformed = [] { refuse("MalformedXML", "not one rule with one algorithm"); };
  const bool one = configuration.children.size() == 1 && configuration.child("Rule");
  if (!one) malformed();
  const auto* rule = configuration.child("Rule")->child("ApplyServerSideEncryptionByDefault");
  if (!rule) malformed();
  const std::string algorithm(trim(rule->child_text("SSEAlgorithm")));
  if (algorithm.starts_with("aws:kms")) not_offered("this storage has no key management service");
  if (algorithm != kOwnAlgorithm || rule->child("KMSMasterKeyID")) malformed();
  codec::XmlWriter xml("ServerSideEncryptionConfiguration", kNamespace);
  xml.open("Rule").open("ApplyServerSideEncryptionByDefault");
  xml.element("SSEAlgorithm", kOwnAlgorithm).close();
  return xml.element("BucketKeyEnabled", "false").close().finish();
}

}  // namespace holdfast::gateway
