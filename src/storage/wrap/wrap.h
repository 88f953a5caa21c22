// Behaviour by wrapping. Each wrapper forwards everything to `inner`, which it owns, and adds one
// thing. The order in which the program stacks them is fixed in one place, app/storages.cpp:
// meter(retry(driver)).
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "storage/retry_policy.h"
#include "storage/storage.h"

namespace holdfast::storage {

// Repeats what failed with Unavailable, inside the context's deadline, when that is safe: bodies
// that rewind, and those that are held (held_body.h; `held_bytes`: the budget of all together);
// never a write with a condition (its outcome must be looked at), never complete(). A Reader that
// breaks off is resumed at its position, for the same revision only.
std::unique_ptr<Storage> with_retry(std::unique_ptr<Storage> inner, RetryOptions options = {},
                                    std::size_t held_bytes = 0);

// Counts of what went through, for tests and metrics.
struct StorageCounts {
  std::atomic<std::uint64_t> put{0}, get{0}, head{0}, remove{0}, list{0}, copy{0}, multipart{0},
      buckets{0};
  std::atomic<std::uint64_t> bytes_in{0}, bytes_out{0}, errors{0};
};
// Counts, and passes every call through an Operation named "storage.<verb>" with the key as subject
// (base/operation.h). `counts` must outlive the storage.
std::unique_ptr<Storage> with_meter(std::unique_ptr<Storage> inner, StorageCounts& counts);

// Asks `fault` before every call: it may throw, to fail that call. Verb as in the meter. For tests.
std::unique_ptr<Storage> with_faults(
    std::unique_ptr<Storage> inner,
    std::function<void(std::string_view verb, const ObjectRef& ref)> fault);

// Refuses every change (Refused).
std::unique_ptr<Storage> with_read_only(std::unique_ptr<Storage> inner);

}  // namespace holdfast::storage
