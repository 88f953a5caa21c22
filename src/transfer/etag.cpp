#include "transfer/etag.h"

#include <charconv>

#include "base/error.h"
#include "codec/digest.h"
#include "codec/text.h"
#include "transfer/object_digest.h"

namespace holdfast::transfer {

namespace {

constexpr std::size_t kMd5Digits = 32;
constexpr std::size_t kBuffer = 256 * 1024;

}  // namespace

namespace {

std::string digest_of(const Context& context, storage::Reader& reader,
                      codec::DigestAlgorithm algorithm, RateLimiter& limiter,
                      std::uint64_t& bytes) {
  codec::Digest digest(algorithm);
  std::vector<char> buffer(kBuffer);
  while (std::size_t count = reader.read(buffer)) {
    digest.update({buffer.data(), count});
    bytes += count;
    limiter.take(context, count);
  }
  return digest.finish();
}

}  // namespace

std::string digest_of_stored(const Context& context, storage::Storage& storage,
                             const storage::ObjectRef& ref, const storage::GetRequest& request,
                             codec::DigestAlgorithm algorithm, RateLimiter& limiter,
                             std::uint64_t& bytes) {
  auto reader = storage.get(context, ref, request);
  return digest_of(context, *reader, algorithm, limiter, bytes);
}

bool is_md5_etag(std::string_view etag) {
  return etag.size() == kMd5Digits && codec::from_hex(etag).has_value();
}

unsigned parts_told_by(std::string_view etag) {
  if (etag.size() < kMd5Digits + 2 || etag[kMd5Digits] != '-') return 0;
  if (!is_md5_etag(etag.substr(0, kMd5Digits))) return 0;
  std::string_view digits = etag.substr(kMd5Digits + 1);
  unsigned parts = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), parts);
  bool whole = error == std::errc() && end == digits.data() + digits.size();
  return whole && parts <= kMaxPieces ? parts : 0;
}

std::optional<std::string> etag_of_parts(const std::vector<std::string>& part_etags) {
  codec::Digest md5(codec::DigestAlgorithm::kMd5);
  for (const std::string& etag : part_etags) {
    if (!is_md5_etag(etag)) return std::nullopt;
    md5.update(*codec::from_hex(etag));
  }
  return codec::to_hex(md5.finish()) + "-" + std::to_string(part_etags.size());
}

std::string etag_of_stored(const Context& context, storage::Storage& storage,
                           const storage::ObjectInfo& object, const std::string& bucket,
                           RateLimiter& limiter) {
  const storage::ObjectRef ref{bucket, object.key};
  storage::GetRequest request;
  request.condition.revision_is = object.revision;
  request.for_etag = true;
  std::uint64_t bytes = 0, size = object.size;
  auto md5 = [&] {
    auto reader = storage.get(context, ref, request);
    // Under a client's key: of the encrypted bytes, which are more.
    if (reader->info().encryption.customer) size = reader->info().size;
    return codec::to_hex(digest_of(context, *reader, codec::DigestAlgorithm::kMd5, limiter, bytes));
  };
  std::string etag;
  if (unsigned parts = parts_told_by(object.etag); parts > 0) {
    std::vector<std::string> etags;
    for (unsigned number = 1; number <= parts; ++number) {
      request.part = number;
      etags.push_back(md5());
    }
    etag = *etag_of_parts(etags);
  } else {
    etag = md5();
  }
  if (bytes == size) return etag;
  throw Corrupt("read " + ref.text(),
                "it gave " + std::to_string(bytes) + " of " + std::to_string(size) + " bytes");
}

}  // namespace holdfast::transfer
