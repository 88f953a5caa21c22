#include "storage/azure/azure_storage.h"

#include "base/worker_pool.h"
#include "storage/azure/azure_buckets.h"
#include "storage/azure/azure_copy.h"
#include "storage/azure/azure_label.h"
#include "storage/azure/azure_list.h"
#include "storage/azure/azure_multipart.h"
#include "storage/azure/azure_object.h"

namespace holdfast::storage {

namespace {

constexpr std::size_t kRemovers = 8;

// Whether the error says that nothing at all could be tried, so that it is thrown.
bool concerns_all(const Error& error) {
  return error.kind() == ErrorKind::kUnavailable || error.kind() == ErrorKind::kCancelled ||
         error.kind() == ErrorKind::kDeadlineExceeded || error.kind() == ErrorKind::kFailed ||
         error.code() == kNoSuchBucket;
}

class AzureStorage : public Storage {
 public:
  explicit AzureStorage(const AzureOptions& options)
      : endpoint_(options),
        buckets_(endpoint_),
        multipart_(endpoint_, capabilities_),
        lister_(endpoint_) {}

  const Capabilities& capabilities() const override { return capabilities_; }
  PutResult put(const Context& context, const ObjectRef& ref, Source& body,
                const PutRequest& request) override {
    check_blob_name(ref.key);
    return put_azure_object(endpoint_, context, ref, body, request);
  }
  std::unique_ptr<Reader> get(const Context& context, const ObjectRef& ref,
                              const GetRequest& request) override {
    check_readable(ref);
    return open_azure_reader(endpoint_, context, ref, request);
  }
  ObjectInfo head(const Context& context, const ObjectRef& ref,
                  const GetRequest& request) override {
    check_readable(ref);
    ObjectInfo info = head_azure_object(endpoint_, context, ref, request.condition).info;
    if (request.with_parts) info.part_list = read_part_list(endpoint_, context, ref, info);
    return info;
  }
  std::vector<RemoveResult> remove(const Context& context, const std::string& bucket,
                                   const std::vector<RemoveTarget>& targets) override;
  ListPage list(const Context& context, const ListRequest& request) override {
    return lister_.list(context, request);
  }
  CopyResult copy(const Context& context, const ObjectRef& source, const ObjectRef& destination,
                  const CopyRequest& request) override {
    check_readable(source);
    check_blob_name(destination.key);
    return copy_azure_object(endpoint_, context, source, destination, request);
  }
  BucketStore* buckets() override { return &buckets_; }
  MultipartStore* multipart() override { return &multipart_; }

 private:
  static void check_readable(const ObjectRef& ref);
  std::optional<Error> remove_single(const Context& context, const std::string& bucket,
                                     const RemoveTarget& target);

  const Capabilities capabilities_{
      .name = "azure", .lists_uploads = false, .every_key = false, .late_parts_refused = false};
  AzureEndpoint endpoint_;
  AzureBuckets buckets_;
  AzureMultipart multipart_;
  AzureLister lister_;
};

// What cannot be written is not there. The key must not reach Azure, which would change it.
void AzureStorage::check_readable(const ObjectRef& ref) {
  check_key(ref.key);
  try {
    check_blob_name(ref.key);
  } catch (const InvalidArgument& error) {
    throw NotFound::with_code(kNoSuchKey, ref.text(), error.reason());
  }
}

std::optional<Error> AzureStorage::remove_single(const Context& context, const std::string& bucket,
                                                 const RemoveTarget& target) {
  AzureCall call{.method = "DELETE", .target = {bucket, target.key}, .verb = "remove"};
  call.headers.emplace_back("x-ms-delete-snapshots", "include");
  try {
    check_readable(call.target);
    if (target.etag_is) {
      add_write_condition(endpoint_, context, call, {.etag_is = {*target.etag_is}});
    }
    endpoint_.write_retry().run(
        context, AzureEndpoint::describe(call), [&] { endpoint_.send_for_stamp(context, call); },
        [&] { return !has_condition(call); });
  } catch (const Error& error) {
    if (concerns_all(error)) throw;
    if (error.kind() == ErrorKind::kNotFound) return std::nullopt;
    return error;
  }
  return std::nullopt;
}

std::vector<RemoveResult> AzureStorage::remove(const Context& context, const std::string& bucket,
                                               const std::vector<RemoveTarget>& targets) {
  if (targets.size() > 1000) {
    throw InvalidArgument("remove from " + bucket, "at most 1,000 objects at once");
  }
  std::vector<RemoveResult> results;
  for (const RemoveTarget& target : targets) results.push_back({target.key, std::nullopt});
  if (targets.size() == 1) {
    results[0].error = remove_single(context, bucket, targets[0]);
    return results;
  }
  // Each is a request of its own, so several are under way at once.
  WorkerPool pool(context, kRemovers);
  for (std::size_t i = 0; i < targets.size(); ++i) {
    pool.submit([&, i] { results[i].error = remove_single(pool.context(), bucket, targets[i]); });
  }
  pool.finish();
  return results;
}

}  // namespace

std::unique_ptr<Storage> make_azure_storage(const AzureOptions& options) {
  return std::make_unique<AzureStorage>(options);
}

}  // namespace holdfast::storage
