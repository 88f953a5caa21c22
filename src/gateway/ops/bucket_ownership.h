// Who else may reach a bucket: nobody. One owner has everything and no request without a signature
// is served, so what S3 lets one say about access lists, ownership and public access has one true
// answer each, and a request for another one is refused.
// Source: AWS "Controlling ownership of objects", "Blocking public access".
#pragma once

#include "gateway/call.h"

namespace holdfast::gateway {

// Takes the owner's full control, as a canned list or as a document, and changes nothing.
// InvalidArgument: code AccessControlListNotSupported for any other list, MissingSecurityHeader
// for none.
http::ServerResponse put_bucket_acl(Call& call);
http::ServerResponse put_object_acl(Call& call);

// Always BucketOwnerEnforced. Setting another one is Unsupported (code NotImplemented).
http::ServerResponse get_ownership_controls(Call& call);
http::ServerResponse put_ownership_controls(Call& call);
// The same for the header of CreateBucket.
void check_ownership_header(const http::ServerRequest& request);

// The four switches are kept and told; nothing is public whatever they say. Needs a storage with
// bucket settings, else Unsupported (code NotImplemented). Errors: code MalformedXML,
// NoSuchPublicAccessBlockConfiguration.
http::ServerResponse get_public_access_block(Call& call);
http::ServerResponse put_public_access_block(Call& call);
http::ServerResponse delete_public_access_block(Call& call);

// Never public.
http::ServerResponse get_policy_status(Call& call);

}  // namespace holdfast::gateway
