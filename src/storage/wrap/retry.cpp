#include <algorithm>
#include <fmt/format.h>

#include "storage/retry_policy.h"
#include "storage/wrap/held_body.h"
#include "storage/wrap/wrap.h"

namespace holdfast::storage {

namespace {

// Goes on at its position after a broken connection, with the very revision that it began with.
class ResumingReader : public Reader {
 public:
  ResumingReader(Storage& storage, const RetryPolicy& policy, Context context, ObjectRef ref,
                 const GetRequest& request, std::unique_ptr<Reader> first)
      : storage_(storage),
        policy_(policy),
        context_(std::move(context)),
        ref_(std::move(ref)),
        customer_key_(request.customer_key),
        for_etag_(request.for_etag),
        info_(first->info()),
        offset_(first->offset()),
        length_(first->length()),
        reader_(std::move(first)) {}

  const ObjectInfo& info() const override { return info_; }
  std::uint64_t offset() const override { return offset_; }
  std::uint64_t length() const override { return length_; }
  std::optional<std::uint64_t> size() const override { return length_ - done_; }
  std::optional<FileRegion> file_region() override {
    return reader_ ? reader_->file_region() : std::nullopt;
  }

  std::size_t read(std::span<char> into) override {
    std::size_t count = policy_.run(context_, "read " + ref_.text(), [&] {
      if (!reader_) reopen();
      try {
        return reader_->read(into);
      } catch (const Unavailable&) {
        reader_.reset();
        throw;
      }
    });
    done_ += count;
    return count;
  }

 private:
  void reopen() {
    GetRequest request;
    request.range = Range{offset_ + done_, offset_ + length_ - 1, std::nullopt};
    request.condition.revision_is = info_.revision;
    request.customer_key = customer_key_;
    request.for_etag = for_etag_;
    if (done_ == length_) throw Failed("read " + ref_.text(), "the end broke off");
    reader_ = storage_.get(context_, ref_, request);
  }

  Storage& storage_;
  const RetryPolicy& policy_;
  Context context_;
  ObjectRef ref_;
  Secret customer_key_;
  bool for_etag_;
  ObjectInfo info_;
  std::uint64_t offset_, length_, done_ = 0;
  std::unique_ptr<Reader> reader_;
};

class RetryBuckets : public BucketStore {
 public:
  RetryBuckets(BucketStore& inner, const RetryPolicy& policy) : inner_(inner), policy_(policy) {}
  std::vector<BucketInfo> list(const Context& context) override {
    return policy_.run(context, "list buckets", [&] { return inner_.list(context); });
  }
  // A second try would be told that the bucket is there, or is gone, by the first one's doing.
  void create(const Context& context, const std::string& name) override {
    inner_.create(context, name);
  }
  void remove(const Context& context, const std::string& name) override {
    inner_.remove(context, name);
  }
  BucketInfo info(const Context& context, const std::string& name) override {
    return policy_.run(context, "look at bucket " + name,
                       [&] { return inner_.info(context, name); });
  }

 private:
  BucketStore& inner_;
  const RetryPolicy& policy_;
};

class RetryMultipart : public MultipartStore {
 public:
  RetryMultipart(MultipartStore& inner, const RetryPolicy& policy, HeldMemory* memory)
      : inner_(inner), policy_(policy), memory_(memory) {}
  std::string create(const Context& context, const ObjectRef& ref, const Attributes& attributes,
                     std::optional<Checksum> kind, const EncryptionRequest& encryption) override {
    // A repetition may leave an upload that nobody finishes; the storage's clean-up takes those.
    return policy_.run(context, "start upload " + ref.text(),
                       [&] { return inner_.create(context, ref, attributes, kind, encryption); });
  }
  PartInfo put_part(const Context& context, const ObjectRef& ref, const std::string& upload_id,
                    unsigned number, Source& body, const PutRequest& request) override {
    HeldBody held(memory_, ref, body, request);
    return policy_.run(
        context, fmt::format("put part {} of {}", number, ref.text()),
        [&] {
          return inner_.put_part(context, ref, upload_id, number, held.body(), held.request());
        },
        [&] { return held.body().rewind(); });
  }
  PartInfo copy_part(const Context& context, const ObjectRef& ref, const std::string& upload_id,
                     unsigned number, const ObjectRef& source,
                     const CopyPartRequest& request) override {
    return policy_.run(context, fmt::format("copy part {} of {}", number, ref.text()), [&] {
      return inner_.copy_part(context, ref, upload_id, number, source, request);
    });
  }
  PutResult complete(const Context& context, const ObjectRef& ref, const std::string& upload_id,
                     const std::vector<CompletedPart>& parts, const Condition& condition) override {
    return inner_.complete(context, ref, upload_id, parts, condition);
  }
  void abort(const Context& context, const ObjectRef& ref, const std::string& upload_id) override {
    policy_.run(context, "abort upload " + ref.text(),
                [&] { inner_.abort(context, ref, upload_id); });
  }
  PartPage parts(const Context& context, const ObjectRef& ref, const std::string& upload_id,
                 unsigned after, unsigned limit) override {
    return policy_.run(context, "list parts of " + ref.text(),
                       [&] { return inner_.parts(context, ref, upload_id, after, limit); });
  }
  UploadPage uploads(const Context& context, const UploadListRequest& request) override {
    return policy_.run(context, "list uploads of " + request.bucket,
                       [&] { return inner_.uploads(context, request); });
  }

