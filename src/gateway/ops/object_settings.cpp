#include "gateway/ops/object_settings.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/error.h"
#include "gateway/checksums.h"
#include "gateway/encryption.h"
#include "gateway/marks.h"
#include "gateway/ops/bucket.h"
#include "gateway/text.h"

namespace holdfast::gateway {

namespace {

constexpr std::array<std::string_view, 5> kAttributes = {"ETag", "Checksum", "ObjectParts",
                                                         "StorageClass", "ObjectSize"};

constexpr unsigned kMostParts = 10'000;
constexpr unsigned kMostListed = 1000;  // parts in one answer

std::set<std::string_view> wanted_attributes(const http::ServerRequest& request) {
  std::set<std::string_view> wanted;
  for (const auto& [name, value] : request.headers) {
    if (!equal_ignoring_case(name, "x-amz-object-attributes")) continue;
    for (std::string_view piece : split_list(value, ',')) wanted.insert(piece);
  }
  const auto known = [&](std::string_view name) {
    return std::find(kAttributes.begin(), kAttributes.end(), name) != kAttributes.end();
  };
  if (wanted.empty() || !std::all_of(wanted.begin(), wanted.end(), known)) {
    throw InvalidArgument::with_code("InvalidArgument", "read x-amz-object-attributes",
                                     "it names no attribute, or one that there is not");
  }
  return wanted;
}

unsigned number_header(const http::ServerRequest& request, std::string_view wanted,
                       unsigned otherwise) {
  for (const auto& [name, value] : request.headers) {
    if (!equal_ignoring_case(name, wanted)) continue;
    const auto number = parse_number(trim(value));
    if (!number) {
      throw InvalidArgument::with_code("InvalidArgument", "read " + std::string(wanted),
                                       "it is not a number in its range");
    }
    return unsigned(std::min<std::uint64_t>(*number, kMostParts));
  }
  return otherwise;
}

// As S3 does, parts are told one by one only where their checksums are kept.
void write_parts(codec::XmlWriter& xml, const storage::ObjectInfo& info,
                 const http::ServerRequest& request) {
  const auto& list = info.part_list;
  xml.open("ObjectParts").element("PartsCount", std::uint64_t{info.parts});
  if (!list.empty()) {
    const std::size_t most =
        std::min(number_header(request, "x-amz-max-parts", kMostListed), kMostListed);
    const std::size_t after = number_header(request, "x-amz-part-number-marker", 0);
    const std::size_t begin = std::min(after, list.size());
    const std::size_t end = std::min(begin + most, list.size());
    xml.element("PartNumberMarker", std::uint64_t{after});
    xml.element("NextPartNumberMarker", std::uint64_t{end > begin ? end : after});
    xml.element("MaxParts", std::uint64_t{most});
    xml.element("IsTruncated", end < list.size() ? "true" : "false");
    for (std::size_t at = begin; at < end; ++at) {
      xml.open("Part").element("PartNumber", std::uint64_t{at + 1}).element("Size", list[at].size);
      write_checksum(xml, {info.attributes.checksum->algorithm, list[at].checksum});
      xml.close();
    }
  }
  xml.close();
}

}  // namespace

http::ServerResponse get_object_acl(Call& call) {
  call.storage.head(call.context, call.version_ref(), {});
  return xml_response(owner_access_document());
}

http::ServerResponse get_object_attributes(Call& call) {
  const auto wanted = wanted_attributes(call.request);
  const Secret key = only_customer_key_of(call);
  const storage::ObjectInfo info =
      call.storage.head(call.context, call.version_ref(),
                        {.with_parts = wanted.contains("ObjectParts"), .customer_key = key});
  require_customer_key(info, key);
  codec::XmlWriter xml("GetObjectAttributesResponse", kNamespace);
  if (wanted.contains("ETag")) xml.element("ETag", info.etag);
  if (const auto& checksum = info.attributes.checksum; checksum && wanted.contains("Checksum")) {
    xml.open("Checksum");
    write_checksum(xml, *checksum);
    xml.element("ChecksumType", checksum->composite ? "COMPOSITE" : "FULL_OBJECT").close();
  }
  if (info.parts > 0 && wanted.contains("ObjectParts")) write_parts(xml, info, call.request);
  if (wanted.contains("StorageClass")) xml.element("StorageClass", "STANDARD");
  if (wanted.contains("ObjectSize")) xml.element("ObjectSize", info.size);
  http::ServerResponse response = xml_response(xml.finish());
  response.headers.emplace_back("Last-Modified", format_http_date(info.modified));
  add_version_id(response, info.version);
  return response;
}

}  // namespace holdfast::gateway
