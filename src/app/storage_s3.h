// The S3 kind of storage: which endpoint, which keys, which buckets (minio.s3gateway).
#pragma once

#include <memory>

#include "config/environment.h"
#include "config/values.h"
#include "storage/s3/s3_storage.h"

namespace holdfast::app {

// The driver's options. Keys come from the values; without any there from AWS's own variables: a
// pair, a web identity, else the instance's role. Throws InvalidArgument where none of them is
// left.
storage::S3Options s3_upstream_options(const config::Values& values,
                                       const config::Environment& environment);

enum class Use { kReads, kReadsAndWrites };
// With `kReads` nothing is written, not even to learn what the endpoint does.
std::unique_ptr<storage::Storage> open_s3_upstream(const config::Values& values,
                                                   const config::Environment& environment, Use use);

// One warning a bucket in use that is not there, or that cannot be looked at.
void check_s3_buckets(const Context& context, storage::Storage& storage);

}  // namespace holdfast::app