 private:
  MultipartStore& inner_;
  const RetryPolicy& policy_;
  HeldMemory* const memory_;
};

class RetryStorage : public Storage {
 public:
  RetryStorage(std::unique_ptr<Storage> inner, RetryOptions options, std::size_t held_bytes)
      : inner_(std::move(inner)), policy_(options) {
    if (held_bytes > 0) memory_.emplace(held_bytes);
    if (BucketStore* buckets = inner_->buckets()) buckets_.emplace(*buckets, policy_);
    MultipartStore* multipart = inner_->multipart();
    if (multipart && options.writes) multipart_.emplace(*multipart, policy_, memory());
  }

  const Capabilities& capabilities() const override { return inner_->capabilities(); }
  PutResult put(const Context& context, const ObjectRef& ref, Source& body,
                const PutRequest& request) override {
    // The first try of a conditional write may have arrived: a second one would answer for it
    // wrongly.
    bool repeatable = request.condition.empty() && policy_.options().writes;
    HeldBody held(repeatable ? memory() : nullptr, ref, body, request);
    return policy_.run(
        context, "put " + ref.text(),
        [&] { return inner_->put(context, ref, held.body(), held.request()); },
        [&] { return repeatable && held.body().rewind(); });
  }
  std::unique_ptr<Reader> get(const Context& context, const ObjectRef& ref,
                              const GetRequest& request) override {
    auto reader = policy_.run(context, "get " + ref.text(),
                              [&] { return inner_->get(context, ref, request); });
    return std::make_unique<ResumingReader>(*inner_, policy_, context, ref, request,
                                            std::move(reader));
  }
  ObjectInfo head(const Context& context, const ObjectRef& ref,
                  const GetRequest& request) override {
    return policy_.run(context, "head " + ref.text(),
                       [&] { return inner_->head(context, ref, request); });
  }
  std::vector<RemoveResult> remove(const Context& context, const std::string& bucket,
                                   const std::vector<RemoveTarget>& targets) override {
    bool repeatable = policy_.options().writes &&
                      std::none_of(targets.begin(), targets.end(), [](const RemoveTarget& target) {
                        return target.etag_is.has_value() || target.version.has_value();
                      });
    return policy_.run(
        context, fmt::format("remove {} objects of {}", targets.size(), bucket),
        [&] { return inner_->remove(context, bucket, targets); }, [&] { return repeatable; });
  }
  ListPage list(const Context& context, const ListRequest& request) override {
    return policy_.run(context, "list " + request.bucket + "/" + request.prefix,
                       [&] { return inner_->list(context, request); });
  }
  CopyResult copy(const Context& context, const ObjectRef& source, const ObjectRef& destination,
                  const CopyRequest& request) override {
    bool repeatable = request.condition.empty() && policy_.options().writes;
    return policy_.run(
        context, "copy to " + destination.text(),
        [&] { return inner_->copy(context, source, destination, request); },
        [&] { return repeatable; });
  }
  BucketStore* buckets() override { return buckets_ ? &*buckets_ : nullptr; }
  MultipartStore* multipart() override { return multipart_ ? &*multipart_ : inner_->multipart(); }
  // Its changes are not repeated: they are steps of a caller who looks again.
  VersionedStore* versions() override { return inner_->versions(); }

 private:
  HeldMemory* memory() { return memory_ ? &*memory_ : nullptr; }

  std::unique_ptr<Storage> inner_;
  RetryPolicy policy_;
  std::optional<HeldMemory> memory_;
  std::optional<RetryBuckets> buckets_;
  std::optional<RetryMultipart> multipart_;
};

}  // namespace

std::unique_ptr<Storage> with_retry(std::unique_ptr<Storage> inner, RetryOptions options,
                                    std::size_t held_bytes) {
  return std::make_unique<RetryStorage>(std::move(inner), options, held_bytes);
}

}  // namespace holdfast::storage
