// One authenticated request on its way through an operation.
#pragma once

#include <string>
#include <string_view>

#include "base/context.h"
#include "codec/xml.h"
#include "gateway/auth/access_key.h"
#include "gateway/auth/authenticator.h"
#include "gateway/auth/request_body.h"
#include "gateway/gateway.h"
#include "gateway/target.h"
#include "http/server.h"
#include "storage/versions.h"

namespace holdfast::gateway {

inline constexpr std::string_view kNamespace = "http://s3.amazonaws.com/doc/2006-03-01/";
// All objects belong to the one owner of the gateway.
inline constexpr std::string_view kOwner = "holdfast";

// The version `version` of `object` as the storage takes it: see Call::version_ref().
storage::ObjectRef with_version(storage::Storage& storage, storage::ObjectRef object,
                                std::string_view version);

// Everything is borrowed from whoever handles the request.
struct Call {
  const Context& context;
  const GatewayOptions& options;
  storage::Storage& storage;
  http::ServerRequest& request;
  const Target& target;
  const Identity& identity;
  Permissions permissions;
  std::string request_id;

  bool is_head() const { return request.method == "HEAD"; }
  storage::ObjectRef ref() const { return {target.bucket, target.key}; }

  // Unsupported (code NotImplemented) where the storage has none.
  storage::BucketStore& buckets() const;
  storage::MultipartStore& multipart() const;
  storage::VersionedStore& versions() const;
  // Of the bucket; the defaults where the storage keeps none.
  storage::BucketSettings settings() const;
  bool bucket_has_versions() const { return settings().versioning != storage::Versioning::kOff; }

  // AccessDenied unless this key may do it: for objects beside the one that the request names,
  // which auth/access_rules.h has seen to before the operation began.
  void require(Verb verb, const storage::ObjectRef& object) const;
  // AccessDenied unless this is the root pair; `what` says what is not allowed.
  void require_root(std::string_view what) const;
  // NotFound (code NoSuchBucket) unless the bucket is there.
  void require_bucket() const;
  // The object, in the version that the query names. NotFound (code NoSuchVersion) where the
  // storage has no versions but "null"; InvalidArgument (code InvalidArgument) for an empty id.
  storage::ObjectRef version_ref() const;
  // x-amz-bypass-governance-retention; AccessDenied when this key may not do that to the object.
  bool bypasses_governance(const storage::ObjectRef& object) const;

  // The whole body, checked against what the client signed and promised. InvalidArgument (code
  // MaxMessageLengthExceeded) beyond the limit.
  std::string read_document(BodyUse use = BodyUse::kDocument) const;
  // The same as XML with that root element; InvalidArgument (code MalformedXML) otherwise.
  codec::XmlElement read_xml(std::string_view root, BodyUse use = BodyUse::kDocument) const;
};

// Parameter of the query as a number from `least` to `most`, beyond which `most` counts;
// `otherwise` when it is absent. InvalidArgument (code InvalidArgument) when it is no number or
// below `least`.
unsigned number_parameter(const Target& target, std::string_view name, unsigned least,
                          unsigned most, unsigned otherwise);

http::ServerResponse xml_response(std::string document);
http::ServerResponse empty_response(int status);

}  // namespace holdfast::gateway
