#include "storage/storage.h"

#include <algorithm>

#include "codec/text.h"

namespace holdfast::storage {

bool Condition::empty() const {
  return !must_not_exist && !must_exist && etag_is.empty() && etag_is_not.empty() && !revision_is &&
         !modified_since && !unmodified_since;
}

PutResult put_bytes(Storage& storage, const Context& context, const ObjectRef& ref,
                    std::string_view bytes, const PutRequest& request) {
  MemorySource source(bytes);
  return storage.put(context, ref, source, request);
}

std::string get_bytes(Storage& storage, const Context& context, const ObjectRef& ref,
                      std::uint64_t limit, const GetRequest& request, ObjectInfo* info) {
  auto reader = storage.get(context, ref, request);
  if (reader->length() > limit) {
    throw InvalidArgument::with_code(kEntityTooLarge, "read " + ref.text(),
                                     "the object is larger than it can rightly be");
  }
  if (info) *info = reader->info();
  return read_all(*reader, limit);
}

std::optional<ObjectInfo> find(Storage& storage, const Context& context, const ObjectRef& ref) {
  try {
    return storage.head(context, ref, {});
  } catch (const NotFound& error) {
    if (error.code() == kNoSuchBucket) throw;
    return std::nullopt;
  }
}

void list_all(Storage& storage, const Context& context, const std::string& bucket,
              const std::string& prefix, const std::function<void(const ObjectInfo&)>& each) {
  ListRequest request{.bucket = bucket, .prefix = prefix};
  do {
    ListPage page = storage.list(context, request);
    for (const ObjectInfo& object : page.objects) each(object);
    request.cursor = page.next;
  } while (!request.cursor.empty());
}

void remove_one(Storage& storage, const Context& context, const ObjectRef& ref) {
  auto results = storage.remove(context, ref.bucket, {{ref.key, std::nullopt}});
  if (!results.empty() && results[0].error) {
    const Error& error = *results[0].error;
    throw_error(error.kind(), error.subject(), error.reason(), error.advice(), error.code());
  }
}

void check_key(std::string_view key) {
  if (key.empty()) throw InvalidArgument("object key", "it is empty");
  if (key.size() > 1024) {
    throw InvalidArgument::with_code(kKeyTooLong, "object key", "longer than 1,024 bytes");
  }
  if (!codec::is_utf8(key)) throw InvalidArgument("object key", "it is not UTF-8");
  if (key.find('\0') != std::string_view::npos) {
    throw InvalidArgument("object key", "it holds a zero byte");
  }
}

void check_bucket_name(std::string_view name) {
  auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
  };
  auto edge = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  bool good = name.size() >= 3 && name.size() <= 63 &&
              std::all_of(name.begin(), name.end(), allowed) && edge(name.front()) &&
              edge(name.back()) && name.find("..") == std::string_view::npos;
  if (!good) {
    throw InvalidArgument::with_code(kInvalidBucketName,
                                     "bucket name '" + std::string(name.substr(0, 63)) + "'",
                                     "3 to 63 of a-z, 0-9, '.' and '-' are allowed");
  }
}

}  // namespace holdfast::storage
