#include "gateway/ops/object_settings.h"

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

}  // namespace

http::ServerResponse get_object_acl(Call& call) {
  call.storage.head(call.context, call.version_ref(), {});
  return xml_response(owner_access_document());
}

http::ServerResponse get_object_attributes(Call& call) {
  const auto wanted = wanted_attributes(call.request);
  const Secret key = only_customer_key_of(call);
  const storage::ObjectInfo info =
      call.storage.head(call.context, call.version_ref(), {.customer_key = key});
  require_customer_key(info, key);
  codec::XmlWriter xml("GetObjectAttributesResponse", kNamespace);
  if (wanted.contains("ETag")) xml.element("ETag", info.etag);
  if (const auto& checksum = info.attributes.checksum; checksum && wanted.contains("Checksum")) {
    xml.open("Checksum");
    write_checksum(xml, *checksum);
    xml.element("ChecksumType", checksum->composite ? "COMPOSITE" : "FULL_OBJECT").close();
  }
  if (info.parts > 0 && wanted.contains("ObjectParts")) {
    xml.open("ObjectParts").element("PartsCount", std::uint64_t{info.parts}).close();
  }
  if (wanted.contains("StorageClass")) xml.element("StorageClass", "STANDARD");
  if (wanted.contains("ObjectSize")) xml.element("ObjectSize", info.size);
  http::ServerResponse response = xml_response(xml.finish());
  response.headers.emplace_back("Last-Modified", format_http_date(info.modified));
  add_version_id(response, info.version);
  return response;
}

}  // namespace holdfast::gateway
