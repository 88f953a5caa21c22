// Headers of S3 requests and answers, from and to the terms of storage.h. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "codec/sigv4.h"
#include "http/client.h"
#include "storage/http_store.h"
#include "storage/storage.h"

namespace holdfast::storage {

// Asks a gateway of ours for GetRequest::for_etag; others do not know it.
inline constexpr std::string_view kForEtagHeader = "x-holdfast-for-etag";

// Of a multipart ETag `<hash>-N`; 0 for any other.
unsigned parts_of_etag(std::string_view etag);

void add_attributes(codec::Headers& headers, const Attributes& attributes);
// "x-amz-checksum-crc32c" and the like.
std::string checksum_header(codec::DigestAlgorithm algorithm);

// For get and head (`prefix` empty), or of the source of a copy ("x-amz-copy-source-").
void add_read_conditions(codec::Headers& headers, const Condition& condition,
                         std::string_view prefix = "");
// For put, complete and the destination of a copy. Throws PreconditionFailed when no ETag can
// satisfy the condition.
void add_write_conditions(codec::Headers& headers, const Condition& condition);
// A client's key, where it is given; `prefix` as for add_read_conditions().
void add_customer_key(codec::Headers& headers, const Secret& key, std::string_view prefix = "");
// Whether a missing object fails the condition.
bool needs_object(const Condition& condition);

// What the head of a get's or head's answer says of the object. Throws Failed when it lacks what
// every S3 endpoint sends. The size is that of the whole object.
ObjectInfo read_info(const http::Exchange& exchange, const ObjectRef& ref);
Delivered read_delivered(const http::Exchange& exchange, const ObjectRef& ref);
// x-amz-server-side-encryption and its key, cut and cleaned.
Encryption read_encryption(const http::Exchange& exchange);
// Object lock, as a HEAD or GET tells it to who may see it.
Marks read_lock(const http::Exchange& exchange);
// x-amz-checksum-*, if there is one.
std::optional<Checksum> read_checksum(const http::Exchange& exchange);

}  // namespace holdfast::storage
