// What the memory backend holds: maps under one mutex.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "storage/storage.h"

namespace holdfast::storage {

// Never changed once it is in a bucket, so readers keep it without a lock.
struct MemoryObject {
  std::string bytes;
  ObjectInfo info;
  std::vector<std::uint64_t> part_sizes;
  std::vector<ObjectPart> part_list;  // empty: not all parts have a checksum of the object's kind
  std::string upload_id;              // the upload that made it
};

struct MemoryPart {
  PartInfo info;
  std::string bytes;
};

struct MemoryUpload {
  UploadInfo info;
  Attributes attributes;
  std::optional<Checksum> checksum_kind;
  std::map<unsigned, std::shared_ptr<const MemoryPart>> parts;
};

struct MemoryBucket {
  BucketInfo info;
  std::map<std::string, std::shared_ptr<const MemoryObject>> objects;
  std::map<std::string, MemoryUpload> uploads;  // by upload id
};

struct MemoryState {
  // All below expect `mutex` to be held.
  MemoryBucket& bucket(const std::string& name);                           // NotFound
  std::shared_ptr<const MemoryObject> find(const ObjectRef& ref);          // null: no such key
  const MemoryObject& publish(const ObjectRef& ref, MemoryObject object);  // gives it its revision
  MemoryUpload& upload(const ObjectRef& ref, const std::string& upload_id);  // NotFound

  std::mutex mutex;
  std::uint64_t min_part_size = 1;
  std::uint64_t revisions = 0;
  std::map<std::string, MemoryBucket> buckets;
};

// A body read to its end, with the checksum that stands for it.
struct MemoryBody {
  std::string bytes;
  std::string md5;  // raw, compared with what the request announced
  std::optional<Checksum> checksum;
};
MemoryBody read_body(const ObjectRef& ref, Source& body, const PutRequest& request);

std::unique_ptr<MultipartStore> make_memory_multipart(MemoryState& state);

}  // namespace holdfast::storage
