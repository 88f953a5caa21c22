#include "gateway/ops/form_upload.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "codec/form_data.h"
#include "gateway/attributes.h"
#include "gateway/auth/access_rules.h"
#include "gateway/call.h"
#include "gateway/checksums.h"
#include "gateway/encryption.h"
#include "gateway/form_policy.h"
#include "gateway/marks.h"
#include "gateway/text.h"
#include "gateway/write_gate.h"

namespace holdfast::gateway {

namespace {

constexpr std::size_t kMostFieldBytes = 20 * 1024;
constexpr std::string_view kFileNameMark = "${filename}";

[[noreturn]] void refuse(std::string why) {
  throw InvalidArgument::with_code("InvalidArgument", "read the form", std::move(why));
}

const std::string* find_field(const FormFields& fields, std::string_view name) {
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [&](const auto& field) { return field.first == name; });
  return found == fields.end() ? nullptr : &found->second;
}

const std::string& need_field(const FormFields& fields, std::string_view name) {
  const std::string* value = find_field(fields, name);
  if (!value) refuse("it has no field " + std::string(name));
  return *value;
}

// Of two fields of one name the policy could mean the one and the object get the other.
void refuse_repeated(const FormFields& fields) {
  std::set<std::string_view> names;
  for (const auto& [name, value] : fields) {
    if (!names.insert(name).second) refuse("field " + name + " is there twice");
  }
}

// AKID/date/region/s3/aws4_request
codec::Scope scope_of(std::string_view credential, std::string& access_key) {
  std::vector<std::string> pieces(1);
  for (char c : credential) {
    if (c == '/') {
      pieces.emplace_back();
    } else {
      pieces.back() += c;
    }
  }
  if (pieces.size() != 5 || pieces[3] != "s3" || pieces[4] != "aws4_request") {
    refuse("x-amz-credential is not of the form KEY/DATE/REGION/s3/aws4_request");
  }
  access_key = pieces[0];
  return {pieces[1], pieces[2], pieces[3]};
}

Identity authenticate(const Authenticator& authenticator, const FormFields& fields) {
  const std::string* policy = find_field(fields, "policy");
  if (!policy) {
    throw AccessDenied::with_code("AccessDenied", "authenticate the form",
                                  "it has no policy, so nobody signed it");
  }
  PolicySignature signature{.policy = *policy};
  if (find_field(fields, "x-amz-algorithm")) {
    if (need_field(fields, "x-amz-algorithm") != "AWS4-HMAC-SHA256") {
      refuse("x-amz-algorithm is not AWS4-HMAC-SHA256");
    }
    signature.scope = scope_of(need_field(fields, "x-amz-credential"), signature.access_key);
    signature.signature = need_field(fields, "x-amz-signature");
    if (!need_field(fields, "x-amz-date").starts_with(signature.scope->date)) {
      refuse("x-amz-date is another day than x-amz-credential says");
    }
  } else {
    signature.access_key = need_field(fields, "awsaccesskeyid");
    signature.signature = need_field(fields, "signature");
  }
  return authenticator.authenticate_policy(signature);
}

// x-amz-tagging holds as a header what the field `tagging` says as a document.
std::string tagging_header(const std::string& document) {
  const codec::XmlElement tagging = codec::parse_xml(document);
  if (tagging.name != "Tagging") {
    throw InvalidArgument::with_code("MalformedXML", "read the form", "tagging is no Tagging");
  }
  codec::QueryParameters pairs;
  for (auto& [name, value] : tags_of_document(tagging)) pairs.emplace_back(name, value);
  return codec::build_query(pairs);
}

bool is_of_signature(std::string_view name) {
  return name == "x-amz-algorithm" || name == "x-amz-credential" || name == "x-amz-date" ||
         name == "x-amz-signature" || name == "x-amz-security-token";
}

constexpr std::array<std::string_view, 6> kObjectFields = {
    "cache-control",    "content-type",     "content-disposition",
    "content-encoding", "content-language", "expires"};

// The request that would put the same object.
http::ServerRequest as_put(const http::ServerRequest& request, const FormFields& fields) {
  http::ServerRequest put;
  put.method = "PUT";
  put.target = request.target;
  put.peer = request.peer;
  put.tls = request.tls;
  for (const auto& [name, value] : fields) {
    // Its bytes would lie in the clear.
    if (name.starts_with("x-amz-server-side-encryption") || name == "content-md5") {
      throw Unsupported::with_code("NotImplemented", "read the form",
                                   "field " + name + " asks for what is not offered in forms");
    }
    std::string header;
    if (name == "acl") header = "x-amz-acl";
    if (name == "tagging") header = "x-amz-tagging";
    if (std::find(kObjectFields.begin(), kObjectFields.end(), name) != kObjectFields.end() ||
        (name.starts_with("x-amz-") && !is_of_signature(name))) {
      header = name;
    }
    if (header.empty()) continue;
    std::string text = name == "tagging" ? tagging_header(value) : value;
    if (!is_header_value(text)) refuse("field " + name + " holds a control character");
    put.headers.emplace_back(std::move(header), std::move(text));
  }
  return put;
}

// The file, checked against the policy's limits and the checksum that a field promises. Throws
// before the last bytes are handed out where the size is known, else at the end.
class FormFile : public Source {
 public:
  FormFile(codec::FormData& form, FileLimits limits, std::optional<storage::Checksum> checksum)
      : form_(form), limits_(limits), checksum_(std::move(checksum)) {
    if (checksum_) digest_.emplace(checksum_->algorithm);
  }

