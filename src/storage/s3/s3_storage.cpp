#include "storage/s3/s3_storage.h"

#include <map>

#include "codec/text.h"
#include "storage/s3/s3_buckets.h"
#include "storage/s3/s3_copy.h"
#include "storage/s3/s3_errors.h"
#include "storage/s3/s3_headers.h"
#include "storage/s3/s3_list.h"
#include "storage/s3/s3_multipart.h"
#include "storage/s3/s3_named_buckets.h"
#include "storage/s3/s3_payload.h"
#include "storage/s3/s3_reader.h"

namespace holdfast::storage {

namespace {

constexpr std::size_t kMostTargets = 1000;

// XML 1.0 has no way to write most control characters and two others: such keys are removed one by
// one. Keys are UTF-8, which check_key() has seen to.
bool fits_into_xml(std::string_view key) {
  for (char c : key) {
    if (c >= 0 && c < ' ' && c != '\t' && c != '\n' && c != '\r') return false;
  }
  return key.find("\xef\xbf\xbe") == std::string_view::npos &&
         key.find("\xef\xbf\xbf") == std::string_view::npos;
}

// Whether the error says that nothing at all could be tried, so that it is thrown.
bool concerns_all(const Error& error) {
  return error.kind() == ErrorKind::kUnavailable || error.kind() == ErrorKind::kCancelled ||
         error.kind() == ErrorKind::kDeadlineExceeded || error.kind() == ErrorKind::kFailed ||
         error.code() == kNoSuchBucket;
}

class S3Storage : public Storage {
 public:
  explicit S3Storage(const S3Options& options)
      : endpoint_(options), buckets_(endpoint_), multipart_(endpoint_) {}

  const Capabilities& capabilities() const override { return capabilities_; }
  PutResult put(const Context& context, const ObjectRef& ref, Source& body,
                const PutRequest& request) override;
  std::unique_ptr<Reader> get(const Context& context, const ObjectRef& ref,
                              const GetRequest& request) override {
    check_key(ref.key);
    return open_s3_reader(endpoint_, context, ref, request);
  }
  ObjectInfo head(const Context& context, const ObjectRef& ref,
                  const GetRequest& request) override {
    check_key(ref.key);
    return head_s3_object(endpoint_, context, ref, request);
  }
  std::vector<RemoveResult> remove(const Context& context, const std::string& bucket,
                                   const std::vector<RemoveTarget>& targets) override;
  ListPage list(const Context& context, const ListRequest& request) override {
    return list_s3_objects(endpoint_, context, request);
  }
  CopyResult copy(const Context& context, const ObjectRef& source, const ObjectRef& destination,
                  const CopyRequest& request) override {
    check_key(source.key);
    check_key(destination.key);
    return copy_s3_object(endpoint_, multipart_, context, source, destination, request);
  }
  BucketStore* buckets() override {
    if (endpoint_.options().named_buckets.empty()) return &buckets_;
    return &named_buckets_;
  }
  MultipartStore* multipart() override { return &multipart_; }

 private:
  std::optional<Error> remove_single(const Context& context, const std::string& bucket,
                                     const RemoveTarget& target);
  void remove_bulk(const Context& context, const std::string& bucket,
                   const std::vector<RemoveTarget>& targets, std::vector<RemoveResult>& results);

