// PostObject: a browser's form with a file in it, POSTed to a bucket. Who signed the form's policy
// is who uploads; the object is then made as by PutObject, with that key's rights.
//
// Signed either way that S3 documents for forms: AWS4-HMAC-SHA256 (x-amz-signature) or HMAC-SHA1
// (signature), which older SDKs still make by default. A form without a policy is anonymous, so
// AccessDenied. Source: AWS "Browser-Based Uploads Using POST".
#pragma once

#include "gateway/auth/authenticator.h"
#include "gateway/gateway.h"
#include "gateway/target.h"
#include "http/server.h"

namespace holdfast::gateway {

// Whether the request is one: POST to a bucket, of that content type, for no sub-resource.
bool is_form_upload(const http::ServerRequest& request, const Target& target);

// Errors, by S3 code: those of PutObject and of check_policy(); AccessDenied, InvalidAccessKeyId,
// SignatureDoesNotMatch; InvalidArgument (a field is missing, twice there or malformed);
// MalformedPOSTRequest, MaxPostPreDataLengthExceeded, MissingContentLength; EntityTooLarge,
// EntityTooSmall (of the policy's content-length-range); NotImplemented. `target` gets the key.
http::ServerResponse post_form(const Context& context, const GatewayOptions& options,
                               storage::Storage& storage, const Authenticator& authenticator,
                               http::ServerRequest& request, Target& target,
                               const std::string& request_id);

}  // namespace holdfast::gateway
