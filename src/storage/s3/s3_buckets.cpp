#include "storage/s3/s3_buckets.h"

#include <algorithm>

#include "storage/s3/s3_list.h"

namespace holdfast::storage {

namespace {

constexpr std::string_view kNamespace = "http://s3.amazonaws.com/doc/2006-03-01/";
constexpr std::string_view kDefaultRegion = "us-east-1";  // must not be named as a constraint

}  // namespace

std::vector<BucketInfo> S3Buckets::list(const Context& context) {
  S3Call call{.verb = "list buckets"};
  codec::XmlElement root = endpoint_.send_for_xml(context, call, "ListAllMyBucketsResult");
  S3Document document(root, call.verb);
  std::vector<BucketInfo> buckets;
  if (const codec::XmlElement* all = root.child("Buckets")) {
    for (const codec::XmlElement& element : all->children) {
      if (element.name != "Bucket") continue;
      buckets.push_back({element.child_text("Name"), document.time(element, "CreationDate")});
    }
  }
  std::sort(buckets.begin(), buckets.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return buckets;
}

void S3Buckets::create(const Context& context, const std::string& name) {
  check_bucket_name(name);
  S3Call call{.method = "PUT", .target = {name, ""}, .verb = "create bucket"};
  std::string body;
  if (endpoint_.options().region != kDefaultRegion) {
    body = codec::XmlWriter("CreateBucketConfiguration", kNamespace)
               .element("LocationConstraint", endpoint_.options().region)
               .finish();
  }
  endpoint_.send_for_nothing(context, call, body.empty() ? nullptr : &body);
}

void S3Buckets::remove(const Context& context, const std::string& name) {
  check_bucket_name(name);
  endpoint_.send_for_nothing(context,
                             {.method = "DELETE", .target = {name, ""}, .verb = "remove bucket"});
}

BucketInfo S3Buckets::info(const Context& context, const std::string& name) {
  check_bucket_name(name);
  endpoint_.send_for_nothing(context,
                             {.method = "HEAD", .target = {name, ""}, .verb = "look at bucket"});
  return {name, WallTime{}};
}

}  // namespace holdfast::storage
