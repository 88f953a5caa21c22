#include "conformance/storage_suite.h"

#include <algorithm>
#include <sys/xattr.h>

#include "base/random.h"
#include "codec/text.h"

namespace holdfast::storage {

std::string md5_hex(std::string_view bytes) {
  return codec::to_hex(codec::digest_of(codec::DigestAlgorithm::kMd5, bytes));
}

fs::path place_for_folders() {
  const fs::path shared = "/dev/shm";
  try {
    if (free_space(shared) < (512u << 20)) return fs::temp_directory_path();
    TemporaryFolder probe(shared);
    bool keeps = ::setxattr(probe.path().c_str(), "user.probe", "x", 1, 0) == 0;
    return keeps ? shared : fs::temp_directory_path();
  } catch (const Error&) {
    return fs::temp_directory_path();
  }
}

void StorageConformance::SetUp() {
  storage_ = GetParam()();
  bucket_ = "conformance-" + random_hex(6);
  storage_->buckets()->create(context_, bucket_);
}

void StorageConformance::TearDown() {
  if (!storage_) return;
  UploadPage uploads;
  if (storage().capabilities().lists_uploads) {
    uploads = multipart().uploads(context_, {.bucket = bucket_});
  }
  for (const UploadInfo& upload : uploads.uploads) {
    multipart().abort(context_, ref(upload.key), upload.upload_id);
  }
  std::vector<RemoveTarget> targets;
  list_all(storage(), context_, bucket_, "",
           [&](const ObjectInfo& info) { targets.push_back({info.key, std::nullopt}); });
  for (std::size_t at = 0; at < targets.size(); at += 1000) {
    auto end = std::min(at + 1000, targets.size());
    storage().remove(context_, bucket_,
                     {targets.begin() + std::ptrdiff_t(at), targets.begin() + std::ptrdiff_t(end)});
  }
  storage().buckets()->remove(context_, bucket_);
}

PutResult StorageConformance::put(const std::string& key, std::string_view bytes,
                                  const PutRequest& request) {
  return put_bytes(storage(), context_, ref(key), bytes, request);
}

std::string StorageConformance::get(const std::string& key, const GetRequest& request) {
  return get_bytes(storage(), context_, ref(key), 1ull << 30, request);
}

bool StorageConformance::exists(const std::string& key) {
  return find(storage(), context_, ref(key)).has_value();
}

void StorageConformance::remove(const std::string& key) {
  remove_one(storage(), context_, ref(key));
}

std::vector<std::string> StorageConformance::names(const ListPage& page) {
  std::vector<std::string> objects, all;
  for (const ObjectInfo& info : page.objects) objects.push_back(info.key);
  EXPECT_TRUE(std::is_sorted(objects.begin(), objects.end()));
  EXPECT_TRUE(std::is_sorted(page.prefixes.begin(), page.prefixes.end()));
  std::merge(objects.begin(), objects.end(), page.prefixes.begin(), page.prefixes.end(),
             std::back_inserter(all));
  return all;
}

std::vector<std::string> StorageConformance::list(ListRequest request) {
  request.bucket = bucket_;
  ListPage page = storage().list(context_, request);
  EXPECT_EQ(page.next, "");
  return names(page);
}

std::vector<std::string> StorageConformance::list_paged(ListRequest request, unsigned limit) {
  request.bucket = bucket_;
  request.limit = limit;
  std::vector<std::string> all;
  for (int pages = 0; pages < 1000; ++pages) {
    ListPage page = storage().list(context_, request);
    std::vector<std::string> more = names(page);
    EXPECT_LE(more.size(), limit);
    EXPECT_TRUE(!more.empty() || page.next.empty()) << "an empty page that is not the last";
    all.insert(all.end(), more.begin(), more.end());
    if (page.next.empty()) return all;
    request.cursor = page.next;
  }
  ADD_FAILURE() << "the list does not end";
  return all;
}

std::string StorageConformance::part_bytes(char fill, std::uint64_t extra) const {
  return std::string(std::size_t(storage_->capabilities().min_part_size + extra), fill);
}

std::string StorageConformance::start(const std::string& key, const Attributes& attributes,
                                      std::optional<Checksum> kind) {
  return multipart().create(context_, ref(key), attributes, std::move(kind));
}

CompletedPart StorageConformance::put_part(const std::string& key, const std::string& upload,
                                           unsigned number, std::string_view bytes,
                                           const PutRequest& request) {
  MemorySource source(bytes);
  PartInfo info = multipart().put_part(context_, ref(key), upload, number, source, request);
  EXPECT_EQ(info.number, number);
  EXPECT_EQ(info.size, bytes.size());
  return {number, info.etag, std::nullopt};
}

}  // namespace holdfast::storage
