#include "gateway/ops/versioning.h"

#include "base/error.h"
#include "gateway/attributes.h"
#include "gateway/ops/list.h"
#include "gateway/text.h"

namespace holdfast::gateway {

using storage::Versioning;

http::ServerResponse get_bucket_versioning(Call& call) {
  call.require_bucket();
  codec::XmlWriter xml("VersioningConfiguration", kNamespace);
  const Versioning versioning = call.settings().versioning;
  if (versioning == Versioning::kEnabled) xml.element("Status", "Enabled");
  if (versioning == Versioning::kSuspended) xml.element("Status", "Suspended");
  return xml_response(xml.finish());
}

http::ServerResponse put_bucket_versioning(Call& call) {
  call.versions();
  const codec::XmlElement document = call.read_xml("VersioningConfiguration");
  const std::string status = document.child_text("Status");
  const std::string mfa_delete = document.child_text("MfaDelete");
  if (status != "Enabled" && status != "Suspended") {
    throw InvalidArgument::with_code("IllegalVersioningConfigurationException",
                                     "set the versioning",
                                     "the status is neither Enabled nor Suspended");
  }
  if (mfa_delete == "Enabled") {
    throw Unsupported::with_code("NotImplemented", "set the versioning",
                                 "MfaDelete is not offered");
  }
  call.versions().change_settings(
      call.context, call.target.bucket, [&](storage::BucketSettings& settings) {
        settings.versioning = status == "Enabled" ? Versioning::kEnabled : Versioning::kSuspended;
      });
  return empty_response(200);
}

namespace {

constexpr unsigned kMostVersions = 1000;

std::string text_parameter(const Call& call, std::string_view name) {
  return std::string(call.target.parameter(name).value_or(""));
}

// Each object as its only version.
storage::VersionPage page_of_objects(const Call& call, const storage::VersionListRequest& wanted) {
  const storage::ListPage objects = call.storage.list(call.context, {.bucket = wanted.bucket,
                                                                     .prefix = wanted.prefix,
                                                                     .delimiter = wanted.delimiter,
                                                                     .after = wanted.after_key,
                                                                     .limit = wanted.limit});
  storage::VersionPage page;
  page.prefixes = objects.prefixes;
  page.more = !objects.next.empty();
  for (const storage::ObjectInfo& object : objects.objects) {
    page.versions.push_back({.object = object, .latest = true});
    page.versions.back().object.version = storage::kNullVersion;
    page.next_key = object.key;
    page.next_version = storage::kNullVersion;
  }
  if (!page.prefixes.empty() && page.prefixes.back() > page.next_key) {
    page.next_key = page.prefixes.back();
    page.next_version.clear();
  }
  return page;
}

void write_version(codec::XmlWriter& xml, const storage::VersionInfo& version,
                   const NameEncoder& encode) {
  xml.open(version.delete_marker ? "DeleteMarker" : "Version");
  xml.element("Key", encode(version.object.key)).element("VersionId", version.object.version);
  xml.element("IsLatest", version.latest ? "true" : "false");
  xml.element("LastModified", format_iso_millis(version.object.modified));
  if (!version.delete_marker) {
    xml.element("ETag", quote_etag(version.object.etag)).element("Size", version.object.size);
    xml.element("StorageClass", "STANDARD");
  }
  xml.open("Owner").element("ID", kOwner).element("DisplayName", kOwner).close();
  xml.close();
}

storage::VersionListRequest list_request(const Call& call) {
  storage::VersionListRequest request{.bucket = call.target.bucket,
                                      .prefix = text_parameter(call, "prefix"),
                                      .delimiter = text_parameter(call, "delimiter"),
                                      .after_key = text_parameter(call, "key-marker"),
                                      .after_version = text_parameter(call, "version-id-marker")};
  if (request.after_key.empty() && !request.after_version.empty()) {
    throw InvalidArgument::with_code("InvalidArgument", "list versions",
                                     "a version-id-marker needs a key-marker");
  }
  return request;
}

}  // namespace

http::ServerResponse list_versions(Call& call) {
  const NameEncoder encode(call.target);
  storage::VersionListRequest request = list_request(call);
  const unsigned most = number_parameter(call.target, "max-keys", 0, kMostVersions, kMostVersions);
  request.limit = std::max(most, 1u);
  storage::VersionPage page = call.storage.versions() ? call.versions().list(call.context, request)
                                                      : page_of_objects(call, request);
  if (most == 0) page = {};
  codec::XmlWriter xml("ListVersionsResult", kNamespace);
  xml.element("Name", request.bucket).element("Prefix", encode(request.prefix));
  if (!request.delimiter.empty()) xml.element("Delimiter", encode(request.delimiter));
  if (encode.is_url()) xml.element("EncodingType", "url");
  xml.element("KeyMarker", encode(request.after_key));
  xml.element("VersionIdMarker", request.after_version);
  xml.element("MaxKeys", std::uint64_t{most});
  xml.element("IsTruncated", page.more ? "true" : "false");
  if (page.more) {
    xml.element("NextKeyMarker", encode(page.next_key));
    if (!page.next_version.empty()) xml.element("NextVersionIdMarker", page.next_version);
  }
  for (const storage::VersionInfo& version : page.versions) write_version(xml, version, encode);
  for (const std::string& prefix : page.prefixes) {
    xml.open("CommonPrefixes").element("Prefix", encode(prefix)).close();
  }
  return xml_response(xml.finish());
}

}  // namespace holdfast::gateway
