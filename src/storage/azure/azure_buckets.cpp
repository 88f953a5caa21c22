#include "storage/azure/azure_buckets.h"

#include <algorithm>

#include "storage/azure/azure_list.h"

namespace holdfast::storage {

namespace {

void check_container_name(const std::string& name) {
  check_bucket_name(name);
  if (name.find('.') == std::string::npos && name.find("--") == std::string::npos) return;
  throw InvalidArgument::with_code(kInvalidBucketName, "bucket name '" + name + "'",
                                   "a container's name has no dots and no double dashes");
}

WallTime time_of(const std::string& text) {
  try {
    return parse_http_date(text);
  } catch (const InvalidArgument&) {
    throw Failed("list buckets", "the storage's answer has no good time",
                 "check that the endpoint is Azure's Blob service");
  }
}

}  // namespace

std::vector<BucketInfo> AzureBuckets::list(const Context& context) {
  std::vector<BucketInfo> buckets;
  std::string marker;
  do {
    AzureCall call{.verb = "list buckets", .query = {{"comp", "list"}}};
    if (!marker.empty()) call.query.emplace_back("marker", marker);
    codec::XmlElement root = endpoint_.send_for_xml(context, call, "EnumerationResults");
    if (const codec::XmlElement* all = root.child("Containers")) {
      for (const codec::XmlElement& element : all->children) {
        const codec::XmlElement* properties = element.child("Properties");
        buckets.push_back({element.child_text("Name"),
                           time_of(properties ? properties->child_text("Last-Modified") : "")});
      }
    }
    std::string next = root.child_text("NextMarker");
    if (!next.empty() && next == marker) break;
    marker = std::move(next);
  } while (!marker.empty());
  // "$root", "$logs" and the like are no buckets.
  std::erase_if(buckets, [](const BucketInfo& info) { return info.name.starts_with('$'); });
  std::sort(buckets.begin(), buckets.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return buckets;
}

void AzureBuckets::create(const Context& context, const std::string& name) {
  check_container_name(name);
  endpoint_.send_for_stamp(context, {.method = "PUT",
                                     .target = {name, ""},
                                     .verb = "create bucket",
                                     .query = {{"restype", "container"}}});
}

void AzureBuckets::remove(const Context& context, const std::string& name) {
  check_container_name(name);
  ListPage page = AzureLister(endpoint_).list(context, {.bucket = name, .limit = 1});
  if (!page.objects.empty() || !page.prefixes.empty()) {
    throw PreconditionFailed::with_code(kBucketNotEmpty, "remove bucket " + name,
                                        "there are objects in it");
  }
  endpoint_.send_for_stamp(context, {.method = "DELETE",
                                     .target = {name, ""},
                                     .verb = "remove bucket",
                                     .query = {{"restype", "container"}}});
}

BucketInfo AzureBuckets::info(const Context& context, const std::string& name) {
  check_container_name(name);
  AzureStamp stamp = endpoint_.send_for_stamp(context, {.method = "HEAD",
                                                        .target = {name, ""},
                                                        .verb = "look at bucket",
                                                        .query = {{"restype", "container"}}});
  return {name, stamp.modified};
}

}  // namespace holdfast::storage
