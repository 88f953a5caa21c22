#include "storage/memory/memory_storage.h"

#include <algorithm>

#include "codec/text.h"
#include "storage/memory/memory_state.h"
#include "storage/rules.h"

namespace holdfast::storage {

MemoryBucket& MemoryState::bucket(const std::string& name) {
  auto found = buckets.find(name);
  if (found == buckets.end()) throw_no_such_bucket(name);
  return found->second;
}

std::shared_ptr<const MemoryObject> MemoryState::find(const ObjectRef& ref) {
  const MemoryBucket& in = bucket(ref.bucket);
  auto found = in.objects.find(ref.key);
  return found == in.objects.end() ? nullptr : found->second;
}

const MemoryObject& MemoryState::publish(const ObjectRef& ref, MemoryObject object) {
  object.info.key = ref.key;
  object.info.size = object.bytes.size();
  object.info.revision = "m" + std::to_string(++revisions);
  auto& place = bucket(ref.bucket).objects[ref.key];
  place = std::make_shared<const MemoryObject>(std::move(object));
  return *place;
}

MemoryUpload& MemoryState::upload(const ObjectRef& ref, const std::string& upload_id) {
  MemoryBucket& in = bucket(ref.bucket);
  auto found = in.uploads.find(upload_id);
  if (found == in.uploads.end() || found->second.info.key != ref.key) throw_no_such_upload(ref);
  return found->second;
}

MemoryBody read_body(const ObjectRef& ref, Source& body, const PutRequest& request) {
  MemoryBody out;
  char buffer[16384];
  while (std::size_t count = body.read(buffer)) out.bytes.append(buffer, count);
  out.md5 = codec::digest_of(codec::DigestAlgorithm::kMd5, out.bytes);
  check_digest(request.md5, out.md5, ref);
  out.checksum = request.attributes.checksum;
  if (request.checksum_at_end) {
    if (auto trailer = request.checksum_at_end()) out.checksum = std::move(trailer);
  }
  return out;
}

namespace {

class MemoryReader : public Reader {
 public:
  MemoryReader(std::shared_ptr<const MemoryObject> object, Stretch stretch)
      : object_(std::move(object)),
        stretch_(stretch),
        source_(std::string_view(object_->bytes)
                    .substr(std::size_t(stretch.offset), std::size_t(stretch.length))) {}
  std::size_t read(std::span<char> into) override { return source_.read(into); }
  std::optional<std::uint64_t> size() const override { return source_.size(); }
  bool rewind() override { return source_.rewind(); }
  const ObjectInfo& info() const override { return object_->info; }
  std::uint64_t offset() const override { return stretch_.offset; }
  std::uint64_t length() const override { return stretch_.length; }

 private:
  std::shared_ptr<const MemoryObject> object_;
  Stretch stretch_;
  MemorySource source_;
};

class MemoryBuckets : public BucketStore {
 public:
  explicit MemoryBuckets(MemoryState& state) : state_(state) {}

  std::vector<BucketInfo> list(const Context&) override {
    std::lock_guard lock(state_.mutex);
    std::vector<BucketInfo> out;
    for (const auto& [name, bucket] : state_.buckets) out.push_back(bucket.info);
    return out;
  }

  void create(const Context& context, const std::string& name) override {
    check_bucket_name(name);
    std::lock_guard lock(state_.mutex);
    auto [place, fresh] = state_.buckets.try_emplace(name);
    if (!fresh) {
      throw PreconditionFailed::with_code(kBucketExists, "bucket " + name, "it exists already");
    }
    place->second.info = {name, context.clock().now()};
  }

  void remove(const Context&, const std::string& name) override {
    std::lock_guard lock(state_.mutex);
    if (!state_.bucket(name).objects.empty()) {
      throw PreconditionFailed::with_code(kBucketNotEmpty, "bucket " + name, "it holds objects",
                                          "remove them first");
    }
    state_.buckets.erase(name);
  }

  BucketInfo info(const Context&, const std::string& name) override {
    std::lock_guard lock(state_.mutex);
    return state_.bucket(name).info;
  }

 private:
  MemoryState& state_;
};

class MemoryStorage : public Storage {
 public:
  explicit MemoryStorage(std::uint64_t min_part_size)
      : buckets_(state_), multipart_(make_memory_multipart(state_)) {
    state_.min_part_size = min_part_size;
    capabilities_.name = "memory";
    capabilities_.min_part_size = min_part_size;
  }

  const Capabilities& capabilities() const override { return capabilities_; }

