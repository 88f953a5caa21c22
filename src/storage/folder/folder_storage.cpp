#include "storage/folder/folder_storage.h"

#include "storage/folder/folder_buckets.h"
#include "storage/folder/folder_multipart.h"
#include "storage/folder/folder_objects.h"
#include "storage/folder/folder_open.h"
#include "storage/folder/folder_versions.h"
#include "storage/folder/sealed_object.h"
#include "storage/rules.h"

namespace holdfast::storage {

namespace {

class FolderReader : public Reader {
 public:
  FolderReader(OpenObject object, Stretch stretch)
      : object_(std::move(object)),
        stretch_(stretch),
        source_({object_.file.file.get(), stretch.offset, stretch.length}, object_.info.key) {}

  std::size_t read(std::span<char> into) override { return source_.read(into); }
  std::optional<std::uint64_t> size() const override { return source_.size(); }
  bool rewind() override { return source_.rewind(); }
  std::optional<FileRegion> file_region() override { return source_.file_region(); }
  const ObjectInfo& info() const override { return object_.info; }
  std::uint64_t offset() const override { return stretch_.offset; }
  std::uint64_t length() const override { return stretch_.length; }

 private:
  OpenObject object_;
  Stretch stretch_;
  FileSource source_;
};

// What is not read as it lies.
class OpenedReader : public Reader {
 public:
  OpenedReader(const FolderOptions& options, OpenObject object, Stretch stretch,
               const GetRequest& request, const ObjectRef& ref)
      : object_(std::move(object)),
        stretch_(stretch),
        source_(open_plain(options, object_, request.customer_key, stretch, ref,
                           request.for_etag ? Damage::kComesAsItLies : Damage::kThrows)) {}

  std::size_t read(std::span<char> into) override { return source_->read(into); }
  std::optional<std::uint64_t> size() const override { return source_->size(); }
  bool rewind() override { return source_->rewind(); }
  const ObjectInfo& info() const override { return object_.info; }
  std::uint64_t offset() const override { return stretch_.offset; }
  std::uint64_t length() const override { return stretch_.length; }

 private:
  const OpenObject object_;
  Stretch stretch_;
  std::unique_ptr<Source> source_;
};

class FolderStorage : public Storage {
 public:
  FolderStorage(const Context& context, const FolderOptions& options)
      : opened_(open_folder_core(context, options)),
        objects_(*opened_.core),
        buckets_(*opened_.core, objects_),
        multipart_(*opened_.core, objects_),
        versions_(*opened_.core, objects_, multipart_) {
    capabilities_.name = "folder";
    capabilities_.min_part_size = options.min_part_size;
    capabilities_.customer_keys = true;
    if (!options.own_keys.empty()) capabilities_.encryption = {"AES256"};
    if (options.read_only) return;
    objects_.versions().finish_notes();
    objects_.labels().clean(objects_.tree(), objects_.versions().each_kept());
    multipart_.clean(context);
  }

  const Capabilities& capabilities() const override { return capabilities_; }

  PutResult put(const Context& context, const ObjectRef& ref, Source& body,
                const PutRequest& request) override {
    return objects_.put(context, ref, body, request);
  }

  std::unique_ptr<Reader> get(const Context&, const ObjectRef& ref,
                              const GetRequest& request) override {
    OpenObject object = objects_.open_existing(ref);
    const auto& sealed = object.stored.label.sealed;
    if (sealed && sealed->with == SealedWith::kCustomerKey && request.for_etag) {
      object.info.size = object.stored.label.stamp.size;
      check_read_condition(request.condition, object.info, ref);
      Stretch stretch =
          resolve_request(request, object.stored.label.part_sizes, object.info.size, ref);
      return std::make_unique<FolderReader>(std::move(object), stretch);
    }
    Stretch stretch = answer(object, ref, request);
    if (!sealed && request.customer_key.empty()) {
      return std::make_unique<FolderReader>(std::move(object), stretch);
    }
    return std::make_unique<OpenedReader>(opened_.core->options, std::move(object), stretch,
                                          request, ref);
  }

  ObjectInfo head(const Context&, const ObjectRef& ref, const GetRequest& request) override {
    OpenObject object = objects_.open_existing(ref);
    answer(object, ref, request);
    check_customer_key(opened_.core->options, object, request.customer_key, ref);
    if (request.with_parts) object.info.part_list = shown_parts(object.stored.label, ref);
    return std::move(object.info);
  }

  std::vector<RemoveResult> remove(const Context& context, const std::string& bucket,
                                   const std::vector<RemoveTarget>& targets) override {
    return objects_.remove(context, bucket, targets);
  }

  ListPage list(const Context& context, const ListRequest& request) override {
    return objects_.lister().list(context, request);
  }

  CopyResult copy(const Context& context, const ObjectRef& source, const ObjectRef& destination,
                  const CopyRequest& request) override {
    return objects_.copy(context, source, destination, request);
  }

  BucketStore* buckets() override { return &buckets_; }
  MultipartStore* multipart() override { return &multipart_; }
  VersionedStore* versions() override { return &versions_; }

 private:
  static Stretch answer(const OpenObject& object, const ObjectRef& ref, const GetRequest& request) {
    check_read_condition(request.condition, object.info, ref);
    const Label& label = object.stored.label;
    if (!label.sealed) return resolve_request(request, label.part_sizes, object.info.size, ref);
    return resolve_request(request, shown_part_sizes(label, "read " + ref.text()), object.info.size,
                           ref);
  }

  OpenedFolder opened_;
  Capabilities capabilities_;
  FolderObjects objects_;
  FolderBuckets buckets_;
  FolderMultipart multipart_;
  FolderVersions versions_;
};

}  // namespace

std::unique_ptr<Storage> open_folder_storage(const Context& context, const FolderOptions& options) {
  return std::make_unique<FolderStorage>(context, options);
}

}  // namespace holdfast::storage
