#include <algorithm>

#include "base/random.h"
#include "codec/text.h"
#include "storage/memory/memory_state.h"
#include "storage/rules.h"

namespace holdfast::storage {

namespace {

class MemoryMultipart : public MultipartStore {
 public:
  explicit MemoryMultipart(MemoryState& state) : state_(state) {}

  std::string create(const Context& context, const ObjectRef& ref, const Attributes& attributes,
                     std::optional<Checksum> checksum_kind, const EncryptionRequest&) override {
    check_key(ref.key);
    std::string id = random_hex(12);
    std::lock_guard lock(state_.mutex);
    state_.bucket(ref.bucket).uploads[id] = {
        {ref.key, id, context.clock().now()}, attributes, std::move(checksum_kind), {}};
    return id;
  }

  PartInfo put_part(const Context& context, const ObjectRef& ref, const std::string& upload_id,
                    unsigned number, Source& body, const PutRequest& request) override {
    check_part_number(number, ref);
    kind_of(ref, upload_id);
    MemoryBody read = read_body(ref, body, request);
    PartInfo info{number, 0, codec::to_hex(read.md5), context.clock().now(), read.checksum};
    return store(ref, upload_id, std::move(info), std::move(read.bytes));
  }

  PartInfo copy_part(const Context& context, const ObjectRef& ref, const std::string& upload_id,
                     unsigned number, const ObjectRef& source,
                     const CopyPartRequest& request) override {
    check_part_number(number, ref);
    std::shared_ptr<const MemoryObject> from;
    {
      std::lock_guard lock(state_.mutex);
      state_.upload(ref, upload_id);
      from = state_.find(source);
    }
    if (!from) throw_no_such_key(source);
    check_read_condition(request.source_condition, from->info, source, true);
    Stretch stretch = request.range ? resolve_range(*request.range, from->bytes.size(), source)
                                    : Stretch{0, from->bytes.size()};
    std::string bytes =
        from->bytes.substr(std::size_t(stretch.offset), std::size_t(stretch.length));
    PartInfo info{number, 0, "", context.clock().now(), std::nullopt};
    info.etag = codec::to_hex(codec::digest_of(codec::DigestAlgorithm::kMd5, bytes));
    return store(ref, upload_id, std::move(info), std::move(bytes));
  }

  PutResult complete(const Context& context, const ObjectRef& ref, const std::string& upload_id,
                     const std::vector<CompletedPart>& parts, const Condition& condition) override {
    std::lock_guard lock(state_.mutex);
    auto current = state_.find(ref);
    auto& uploads = state_.bucket(ref.bucket).uploads;
    if (!uploads.contains(upload_id) && current && current->upload_id == upload_id) {
      return {current->info.etag, current->info.revision};
    }
    MemoryUpload& upload = state_.upload(ref, upload_id);
    std::vector<PartInfo> stored;
    for (const auto& [number, part] : upload.parts) stored.push_back(part->info);
    auto chosen = choose_parts(stored, parts, state_.min_part_size, ref);
    check_write_condition(condition, current ? &current->info : nullptr, ref);

    MemoryObject object;
    object.upload_id = upload_id;
    for (const PartInfo& part : chosen) {
      object.bytes += upload.parts[part.number]->bytes;
      object.part_sizes.push_back(part.size);
    }
    object.info.etag = multipart_etag(chosen);
    object.info.modified = context.clock().now();
    object.info.attributes = upload.attributes;
    object.info.attributes.checksum = combine_checksums(upload.checksum_kind, chosen);
    object.part_list = list_of_parts(chosen, object.info.attributes.checksum);
    object.info.parts = unsigned(chosen.size());
    const ObjectInfo& info = state_.publish(ref, std::move(object)).info;
    uploads.erase(upload_id);
    return {info.etag, info.revision};
  }

  void abort(const Context&, const ObjectRef& ref, const std::string& upload_id) override {
    std::lock_guard lock(state_.mutex);
    state_.upload(ref, upload_id);
    state_.bucket(ref.bucket).uploads.erase(upload_id);
  }

  PartPage parts(const Context&, const ObjectRef& ref, const std::string& upload_id, unsigned after,
                 unsigned limit) override {
    std::lock_guard lock(state_.mutex);
    const MemoryUpload& upload = state_.upload(ref, upload_id);
    PartPage page;
    for (auto at = upload.parts.upper_bound(after); at != upload.parts.end(); ++at) {
      if (page.parts.size() == limit) {
        page.more = true;
        break;
      }
      page.parts.push_back(at->second->info);
    }
    return page;
  }

  UploadPage uploads(const Context&, const UploadListRequest& request) override {
    std::lock_guard lock(state_.mutex);
    std::vector<UploadInfo> all;
    for (const auto& [id, upload] : state_.bucket(request.bucket).uploads) {
      all.push_back(upload.info);
    }
    std::sort(all.begin(), all.end(), [](const UploadInfo& a, const UploadInfo& b) {
      return std::tie(a.key, a.upload_id) < std::tie(b.key, b.upload_id);
    });
    return page_of_uploads(all, request);
  }

 private:
  std::optional<Checksum> kind_of(const ObjectRef& ref, const std::string& upload_id) {
    std::lock_guard lock(state_.mutex);
    return state_.upload(ref, upload_id).checksum_kind;
  }

  PartInfo store(const ObjectRef& ref, const std::string& upload_id, PartInfo info,
                 std::string bytes) {
    info.size = bytes.size();
    auto kind = kind_of(ref, upload_id);
    if (kind && (!info.checksum || info.checksum->algorithm != kind->algorithm)) {
      info.checksum = Checksum{kind->algorithm, codec::digest_of(kind->algorithm, bytes)};
    }
    auto part = std::make_shared<const MemoryPart>(MemoryPart{info, std::move(bytes)});
    std::lock_guard lock(state_.mutex);
    state_.upload(ref, upload_id).parts[info.number] = std::move(part);
    return info;
  }

  MemoryState& state_;
};

}  // namespace

std::unique_ptr<MultipartStore> make_memory_multipart(MemoryState& state) {
  return std::make_unique<MemoryMultipart>(state);
}

}  // namespace holdfast::storage
