// What an ETag of S3's form tells of an object's bytes. Pure, but for etag_of_stored.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/context.h"
#include "storage/storage.h"
#include "transfer/rate_limiter.h"

namespace holdfast::transfer {

// 32 hexadecimal digits: the MD5 of the bytes.
bool is_md5_etag(std::string_view etag);
// N of "<md5>-N": the object was made of N parts; 0 for every other form, "-0" included.
unsigned parts_told_by(std::string_view etag);
// What S3 shows for an object of parts with these ETags; nullopt when one of them is no MD5.
std::optional<std::string> etag_of_parts(const std::vector<std::string>& part_etags);

// The raw digest of what a GET delivers; `bytes` grows by what was read.
std::string digest_of_stored(const Context& context, storage::Storage& storage,
                             const storage::ObjectRef& ref, const storage::GetRequest& request,
                             codec::DigestAlgorithm algorithm, RateLimiter& limiter,
                             std::uint64_t& bytes);

// The ETag that the stored bytes should have, by reading all of them: of the form of `etag`, which
// must be one that tells. `revision`: of which version.
std::string etag_of_stored(const Context& context, storage::Storage& storage,
                           const storage::ObjectInfo& object, const std::string& bucket,
                           RateLimiter& limiter);

}  // namespace holdfast::transfer
