// Headers of S3 requests and answers, from and to the terms of storage.h. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "codec/sigv4.h"
#include "http/client.h"
#include "storage/storage.h"

namespace holdfast::storage {

std::string quote_etag(std::string_view etag);
std::string unquoted(std::string_view etag);  // also of a weak one
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
// Whether a missing object fails the condition.
bool needs_object(const Condition& condition);

std::string range_header(const Range& range);

// What the head of a get's or head's answer says of the object. Throws Failed when it lacks what
// every S3 endpoint sends. The size is that of the whole object.
ObjectInfo read_info(const http::Exchange& exchange, const ObjectRef& ref);
// The stretch that the answer delivers: its offset and length.
struct Delivered {
  std::uint64_t offset = 0, length = 0;
};
Delivered read_delivered(const http::Exchange& exchange, const ObjectRef& ref);
// x-amz-checksum-*, if there is one.
std::optional<Checksum> read_checksum(const http::Exchange& exchange);

std::optional<std::uint64_t> parse_number(std::string_view text);

}  // namespace holdfast::storage