  PutResult put(const Context& context, const ObjectRef& ref, Source& body,
                const PutRequest& request) override {
    check_key(ref.key);
    {
      std::lock_guard lock(state_.mutex);
      check_condition(ref, request.condition);
    }
    MemoryBody read = read_body(ref, body, request);
    MemoryObject object{.bytes = std::move(read.bytes)};
    object.info.etag = codec::to_hex(read.md5);
    object.info.modified = context.clock().now();
    object.info.attributes = request.attributes;
    object.info.attributes.checksum = std::move(read.checksum);
    std::lock_guard lock(state_.mutex);
    check_condition(ref, request.condition);
    const MemoryObject& published = state_.publish(ref, std::move(object));
    return {published.info.etag, published.info.revision};
  }

  std::unique_ptr<Reader> get(const Context&, const ObjectRef& ref,
                              const GetRequest& request) override {
    auto object = existing(ref);
    check_read_condition(request.condition, object->info, ref);
    Stretch stretch = resolve_request(request, object->part_sizes, object->info.size, ref);
    return std::make_unique<MemoryReader>(std::move(object), stretch);
  }

  ObjectInfo head(const Context&, const ObjectRef& ref, const GetRequest& request) override {
    auto object = existing(ref);
    check_read_condition(request.condition, object->info, ref);
    resolve_request(request, object->part_sizes, object->info.size, ref);
    ObjectInfo info = object->info;
    if (request.with_parts) info.part_list = object->part_list;
    return info;
  }

  std::vector<RemoveResult> remove(const Context&, const std::string& bucket,
                                   const std::vector<RemoveTarget>& targets) override {
    std::lock_guard lock(state_.mutex);
    auto& objects = state_.bucket(bucket).objects;
    std::vector<RemoveResult> results;
    for (const RemoveTarget& target : targets) {
      RemoveResult& result = results.emplace_back(RemoveResult{target.key, std::nullopt});
      try {
        check_key(target.key);
        auto found = objects.find(target.key);
        if (found == objects.end()) continue;
        Condition condition;
        if (target.etag_is) condition.etag_is = {*target.etag_is};
        check_write_condition(condition, &found->second->info, {bucket, target.key});
        objects.erase(found);
      } catch (const Error& error) {
        result.error = error;
      }
    }
    return results;
  }

  ListPage list(const Context&, const ListRequest& request) override {
    check_list_request(request);
    std::lock_guard lock(state_.mutex);
    const auto& objects = state_.bucket(request.bucket).objects;
    const std::string& after = request.cursor.empty() ? request.after : request.cursor;
    ListPage page;
    std::string last;
    auto at = objects.lower_bound(std::max(request.prefix, after));
    while (at != objects.end() && at->first.starts_with(request.prefix)) {
      auto common = common_prefix(at->first, request.prefix, request.delimiter);
      const std::string& shown = common ? *common : at->first;
      if (shown > after) {
        if (page.objects.size() + page.prefixes.size() == request.limit) {
          page.next = last;
          break;
        }
        last = shown;
        if (common) {
          page.prefixes.push_back(*common);
        } else {
          page.objects.push_back(at->second->info);
        }
      }
      if (!common) {
        ++at;
      } else {
        std::string beyond = after_all_with(*common);
        at = beyond.empty() ? objects.end() : objects.lower_bound(beyond);
      }
    }
    return page;
  }

  CopyResult copy(const Context& context, const ObjectRef& source, const ObjectRef& destination,
                  const CopyRequest& request) override {
    check_key(destination.key);
    auto from = existing(source);
    check_read_condition(request.source_condition, from->info, source, true);
    MemoryObject object = *from;
    object.upload_id.clear();
    object.info.modified = context.clock().now();
    if (request.replace) object.info.attributes = *request.replace;
    std::lock_guard lock(state_.mutex);
    check_condition(destination, request.condition);
    const ObjectInfo& info = state_.publish(destination, std::move(object)).info;
    return {info.etag, info.revision, info.modified};
  }

  BucketStore* buckets() override { return &buckets_; }
  MultipartStore* multipart() override { return multipart_.get(); }

 private:
  void check_condition(const ObjectRef& ref, const Condition& condition) {
    auto current = state_.find(ref);
    check_write_condition(condition, current ? &current->info : nullptr, ref);
  }

  std::shared_ptr<const MemoryObject> existing(const ObjectRef& ref) {
    check_key(ref.key);
    std::lock_guard lock(state_.mutex);
    auto object = state_.find(ref);
    if (!object) throw_no_such_key(ref);
    return object;
  }

  MemoryState state_;
  Capabilities capabilities_;
  MemoryBuckets buckets_;
  std::unique_ptr<MultipartStore> multipart_;
};

}  // namespace

std::unique_ptr<Storage> make_memory_storage(std::uint64_t min_part_size) {
  return std::make_unique<MemoryStorage>(min_part_size);
}

}  // namespace holdfast::storage
