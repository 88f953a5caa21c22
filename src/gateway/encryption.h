// The encryption headers of S3 requests, and what buckets encrypt by default.
// Source: AWS "Protecting data with server-side encryption", "Using server-side encryption with
// customer-provided keys (SSE-C)", "PutBucketEncryption".
#pragma once

#include <string>
#include <string_view>

#include "base/secret.h"
#include "codec/xml.h"
#include "gateway/call.h"

namespace holdfast::gateway {

// Name of the document in storage::BucketSettings.
inline constexpr const char* kEncryptionDocument = "encryption";
// Asks for storage::GetRequest::for_etag; the root pair may.
inline constexpr std::string_view kForEtag = "x-holdfast-for-etag";
// What the names of the headers begin with.
inline constexpr std::string_view kObjectKey = "x-amz-server-side-encryption-customer-";
inline constexpr std::string_view kSourceKey = "x-amz-copy-source-server-side-encryption-customer-";

// The 32 bytes of the key that PREFIXalgorithm, PREFIXkey and PREFIXkey-MD5 give; empty without
// any of them. Errors, by S3 code: InvalidArgument, InvalidEncryptionAlgorithmError.
Secret parse_customer_key(const http::ServerRequest& request, std::string_view prefix);

// The same, where it may be given. Errors besides: NotImplemented where the storage knows no such
// keys, InvalidRequest for one that came without TLS (GatewayOptions::customer_keys_over_http).
Secret customer_key_of(const Call& call, std::string_view prefix = kObjectKey);
// Of a read or a part: no other encryption may be named. Errors as above, and InvalidArgument.
Secret only_customer_key_of(const Call& call);

// Whether the request itself names an encryption for what it makes.
bool names_encryption(const http::ServerRequest& request);
// How a new object shall be encrypted: as the request says, else as its bucket does. Errors, by S3
// code: NotImplemented for what the storage does not offer, and as above.
storage::EncryptionRequest encryption_of(const Call& call);
// What a request for it is answered with.
storage::Encryption told_of(const storage::EncryptionRequest& encryption);

// InvalidArgument (code InvalidRequest) when the object wants a client's key and none came.
void require_customer_key(const storage::ObjectInfo& info, const Secret& key);

// How the storage says that it encrypts; nothing where it does not say. `key`: the client's.
void add_encryption_headers(http::ServerResponse& response, const storage::Encryption& encryption,
                            const Secret& key);

// ServerSideEncryptionConfiguration. Errors, by S3 code: MalformedXML; NotImplemented for what is
// not AES256.
std::string encryption_document(const codec::XmlElement& configuration);

}  // namespace holdfast::gateway
