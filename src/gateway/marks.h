// Tags and object locks as S3 writes them: headers and documents, both ways.
// Source: AWS "PutObjectTagging", "PutObjectRetention", "PutObjectLegalHold". Errors, by S3 code:
// InvalidTag, InvalidArgument, MalformedXML.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "codec/xml.h"
#include "gateway/call.h"

namespace holdfast::gateway {

using Tags = std::map<std::string, std::string>;

inline constexpr std::size_t kMostTags = 10;  // of an object

// Names of tags have 1 to 128 characters, values up to 256.
Tags tags_of_header(std::string_view value);  // k=v&k=v, percent-encoded; at most kMostTags
Tags tags_of_document(const codec::XmlElement& tagging, std::size_t most = kMostTags);
std::string tagging_document(const Tags& tags);

// x-amz-tagging and x-amz-object-lock-* of a request that makes an object. Unsupported (code
// NotImplemented) where the storage keeps none.
storage::Marks marks_of_request(const Call& call);
// For requests that cannot have them: Unsupported (code NotImplemented).
void refuse_marks(const http::ServerRequest& request);

// <Retention>; nullopt for an empty one. The end must lie in the future.
std::optional<storage::Retention> retention_of_document(const codec::XmlElement& retention,
                                                        WallTime now);
std::string_view mode_name(bool compliance);
bool is_compliance(std::string_view mode, std::string_view code);  // InvalidArgument with `code`

// x-amz-version-id, x-amz-tagging-count and x-amz-object-lock-* of an object.
void add_version_headers(http::ServerResponse& response, const storage::ObjectInfo& info);
// x-amz-version-id, unless it is empty.
void add_version_id(http::ServerResponse& response, const std::string& version);

}  // namespace holdfast::gateway
