#include "storage/s3/s3_etags.h"

#include "storage/s3/s3_etag_memory.h"

namespace holdfast::storage {

std::string shown_etag(const std::string& upstream, bool is_md5) {
  const bool has_dash = upstream.find('-') != std::string::npos;
  return (!is_md5 && !has_dash) || upstream.ends_with("-0") ? upstream + "-0" : upstream;
}

std::string upstream_etag(const std::string& shown) {
  return shown.ends_with("-0") ? shown.substr(0, shown.size() - 2) : shown;
}

namespace {

Condition upstream_condition(Condition condition) {
  for (std::string& etag : condition.etag_is) etag = upstream_etag(etag);
  for (std::string& etag : condition.etag_is_not) etag = upstream_etag(etag);
  return condition;
}

GetRequest upstream_request(GetRequest request) {
  request.condition = upstream_condition(std::move(request.condition));
  return request;
}

class EtagReader : public Reader {
 public:
  EtagReader(std::unique_ptr<Reader> inner, bool is_md5)
      : inner_(std::move(inner)), info_(inner_->info()) {
    info_.etag = shown_etag(info_.etag, is_md5);
  }
  const ObjectInfo& info() const override { return info_; }
  std::uint64_t offset() const override { return inner_->offset(); }
  std::uint64_t length() const override { return inner_->length(); }
  std::optional<std::uint64_t> size() const override { return inner_->size(); }
  std::size_t read(std::span<char> into) override { return inner_->read(into); }
  std::optional<FileRegion> file_region() override { return inner_->file_region(); }

 private:
  const std::unique_ptr<Reader> inner_;
  ObjectInfo info_;
};

class EtagMultipart : public MultipartStore {
 public:
  EtagMultipart(MultipartStore& inner, S3EtagMemory& memory) : inner_(inner), memory_(memory) {}
  std::string create(const Context& context, const ObjectRef& ref, const Attributes& attributes,
                     std::optional<Checksum> kind, const EncryptionRequest& encryption) override {
    return inner_.create(context, ref, attributes, std::move(kind), encryption);
  }
  PartInfo put_part(const Context& context, const ObjectRef& ref, const std::string& upload_id,
                    unsigned number, Source& body, const PutRequest& request) override {
    memory_.is_md5(context, ref.bucket);  // before the body, which passes only once
    PartInfo part = inner_.put_part(context, ref, upload_id, number, body, request);
    if (request.encryption.customer_key.empty()) {
      memory_.learn(context, ref.bucket, request.md5, part.etag, part.encryption);
    }
    return shown(context, ref, std::move(part));
  }
  PartInfo copy_part(const Context& context, const ObjectRef& ref, const std::string& upload_id,
                     unsigned number, const ObjectRef& source,
                     const CopyPartRequest& request) override {
    CopyPartRequest raw = request;
    raw.source_condition = upstream_condition(std::move(raw.source_condition));
    return shown(context, ref, inner_.copy_part(context, ref, upload_id, number, source, raw));
  }
  PutResult complete(const Context& context, const ObjectRef& ref, const std::string& upload_id,
                     const std::vector<CompletedPart>& parts, const Condition& condition) override {
    std::vector<CompletedPart> raw = parts;
    for (CompletedPart& part : raw) part.etag = upstream_etag(part.etag);
    PutResult put = inner_.complete(context, ref, upload_id, raw, upstream_condition(condition));
    put.etag = shown_etag(put.etag, memory_.is_md5(context, ref.bucket));
    return put;
  }
  void abort(const Context& context, const ObjectRef& ref, const std::string& upload_id) override {
    inner_.abort(context, ref, upload_id);
  }
  PartPage parts(const Context& context, const ObjectRef& ref, const std::string& upload_id,
                 unsigned after, unsigned limit) override {
    PartPage page = inner_.parts(context, ref, upload_id, after, limit);
    for (PartInfo& part : page.parts) part = shown(context, ref, std::move(part));
    return page;
  }
  UploadPage uploads(const Context& context, const UploadListRequest& request) override {
    return inner_.uploads(context, request);
  }

 private:
  PartInfo shown(const Context& context, const ObjectRef& ref, PartInfo part) {
    part.etag = shown_etag(part.etag, memory_.is_md5(context, ref.bucket));
    return part;
  }

  MultipartStore& inner_;
  S3EtagMemory& memory_;
};

class EtagStorage : public Storage {
 public:
  EtagStorage(std::unique_ptr<Storage> inner, EtagOptions options)
      : inner_(std::move(inner)), memory_(*inner_, std::move(options)) {
    if (MultipartStore* store = inner_->multipart()) multipart_.emplace(*store, memory_);
  }

  const Capabilities& capabilities() const override { return inner_->capabilities(); }
  PutResult put(const Context& context, const ObjectRef& ref, Source& body,
                const PutRequest& request) override {
    memory_.is_md5(context, ref.bucket);  // before the body, which passes only once
    PutRequest raw = request;
    raw.condition = upstream_condition(std::move(raw.condition));
    PutResult put = inner_->put(context, ref, body, raw);
    // An object under a client's key has an ETag that says nothing of the others.
    if (request.encryption.customer_key.empty()) {
      memory_.learn(context, ref.bucket, request.md5, put.etag, put.encryption);
    }
    put.etag = shown_etag(put.etag, memory_.is_md5(context, ref.bucket));
    return put;
  }
  std::unique_ptr<Reader> get(const Context& context, const ObjectRef& ref,
                              const GetRequest& request) override {
    auto reader = inner_->get(context, ref, upstream_request(request));
    return std::make_unique<EtagReader>(std::move(reader), memory_.is_md5(context, ref.bucket));
  }
  ObjectInfo head(const Context& context, const ObjectRef& ref,
                  const GetRequest& request) override {
    ObjectInfo info = inner_->head(context, ref, upstream_request(request));
    info.etag = shown_etag(info.etag, memory_.is_md5(context, ref.bucket));
    return info;
  }
  std::vector<RemoveResult> remove(const Context& context, const std::string& bucket,
                                   const std::vector<RemoveTarget>& targets) override {
    std::vector<RemoveTarget> raw = targets;
    for (RemoveTarget& target : raw) {
      if (target.etag_is) target.etag_is = upstream_etag(*target.etag_is);
    }
    return inner_->remove(context, bucket, raw);
  }
  ListPage list(const Context& context, const ListRequest& request) override {
    const bool is_md5 = memory_.is_md5(context, request.bucket);
    ListPage page = inner_->list(context, request);
    for (ObjectInfo& info : page.objects) info.etag = shown_etag(info.etag, is_md5);
    return page;
  }
  CopyResult copy(const Context& context, const ObjectRef& source, const ObjectRef& destination,
                  const CopyRequest& request) override {
    CopyRequest raw = request;
    raw.source_condition = upstream_condition(std::move(raw.source_condition));
    raw.condition = upstream_condition(std::move(raw.condition));
    CopyResult copied = inner_->copy(context, source, destination, raw);
    copied.etag = shown_etag(copied.etag, memory_.is_md5(context, destination.bucket));
    return copied;
  }
  BucketStore* buckets() override { return inner_->buckets(); }
  MultipartStore* multipart() override { return multipart_ ? &*multipart_ : nullptr; }

 private:
  const std::unique_ptr<Storage> inner_;
  S3EtagMemory memory_;
  std::optional<EtagMultipart> multipart_;
};

}  // namespace

std::unique_ptr<Storage> with_client_etags(std::unique_ptr<Storage> inner, EtagOptions options) {
  return std::make_unique<EtagStorage>(std::move(inner), std::move(options));
}

}  // namespace holdfast::storage
