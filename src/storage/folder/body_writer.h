// A body on its way into a file: one pass, digests on a second thread when it is large.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "codec/digest.h"
#include "storage/folder/core.h"
#include "storage/storage.h"

namespace holdfast::storage {

struct WrittenBody {
  std::uint64_t size = 0;
  std::string md5;                   // raw
  std::optional<Checksum> checksum;  // the request's, or of the kind asked for
};

// Reads `body` to its end into `file` from `offset` on, and checks it against the digests that the
// request announces (InvalidArgument, code kBadDigest). Not synced. `kind`: computed when the
// request brings no checksum of that kind. The disk's writing is started on the way, so that the
// sync at the end finds little left to do. With Md5::kLeft the MD5 is not computed: neither told,
// nor compared with the request's.
enum class Md5 { kTaken, kLeft };
WrittenBody write_body(const Context& context, Core& core, const ObjectRef& ref, Source& body,
                       const PutRequest& request, int file, std::uint64_t offset,
                       std::optional<codec::DigestAlgorithm> kind = std::nullopt,
                       Md5 md5 = Md5::kTaken);

}  // namespace holdfast::storage
