#include "storage/s3/s3_etag_memory.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "base/random.h"
#include "codec/text.h"

namespace holdfast::storage {

namespace {

constexpr std::size_t kLargestNote = 64 * 1024;
constexpr std::string_view kProbe = "written by holdfast to learn what ETags this bucket has\n";

bool is_kms(const Encryption& encryption) { return encryption.algorithm.starts_with("aws:kms"); }

bool is_md5_of(const std::string& etag, const std::string& md5) {
  return etag == codec::to_hex(md5);
}

}  // namespace

ObjectRef S3EtagMemory::remembered(const std::string& bucket) const {
  return {options_.catalog_bucket, options_.catalog_prefix + "etags/" + bucket + ".json"};
}

bool S3EtagMemory::is_md5(const Context& context, const std::string& bucket) {
  std::unique_lock lock(mutex_);
  // Whoever asks ends within its own deadlines, with an error or without.
  answered_.wait(lock, [&] { return known_[bucket] != Known::kAsking; });
  Known& known = known_[bucket];
  if (known != Known::kNothing) return known == Known::kMd5;
  known = Known::kAsking;
  lock.unlock();
  try {
    return settle(bucket, find_out(context, bucket) ? Known::kMd5 : Known::kOther);
  } catch (const Error& error) {
    log::warning(context, "look what ETags bucket " + bucket + " has: " + error.to_string());
    // Without the right to find out, asking again will not help; all else may pass.
    const bool denied = error.kind() == ErrorKind::kAccessDenied;
    return settle(bucket, denied ? Known::kMd5 : Known::kNothing);
  } catch (...) {
    settle(bucket, Known::kNothing);
    throw;
  }
}

// A write may have taught something meanwhile, which stays.
bool S3EtagMemory::settle(const std::string& bucket, Known found) {
  const std::lock_guard lock(mutex_);
  Known& known = known_[bucket];
  if (known == Known::kAsking) known = found;
  answered_.notify_all();
  return known != Known::kOther;
}

bool S3EtagMemory::find_out(const Context& context, const std::string& bucket) {
  try {
    const std::string note = get_bytes(inner_, context, remembered(bucket), kLargestNote);
    const auto json = nlohmann::json::parse(note, nullptr, false);
    if (json.is_object() && json.contains("etags") && json["etags"] == "other") return false;
    log::warning(context, remembered(bucket).text() + " is not what holdfast writes there");
  } catch (const NotFound&) {
    // Nobody has found anything yet.
  }
  if (!options_.may_probe || probe(context, bucket)) return true;
  remember(context, bucket);
  return false;
}

bool S3EtagMemory::probe(const Context& context, const std::string& bucket) {
  const ObjectRef ref{bucket, options_.catalog_prefix + "probe-" + random_hex(8)};
  PutRequest request{.md5 = codec::digest_of(codec::DigestAlgorithm::kMd5, kProbe)};
  PutResult put;
  try {
    put = put_bytes(inner_, context, ref, kProbe, request);
  } catch (const NotFound&) {
    return true;  // no bucket: whatever is asked of it fails by itself
  }
  try {
    remove_one(inner_, context, ref);
  } catch (const Error& error) {
    log::warning(context, "remove the probe " + ref.text() + ": " + error.to_string());
  }
  return is_md5_of(put.etag, *request.md5) && !is_kms(put.encryption);
}

void S3EtagMemory::remember(const Context& context, const std::string& bucket) {
  const nlohmann::json note = {{"format", "holdfast-etags"},
                               {"version", 1},
                               {"min_reader", 1},
                               {"bucket", bucket},
                               {"etags", "other"}};
  log::info(context, fmt::format("bucket {} has ETags that are not the MD5 of the bytes; they are "
                                 "shown with -0 at the end",
                                 bucket));
  if (!options_.may_probe) return;
  try {
    put_bytes(inner_, context, remembered(bucket), note.dump() + "\n");
  } catch (const Error& error) {  // this process knows it all the same
    log::warning(context, "remember the ETags of bucket " + bucket + ": " + error.to_string());
  }
}

void S3EtagMemory::learn(const Context& context, const std::string& bucket,
                         const std::optional<std::string>& md5, const std::string& etag,
                         const Encryption& encryption) {
  if (!is_kms(encryption) && (!md5 || is_md5_of(etag, *md5))) return;
  {
    const std::lock_guard lock(mutex_);
    Known& known = known_[bucket];
    if (known == Known::kOther) return;
    known = Known::kOther;
    answered_.notify_all();
  }
  remember(context, bucket);
}

}  // namespace holdfast::storage