  std::size_t read(std::span<char> into) override {
    const std::size_t got = form_.read(into);
    read_ += got;
    if (read_ > limits_.most) {
      throw InvalidArgument::with_code(storage::kEntityTooLarge, "read the form's file",
                                       "it is larger than allowed");
    }
    if (digest_) digest_->update({into.data(), got});
    if (!checked_ && (form_.size() == 0u || (got == 0 && !into.empty()))) finish();
    return got;
  }
  std::optional<std::uint64_t> size() const override { return form_.size(); }

 private:
  void finish() {
    checked_ = true;
    if (read_ < limits_.least) {
      throw InvalidArgument::with_code(storage::kEntityTooSmall, "read the form's file",
                                       "it is smaller than allowed");
    }
    if (digest_ && digest_->finish() != checksum_->value) {
      throw InvalidArgument::with_code(
          storage::kBadDigest, "read the form's file",
          "its checksum is not that of " + checksum_header(checksum_->algorithm));
    }
  }

  codec::FormData& form_;
  const FileLimits limits_;
  std::optional<storage::Checksum> checksum_;
  std::optional<codec::Digest> digest_;
  std::uint64_t read_ = 0;
  bool checked_ = false;
};

storage::PutResult put_file(Call& call, codec::FormData& form, FileLimits limits) {
  refuse_unoffered_headers(call.request);
  storage::PutRequest put{.attributes = attributes_of(call.request),
                          .marks = marks_of_request(call)};
  // Sealing needs the size beforehand, which a form does not tell.
  if (!encryption_of(call).empty()) {
    throw Unsupported::with_code("NotImplemented", "read the form",
                                 "its bucket encrypts by default: put the object instead");
  }
  const auto checksum = checksum_of_headers(call.request);
  if (checksum && checksum->composite) refuse("a composite checksum is of a multipart upload only");
  put.attributes.checksum = checksum;
  limits.most = std::min(limits.most, call.storage.capabilities().max_put_size);
  FormFile file(form, limits, checksum);
  WriteGate gate(call, call.ref());
  put.condition = gate.condition();
  storage::PutResult result;
  gate.run([&] { result = call.storage.put(call.context, call.ref(), file, put); });
  return result;
}

std::string location_of(const Call& call, const http::ServerRequest& request) {
  const std::string host(request.header("host").value_or(""));
  return (request.tls ? "https://" : "http://") + host + "/" + call.target.bucket + "/" +
         codec::uri_encode(call.target.key, codec::Slash::kKeep);
}

http::ServerResponse created_document(const Call& call, const std::string& etag,
                                      const std::string& location) {
  codec::XmlWriter xml("PostResponse", "");
  xml.element("Location", location).element("Bucket", call.target.bucket);
  xml.element("Key", call.target.key).element("ETag", quote_etag(etag));
  http::ServerResponse response = xml_response(xml.finish());
  response.status = 201;
  return response;
}

// Where the form sends the browser next; nullopt unless it is a plain address.
std::optional<std::string> redirect_of(const Call& call, const FormFields& fields,
                                       const std::string& etag) {
  const std::string* url = find_field(fields, "success_action_redirect");
  if (!url) url = find_field(fields, "redirect");
  if (!url || !is_header_value(*url)) return std::nullopt;
  if (!url->starts_with("http://") && !url->starts_with("https://")) return std::nullopt;
  const codec::QueryParameters told = {
      {"bucket", call.target.bucket}, {"key", call.target.key}, {"etag", quote_etag(etag)}};
  return *url + (url->find('?') == std::string::npos ? "?" : "&") + codec::build_query(told);
}

http::ServerResponse success(const Call& call, const http::ServerRequest& request,
                             const FormFields& fields, const storage::PutResult& result) {
  const std::string location = location_of(call, request);
  const auto redirect = redirect_of(call, fields, result.etag);
  const std::string* wanted = find_field(fields, "success_action_status");
  http::ServerResponse response;
  if (redirect) {
    response = empty_response(303);
  } else if (wanted && *wanted == "201") {
    response = created_document(call, result.etag, location);
  } else {
    response = empty_response(wanted && *wanted == "200" ? 200 : 204);
  }
  response.headers.emplace_back("Location", redirect ? *redirect : location);
  response.headers.emplace_back("ETag", quote_etag(result.etag));
  add_version_id(response, result.version);
  return response;
}

}  // namespace

