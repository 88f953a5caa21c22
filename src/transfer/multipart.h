// The ends of a multipart upload, which only its owner can settle. Shared by upload and copy.
#pragma once

#include <string>
#include <vector>

#include "base/context.h"
#include "storage/storage.h"

namespace holdfast::transfer {

// A completion that got no answer may have happened. It can be repeated all the same: an upload id
// is good for one object, so a second completion makes the same object or finds no upload; then the
// object is looked at, which must be of `size` bytes and have the ETag of these parts.
storage::PutResult complete_surely(const Context& context, storage::Storage& storage,
                                   const storage::ObjectRef& ref, const std::string& upload_id,
                                   const std::vector<storage::CompletedPart>& parts,
                                   std::uint64_t size, const storage::Condition& condition = {});

// Best effort, with a time of its own, since the caller's may be over. What cannot be removed is a
// warning: the storage's own clean-up takes it.
void abort_quietly(const Context& context, storage::Storage& storage, const storage::ObjectRef& ref,
                   const std::string& upload_id);

}  // namespace holdfast::transfer
