// The checksums that S3 clients send and ask for: names, header forms, XML forms.
// Source: AWS "Checking object integrity". A value is base64 of the raw digest; a composite one has
// "-N" behind it, N being the number of parts.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "codec/xml.h"
#include "http/server.h"
#include "storage/storage.h"

namespace holdfast::gateway {

// "x-amz-checksum-crc32" and "ChecksumCRC32". Not for MD5.
std::string checksum_header(codec::DigestAlgorithm algorithm);
std::string checksum_element(codec::DigestAlgorithm algorithm);

std::string format_checksum(const storage::Checksum& checksum);
// nullopt unless `text` is base64 of the algorithm's size, with "-N" (1 to 10,000) or without.
std::optional<storage::Checksum> parse_checksum(codec::DigestAlgorithm algorithm,
                                                std::string_view text);

// Of the request's x-amz-checksum-* headers. InvalidArgument (code InvalidRequest) for a malformed
// one, or for more than one.
std::optional<storage::Checksum> checksum_of_headers(const http::ServerRequest& request);
// Of x-amz-trailer: the checksum announced for the end of the body. InvalidArgument (code
// InvalidRequest) for a trailer that is no checksum we know.
std::optional<codec::DigestAlgorithm> announced_trailer(const http::ServerRequest& request);
// x-amz-checksum-algorithm of a new multipart upload, with x-amz-checksum-type: what its finished
// object's checksum shall be. nullopt when the client asks for none.
std::optional<storage::Checksum> multipart_checksum_kind(const http::ServerRequest& request);
// Content-MD5, raw. InvalidArgument (code InvalidDigest) when it is malformed.
std::optional<std::string> content_md5(const http::ServerRequest& request);

void add_checksum_headers(http::ServerResponse& response, const storage::Checksum& checksum);
void write_checksum(codec::XmlWriter& xml, const storage::Checksum& checksum);
// The Checksum… child of an element, if any. InvalidArgument (code MalformedXML) for a bad value.
std::optional<storage::Checksum> checksum_of_element(const codec::XmlElement& element);

}  // namespace holdfast::gateway
