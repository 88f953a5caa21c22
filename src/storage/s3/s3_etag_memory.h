// Which buckets answer ETags that are no MD5s: found, remembered, asked.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>

#include "storage/s3/s3_etags.h"

namespace holdfast::storage {

// Thread-safe. Borrows `inner`, the storage as it is.
class S3EtagMemory {
 public:
  S3EtagMemory(Storage& inner, EtagOptions options) : inner_(inner), options_(std::move(options)) {}

  // Whether the bucket's ETags are MD5s, as far as is known. Looks and probes at the first question
  // about a bucket, while others who ask about it wait; what cannot be found out is a warning, and
  // then they count as MD5s.
  bool is_md5(const Context& context, const std::string& bucket);
  // What a write taught: `md5` (raw) of its bytes, if known, and its answer.
  void learn(const Context& context, const std::string& bucket,
             const std::optional<std::string>& md5, const std::string& etag,
             const Encryption& encryption);

 private:
  enum class Known { kNothing, kAsking, kMd5, kOther };

  ObjectRef remembered(const std::string& bucket) const;
  bool settle(const std::string& bucket, Known found);
  bool find_out(const Context& context, const std::string& bucket);
  bool probe(const Context& context, const std::string& bucket);
  void remember(const Context& context, const std::string& bucket);

  Storage& inner_;
  const EtagOptions options_;
  std::mutex mutex_;
  std::condition_variable answered_;
  std::map<std::string, Known> known_;
};

}  // namespace holdfast::storage
