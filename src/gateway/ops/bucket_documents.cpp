#include "gateway/ops/bucket_documents.h"

#include "base/error.h"
#include "gateway/cors.h"
#include "gateway/encryption.h"
#include "gateway/lifecycle.h"
#include "gateway/marks.h"

namespace holdfast::gateway {

namespace {

constexpr const char* kTaggingDocument = "tagging";
constexpr std::size_t kMostBucketTags = 50;

}  // namespace

http::ServerResponse get_document(Call& call, const char* name, std::string_view absent) {
  call.require_bucket();
  const storage::BucketSettings settings = call.settings();
  auto found = settings.documents.find(name);
  if (found == settings.documents.end()) {
    throw NotFound::with_code(absent, "bucket " + call.target.bucket, "it is not set");
  }
  return xml_response(found->second);
}

http::ServerResponse set_document(Call& call, const char* name, std::string document, int status) {
  call.versions().change_settings(
      call.context, call.target.bucket,
      [&](storage::BucketSettings& settings) { settings.documents[name] = std::move(document); });
  return empty_response(status);
}

http::ServerResponse delete_document(Call& call, const char* name) {
  call.versions().change_settings(
      call.context, call.target.bucket,
      [&](storage::BucketSettings& settings) { settings.documents.erase(name); });
  return empty_response(204);
}

http::ServerResponse get_bucket_lifecycle(Call& call) {
  return get_document(call, kLifecycleDocument, "NoSuchLifecycleConfiguration");
}

http::ServerResponse put_bucket_lifecycle(Call& call) {
  call.versions();
  const auto rules = parse_lifecycle(call.read_xml("LifecycleConfiguration"));
  return set_document(call, kLifecycleDocument, lifecycle_document(rules));
}

http::ServerResponse delete_bucket_lifecycle(Call& call) {
  return delete_document(call, kLifecycleDocument);
}

http::ServerResponse get_bucket_encryption(Call& call) {
  return get_document(call, kEncryptionDocument, "ServerSideEncryptionConfigurationNotFoundError");
}

http::ServerResponse put_bucket_encryption(Call& call) {
  call.versions();
  std::string document = encryption_document(call.read_xml("ServerSideEncryptionConfiguration"));
  if (call.storage.capabilities().encryption.empty()) {
    throw Unsupported::with_code("NotImplemented", "bucket " + call.target.bucket,
                                 "this storage has no key of its own to encrypt with");
  }
  return set_document(call, kEncryptionDocument, std::move(document));
}

http::ServerResponse delete_bucket_encryption(Call& call) {
  return delete_document(call, kEncryptionDocument);
}

http::ServerResponse get_bucket_cors(Call& call) {
  return get_document(call, kCorsDocument, "NoSuchCORSConfiguration");
}

http::ServerResponse put_bucket_cors(Call& call) {
  call.versions();
  const auto rules = parse_cors(call.read_xml("CORSConfiguration"));
  return set_document(call, kCorsDocument, cors_document(rules));
}

http::ServerResponse delete_bucket_cors(Call& call) { return delete_document(call, kCorsDocument); }

http::ServerResponse get_bucket_tagging(Call& call) {
  return get_document(call, kTaggingDocument, "NoSuchTagSet");
}

http::ServerResponse put_bucket_tagging(Call& call) {
  call.versions();
  const Tags tags = tags_of_document(call.read_xml("Tagging"), kMostBucketTags);
  return set_document(call, kTaggingDocument, tagging_document(tags), 204);
}

http::ServerResponse delete_bucket_tagging(Call& call) {
  return delete_document(call, kTaggingDocument);
}

}  // namespace holdfast::gateway
