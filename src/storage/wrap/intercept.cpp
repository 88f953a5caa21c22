#include "storage/wrap/intercept.h"

#include "storage/versions.h"

namespace holdfast::storage {

namespace {

// Calls `work` through the interceptor and hands its result on.
template <typename Work>
auto through(Interceptor& interceptor, std::string_view verb, Effect effect, const ObjectRef& ref,
             Work work) {
  using Result = decltype(work());
  if constexpr (std::is_void_v<Result>) {
    interceptor.around(verb, effect, ref, work);
  } else {
    std::optional<Result> result;
    interceptor.around(verb, effect, ref, [&] { result.emplace(work()); });
    return std::move(*result);
  }
}

class InterceptedBuckets : public BucketStore {
 public:
  InterceptedBuckets(BucketStore& inner, Interceptor& by) : inner_(inner), by_(by) {}
  std::vector<BucketInfo> list(const Context& context) override {
    return through(by_, "buckets.list", Effect::kReads, {}, [&] { return inner_.list(context); });
  }
  void create(const Context& context, const std::string& name) override {
    through(by_, "buckets.create", Effect::kChanges, {name, ""},
            [&] { inner_.create(context, name); });
  }
  void remove(const Context& context, const std::string& name) override {
    through(by_, "buckets.remove", Effect::kChanges, {name, ""},
            [&] { inner_.remove(context, name); });
  }
  BucketInfo info(const Context& context, const std::string& name) override {
    return through(by_, "buckets.info", Effect::kReads, {name, ""},
                   [&] { return inner_.info(context, name); });
  }

 private:
  BucketStore& inner_;
  Interceptor& by_;
};

class InterceptedMultipart : public MultipartStore {
 public:
  InterceptedMultipart(MultipartStore& inner, Interceptor& by) : inner_(inner), by_(by) {}
  std::string create(const Context& context, const ObjectRef& ref, const Attributes& attributes,
                     std::optional<Checksum> kind, const EncryptionRequest& encryption) override {
    return through(by_, "multipart.create", Effect::kChanges, ref,
                   [&] { return inner_.create(context, ref, attributes, kind, encryption); });
  }
  PartInfo put_part(const Context& context, const ObjectRef& ref, const std::string& upload_id,
                    unsigned number, Source& body, const PutRequest& request) override {
    PartInfo part = through(by_, "multipart.put_part", Effect::kChanges, ref, [&] {
      return inner_.put_part(context, ref, upload_id, number, body, request);
    });
    by_.sent(part.size);
    return part;
  }
  PartInfo copy_part(const Context& context, const ObjectRef& ref, const std::string& upload_id,
                     unsigned number, const ObjectRef& source,
                     const CopyPartRequest& request) override {
    return through(by_, "multipart.copy_part", Effect::kChanges, ref, [&] {
      return inner_.copy_part(context, ref, upload_id, number, source, request);
    });
  }
  PutResult complete(const Context& context, const ObjectRef& ref, const std::string& upload_id,
                     const std::vector<CompletedPart>& parts, const Condition& condition) override {
    return through(by_, "multipart.complete", Effect::kChanges, ref,
                   [&] { return inner_.complete(context, ref, upload_id, parts, condition); });
  }
  void abort(const Context& context, const ObjectRef& ref, const std::string& upload_id) override {
    through(by_, "multipart.abort", Effect::kChanges, ref,
            [&] { inner_.abort(context, ref, upload_id); });
  }
  PartPage parts(const Context& context, const ObjectRef& ref, const std::string& upload_id,
                 unsigned after, unsigned limit) override {
    return through(by_, "multipart.parts", Effect::kReads, ref,
                   [&] { return inner_.parts(context, ref, upload_id, after, limit); });
  }
  UploadPage uploads(const Context& context, const UploadListRequest& request) override {
    return through(by_, "multipart.uploads", Effect::kReads, {request.bucket, request.prefix},
                   [&] { return inner_.uploads(context, request); });
  }

