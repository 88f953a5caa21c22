// ETags that are no MD5s, as buckets have them that are encrypted with KMS keys, made fit for
// clients that take 32 hexadecimal digits for the MD5 of the bytes.
//
// Of a bucket that is known to answer others, every ETag without a dash is shown as `<etag>-0`: no
// client compares what holds a dash. What clients give back is stripped again, whatever is known of
// the bucket meanwhile. An upstream's ETag that itself ends in -0 gets another -0, so that
// stripping one is always right.
//
// How a bucket becomes known: an object in the catalog names it; or the answer to a write names
// a KMS key; or an MD5 that was sent with a write is not the ETag; or, once a process, a small
// object is written and removed. What was found is remembered there
// (docs/formats/etags.md). Never un-learnt: older objects keep their ETags.
#pragma once

#include <memory>
#include <string>

#include "storage/storage.h"

namespace holdfast::storage {

struct EtagOptions {
  std::string catalog_bucket;  // where it is remembered
  std::string catalog_prefix;  // ".holdfast/"
  bool may_probe = true;       // false: only what others have found is used
};

// `etag` of results and conditions is what clients see; `revision` stays the upstream's.
std::unique_ptr<Storage> with_client_etags(std::unique_ptr<Storage> inner, EtagOptions options);

// The rule itself.
std::string shown_etag(const std::string& upstream, bool is_md5);
std::string upstream_etag(const std::string& shown);

}  // namespace holdfast::storage