  S3Endpoint endpoint_;
  S3Buckets buckets_;
  S3NamedBuckets named_buckets_{buckets_, endpoint_.options().named_buckets};
  S3Multipart multipart_;
  const Capabilities capabilities_{.name = "s3",
                                   .compares_md5 = false,
                                   .judges_whole = true,
                                   .unique_revisions = false,
                                   .keeps_part_checksums = false,
                                   .customer_keys = true,
                                   .encryption = {"AES256", "aws:kms", "aws:kms:dsse"}};
};

PutResult S3Storage::put(const Context& context, const ObjectRef& ref, Source& body,
                         const PutRequest& request) {
  check_key(ref.key);
  S3Call call{.method = "PUT", .target = ref, .verb = "put"};
  call.conditional_write = needs_object(request.condition);
  add_attributes(call.headers, request.attributes);
  add_write_conditions(call.headers, request.condition);
  call.encrypt(request.encryption);
  S3Payload payload = choose_payload(body, request, ref);
  payload.mark_encoding(call.headers);
  return within(context, endpoint_.options().request_timeout, S3Endpoint::describe(call),
                [&](const Context& shorter) {
                  auto exchange = endpoint_.send(shorter, call, &payload);
                  std::string etag = unquoted(exchange->header("etag").value_or(""));
                  Encryption encryption = read_encryption(*exchange);
                  read_all(*exchange, 1 << 16);
                  if (etag.empty()) {
                    throw Failed(S3Endpoint::describe(call), "the storage's answer has no ETag",
                                 "check that the endpoint speaks the S3 protocol");
                  }
                  return PutResult{
                      .etag = etag, .revision = etag, .encryption = std::move(encryption)};
                });
}

std::optional<Error> S3Storage::remove_single(const Context& context, const std::string& bucket,
                                              const RemoveTarget& target) {
  S3Call call{.method = "DELETE", .target = {bucket, target.key}, .verb = "remove"};
  if (target.etag_is) call.headers.emplace_back("if-match", quote_etag(*target.etag_is));
  try {
    check_key(target.key);
    endpoint_.send_for_nothing(context, call);
  } catch (const Error& error) {
    if (concerns_all(error)) throw;
    if (error.kind() == ErrorKind::kNotFound) return std::nullopt;
    return error;
  }
  return std::nullopt;
}

void S3Storage::remove_bulk(const Context& context, const std::string& bucket,
                            const std::vector<RemoveTarget>& targets,
                            std::vector<RemoveResult>& results) {
  codec::XmlWriter xml("Delete", "http://s3.amazonaws.com/doc/2006-03-01/");
  for (const RemoveTarget& target : targets) {
    xml.open("Object").element("Key", target.key).close();
  }
  std::string body = xml.element("Quiet", "true").finish();
  S3Call call{
      .method = "POST", .target = {bucket, ""}, .verb = "remove in", .query = {{"delete", ""}}};
  codec::XmlElement root = endpoint_.send_for_xml(context, call, "DeleteResult", &body);
  std::map<std::string, const codec::XmlElement*> failed;
  for (const codec::XmlElement& element : root.children) {
    if (element.name == "Error") failed[element.child_text("Key")] = &element;
  }
  for (RemoveResult& result : results) {
    auto found = failed.find(result.key);
    if (found == failed.end()) continue;
    S3Fault fault = read_fault(500, *found->second);
    fault.key_section = endpoint_.options().key_section;
    Error error = to_error(fault, "remove " + bucket + "/" + result.key);
    if (error.kind() != ErrorKind::kNotFound) result.error = error;
  }
}

std::vector<RemoveResult> S3Storage::remove(const Context& context, const std::string& bucket,
                                            const std::vector<RemoveTarget>& targets) {
  if (targets.size() > kMostTargets) {
    throw InvalidArgument("remove in " + bucket, "more than 1,000 objects at once");
  }
  std::vector<RemoveResult> results;
  std::vector<RemoveTarget> together;
  for (const RemoveTarget& target : targets) {
    results.push_back({target.key, std::nullopt});
    bool plain = !target.etag_is && !target.key.empty() && fits_into_xml(target.key);
    if (plain && targets.size() > 1) together.push_back(target);
  }
  if (!together.empty()) remove_bulk(context, bucket, together, results);
  for (std::size_t i = 0; i < targets.size(); ++i) {
    bool alone = targets.size() == 1 || targets[i].etag_is || targets[i].key.empty() ||
                 !fits_into_xml(targets[i].key);
    if (alone) results[i].error = remove_single(context, bucket, targets[i]);
  }
  return results;
}

}  // namespace

std::unique_ptr<Storage> make_s3_storage(const S3Options& options) {
  return std::make_unique<S3Storage>(options);
}

}  // namespace holdfast::storage