 private:
  MultipartStore& inner_;
  Interceptor& by_;
};

class InterceptedVersions : public VersionedStore {
 public:
  InterceptedVersions(VersionedStore& inner, Interceptor& by) : inner_(inner), by_(by) {}
  BucketSettings settings(const Context& context, const std::string& bucket) override {
    return through(by_, "versions.settings", Effect::kReads, {bucket, ""},
                   [&] { return inner_.settings(context, bucket); });
  }
  void change_settings(const Context& context, const std::string& bucket,
                       const std::function<void(BucketSettings&)>& change) override {
    through(by_, "versions.change_settings", Effect::kChanges, {bucket, ""},
            [&] { inner_.change_settings(context, bucket, change); });
  }
  VersionPage list(const Context& context, const VersionListRequest& request) override {
    return through(by_, "versions.list", Effect::kReads, {request.bucket, request.prefix},
                   [&] { return inner_.list(context, request); });
  }
  std::string change_marks(const Context& context, const ObjectRef& ref, bool bypass_governance,
                           const std::function<void(Marks&)>& change) override {
    return through(by_, "versions.change_marks", Effect::kChanges, ref,
                   [&] { return inner_.change_marks(context, ref, bypass_governance, change); });
  }
  void mark_upload(const Context& context, const ObjectRef& ref, const std::string& upload_id,
                   const Marks& marks) override {
    through(by_, "versions.mark_upload", Effect::kChanges, ref,
            [&] { inner_.mark_upload(context, ref, upload_id, marks); });
  }

 private:
  VersionedStore& inner_;
  Interceptor& by_;
};

class InterceptedStorage : public Storage {
 public:
  InterceptedStorage(std::unique_ptr<Storage> inner, std::shared_ptr<Interceptor> by)
      : inner_(std::move(inner)), by_(std::move(by)) {
    if (BucketStore* buckets = inner_->buckets()) buckets_.emplace(*buckets, *by_);
    if (MultipartStore* multipart = inner_->multipart()) multipart_.emplace(*multipart, *by_);
    if (VersionedStore* versions = inner_->versions()) versions_.emplace(*versions, *by_);
  }

  const Capabilities& capabilities() const override { return inner_->capabilities(); }
  PutResult put(const Context& context, const ObjectRef& ref, Source& body,
                const PutRequest& request) override {
    std::uint64_t size = body.size().value_or(0);
    PutResult result = through(*by_, "put", Effect::kChanges, ref,
                               [&] { return inner_->put(context, ref, body, request); });
    by_->sent(size);
    return result;
  }
  std::unique_ptr<Reader> get(const Context& context, const ObjectRef& ref,
                              const GetRequest& request) override {
    return by_->opened(through(*by_, "get", Effect::kReads, ref,
                               [&] { return inner_->get(context, ref, request); }));
  }
  ObjectInfo head(const Context& context, const ObjectRef& ref,
                  const GetRequest& request) override {
    return through(*by_, "head", Effect::kReads, ref,
                   [&] { return inner_->head(context, ref, request); });
  }
  std::vector<RemoveResult> remove(const Context& context, const std::string& bucket,
                                   const std::vector<RemoveTarget>& targets) override {
    ObjectRef first{bucket, targets.empty() ? "" : targets[0].key};
    return through(*by_, "remove", Effect::kChanges, first,
                   [&] { return inner_->remove(context, bucket, targets); });
  }
  ListPage list(const Context& context, const ListRequest& request) override {
    return through(*by_, "list", Effect::kReads, {request.bucket, request.prefix},
                   [&] { return inner_->list(context, request); });
  }
  CopyResult copy(const Context& context, const ObjectRef& source, const ObjectRef& destination,
                  const CopyRequest& request) override {
    return through(*by_, "copy", Effect::kChanges, destination,
                   [&] { return inner_->copy(context, source, destination, request); });
  }
  BucketStore* buckets() override { return buckets_ ? &*buckets_ : nullptr; }
  MultipartStore* multipart() override { return multipart_ ? &*multipart_ : nullptr; }
  VersionedStore* versions() override { return versions_ ? &*versions_ : nullptr; }

 private:
  std::unique_ptr<Storage> inner_;
  std::shared_ptr<Interceptor> by_;
  std::optional<InterceptedBuckets> buckets_;
  std::optional<InterceptedMultipart> multipart_;
  std::optional<InterceptedVersions> versions_;
};

}  // namespace

std::unique_ptr<Storage> intercept(std::unique_ptr<Storage> inner,
                                   std::shared_ptr<Interceptor> interceptor) {
  return std::make_unique<InterceptedStorage>(std::move(inner), std::move(interceptor));
}

}  // namespace holdfast::storage
