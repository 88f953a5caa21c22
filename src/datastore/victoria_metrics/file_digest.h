// The checksum of a stretch of a local file, in the form that transfer records (object_digest.h).
#pragma once

#include "base/context.h"
#include "base/file.h"
#include "transfer/object_digest.h"

namespace holdfast::datastore::vm {

// Corrupt when the file is shorter than offset + size. Checks `context` between pieces.
transfer::ObjectDigest digest_of_file(const Context& context, const fs::path& path,
                                      std::uint64_t offset, std::uint64_t size,
                                      std::uint64_t piece_size);

}  // namespace holdfast::datastore::vm
