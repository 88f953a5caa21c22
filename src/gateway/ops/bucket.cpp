#include "gateway/ops/bucket.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "codec/text.h"
#include "gateway/attributes.h"
#include "gateway/ops/bucket_ownership.h"
#include "gateway/text.h"

namespace holdfast::gateway {

namespace {

// What a bucket without a setting answers: an error code, or an empty document of that root.
struct Setting {
  std::string_view query, code, root;
};
constexpr std::array kSettings = {
    Setting{"accelerate", "", "AccelerateConfiguration"},
    Setting{"logging", "", "BucketLoggingStatus"},
    Setting{"notification", "", "NotificationConfiguration"},
    Setting{"policy", "NoSuchBucketPolicy", ""},
    Setting{"replication", "ReplicationConfigurationNotFoundError", ""},
    Setting{"requestPayment", "", "RequestPaymentConfiguration"},
    Setting{"website", "NoSuchWebsiteConfiguration", ""},
};

constexpr unsigned kMostBuckets = 10'000;

std::string bucket_token(const Target& target) {
  auto token = target.parameter("continuation-token");
  if (!token || token->empty()) return "";
  auto name = codec::from_base64(*token);
  if (!name) {
    throw InvalidArgument::with_code("InvalidArgument", "list buckets",
                                     "the continuation token is not one of ours");
  }
  return *name;
}

// What S3 refuses in new names beyond what check_bucket_name() does: these buckets may be there, on
// a storage that somebody else made them on.
void check_new_name(const std::string& name) {
  const bool is_address = std::count(name.begin(), name.end(), '.') == 3 &&
                          std::all_of(name.begin(), name.end(),
                                      [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
  if (is_address || name.find("-.") != std::string::npos || name.starts_with("xn--") ||
      name.ends_with("-s3alias")) {
    throw InvalidArgument::with_code(storage::kInvalidBucketName, "create bucket " + name,
                                     "the name is one that S3 does not allow");
  }
}

}  // namespace

http::ServerResponse list_buckets(Call& call) {
  const std::string prefix(call.target.parameter("prefix").value_or(""));
  const std::string after = bucket_token(call.target);
  const unsigned most = number_parameter(call.target, "max-buckets", 1, kMostBuckets, kMostBuckets);
  codec::XmlWriter xml("ListAllMyBucketsResult", kNamespace);
  xml.open("Owner").element("ID", kOwner).element("DisplayName", kOwner).close();
  xml.open("Buckets");
  unsigned shown = 0;
  std::string last, next;
  for (const storage::BucketInfo& bucket : call.buckets().list(call.context)) {
    if (!call.permissions.sees_bucket(bucket.name) || !bucket.name.starts_with(prefix)) continue;
    if (!after.empty() && bucket.name <= after) continue;
    if (shown == most) {
      next = last;
      break;
    }
    ++shown;
    last = bucket.name;
    xml.open("Bucket").element("Name", bucket.name);
    xml.element("CreationDate", format_iso_millis(bucket.created)).close();
  }
  xml.close();
  if (!prefix.empty()) xml.element("Prefix", prefix);
  if (!next.empty()) xml.element("ContinuationToken", codec::to_base64(next));
  return xml_response(xml.finish());
}

http::ServerResponse create_bucket(Call& call) {
  check_new_name(call.target.bucket);
  refuse_foreign_access_lists(call.request);
  check_ownership_header(call.request);
  auto lock = call.request.header("x-amz-bucket-object-lock-enabled");
  const bool locked = lock && equal_ignoring_case(trim(*lock), "true");
  if (locked) call.versions();
  // Any location will do: there is only this one. The document is read because its digest and its
  // shape are part of what the client asks for.
  if (call.request.content_length.value_or(0) > 0) call.read_xml("CreateBucketConfiguration");
  call.buckets().create(call.context, call.target.bucket);
  if (locked) {
    call.versions().change_settings(call.context, call.target.bucket,
                                    [](storage::BucketSettings& settings) {
                                      settings.versioning = storage::Versioning::kEnabled;
                                      settings.lock = true;
                                    });
  }
  http::ServerResponse response = empty_response(200);
  response.headers.emplace_back("Location", "/" + call.target.bucket);
  return response;
}

http::ServerResponse head_bucket(Call& call) {
  call.require_bucket();
  http::ServerResponse response = empty_response(200);
  response.head_only = true;
  response.headers.emplace_back("x-amz-bucket-region", call.options.region);
  return response;
}

http::ServerResponse delete_bucket(Call& call) {
  call.buckets().remove(call.context, call.target.bucket);
  return empty_response(204);
}

http::ServerResponse get_bucket_location(Call& call) {
  call.require_bucket();
  // The first region has no name in this answer, by a rule older than the others.
  const std::string& region = call.options.region;
  std::string document = R"(<?xml version="1.0" encoding="UTF-8"?>)";
  document += "<LocationConstraint xmlns=\"" + std::string(kNamespace) + "\">";
  document += region == "us-east-1" ? "" : codec::xml_escape(region);
  return xml_response(document + "</LocationConstraint>");
}

std::string owner_access_document() {
  const std::string owner(kOwner);
  // By hand: AWS SDK v1 fails without the attribute xsi:type.
  return R"(<?xml version="1.0" encoding="UTF-8"?><AccessControlPolicy xmlns=")" +
         std::string(kNamespace) + R"("><Owner><ID>)" + owner + "</ID><DisplayName>" + owner +
         "</DisplayName></Owner><AccessControlList><Grant>"
         R"(<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser">)"
         "<ID>" +
         owner + "</ID><DisplayName>" + owner +
         "</DisplayName></Grantee><Permission>FULL_CONTROL</Permission>"
         "</Grant></AccessControlList></AccessControlPolicy>";
}

http::ServerResponse get_bucket_acl(Call& call) {
  call.require_bucket();
  return xml_response(owner_access_document());
}

http::ServerResponse get_bucket_setting(Call& call) {
  call.require_bucket();
  for (const Setting& setting : kSettings) {
    if (!call.target.has(setting.query)) continue;
    if (!setting.code.empty()) {
      throw NotFound::with_code(setting.code, "bucket " + call.target.bucket, "it is not set");
    }
    codec::XmlWriter xml(setting.root, kNamespace);
    if (setting.query == "requestPayment") xml.element("Payer", "BucketOwner");
    return xml_response(xml.finish());
  }
  throw Unsupported::with_code("NotImplemented", "bucket " + call.target.bucket,
                               "there is no such setting");
}

}  // namespace holdfast::gateway