bool is_form_upload(const http::ServerRequest& request, const Target& target) {
  if (request.method != "POST" || target.resource != Resource::kBucket || !target.query.empty()) {
    return false;
  }
  const auto type = request.header("content-type");
  return type && to_lower(trim(*type)).starts_with("multipart/form-data");
}

http::ServerResponse post_form(const Context& context, const GatewayOptions& options,
                               storage::Storage& storage, const Authenticator& authenticator,
                               http::ServerRequest& request, Target& target,
                               const std::string& request_id) {
  if (!request.content_length) {
    throw InvalidArgument::with_code("MissingContentLength", "read the form",
                                     "content-length is missing");
  }
  const auto boundary = codec::form_boundary(*request.header("content-type"));
  codec::FormData form(*request.body, boundary.value_or(""), kMostFieldBytes);
  FormFields fields = form.fields();
  refuse_repeated(fields);
  std::string key = need_field(fields, "key");
  if (const std::size_t mark = key.find(kFileNameMark); mark != std::string::npos) {
    key.replace(mark, kFileNameMark.size(), form.file_name());
    std::find_if(fields.begin(), fields.end(), [](const auto& field) {
      return field.first == "key";
    })->second = key;
  }
  const Identity identity = authenticate(authenticator, fields);
  const auto policy = codec::from_base64(need_field(fields, "policy"));
  if (!policy) {
    throw InvalidArgument::with_code("InvalidPolicyDocument", "read the form",
                                     "the policy is not base64");
  }
  if (const std::string* named = find_field(fields, "bucket"); named && *named != target.bucket) {
    refuse("the form is for another bucket");
  }
  if (!find_field(fields, "bucket")) fields.emplace_back("bucket", target.bucket);
  const FileLimits limits = check_policy(*policy, fields, context.clock().now());
  storage::check_key(key);
  target.key = key;
  target.resource = Resource::kObject;
  http::ServerRequest put = as_put(request, fields);
  Call call{context,
            options,
            storage,
            put,
            target,
            identity,
            Permissions(*identity.key, options.catalog_prefix),
            request_id};
  require_access(call, "PutObject");
  const storage::PutResult result = put_file(call, form, limits);
  return success(call, request, fields, result);
}

}  // namespace holdfast::gateway
