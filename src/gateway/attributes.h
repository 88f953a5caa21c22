// Object attributes as headers, both ways, and the headers whose meaning is not offered here.
#pragma once

#include <string>

#include "gateway/target.h"
#include "http/server.h"
#include "storage/storage.h"

namespace holdfast::gateway {

// Content-* headers and user metadata of a request. Errors, by S3 code: MetadataTooLarge beyond
// 2 KiB. The transfer coding aws-chunked is no property of the object and left out.
storage::Attributes attributes_of(const http::ServerRequest& request);

// Refuses what would change a write's meaning if it were ignored: encryption that encryption.h does
// not know, storage classes and access lists other than the owner's. Errors, by S3 code:
// NotImplemented, InvalidStorageClass, AccessControlListNotSupported.
void refuse_unoffered_headers(const http::ServerRequest& request);
// x-amz-acl and x-amz-grant-* only, for buckets.
void refuse_foreign_access_lists(const http::ServerRequest& request);

struct ObjectHeaders {
  bool with_checksum = false;         // x-amz-checksum-mode: ENABLED
  const Target* overrides = nullptr;  // response-content-type and the like of the query
  Secret customer_key = {};           // that the request brought
};
// ETag, Last-Modified, Accept-Ranges, Content-*, x-amz-meta-*, version, tags and lock of an object.
void add_object_headers(http::ServerResponse& response, const storage::ObjectInfo& info,
                        const ObjectHeaders& options);

std::string quote_etag(const std::string& etag);

}  // namespace holdfast::gateway
