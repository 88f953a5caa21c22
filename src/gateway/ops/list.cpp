#include "gateway/ops/list.h"

#include <algorithm>

#include "base/error.h"
#include "codec/text.h"
#include "gateway/attributes.h"

namespace holdfast::gateway {

namespace {

[[noreturn]] void refuse(std::string why) {
  throw InvalidArgument::with_code("InvalidArgument", "list objects", std::move(why));
}

std::string text_parameter(const Target& target, std::string_view name) {
  return std::string(target.parameter(name).value_or(""));
}

constexpr unsigned kMostKeys = 1000;
constexpr std::size_t kBytesOfContents = 270;  // of one object's element, but for its key

struct Listing {
  storage::ListRequest request;
  unsigned max_keys = kMostKeys;
  storage::ListPage page;

  bool truncated() const { return !page.next.empty(); }
  // Where the next page starts by name: the last key or prefix of this one.
  std::string last_name() const {
    std::string last;
    if (!page.objects.empty()) last = page.objects.back().key;
    if (!page.prefixes.empty()) last = std::max(last, page.prefixes.back());
    return last;
  }
};

// `after` and `cursor` as the kind of listing has them.
Listing run_listing(Call& call, std::string after, std::string cursor) {
  Listing listing;
  listing.request = {.bucket = call.target.bucket,
                     .prefix = text_parameter(call.target, "prefix"),
                     .delimiter = text_parameter(call.target, "delimiter"),
                     .after = std::move(after),
                     .cursor = std::move(cursor)};
  listing.max_keys = number_parameter(call.target, "max-keys", 0, kMostKeys, kMostKeys);
  listing.request.limit = listing.max_keys;
  if (listing.max_keys == 0) {
    call.require_bucket();
  } else {
    listing.page = call.storage.list(call.context, listing.request);
  }
  return listing;
}

void write_owner(codec::XmlWriter& xml) {
  xml.open("Owner").element("ID", kOwner).element("DisplayName", kOwner).close();
}

void write_object(codec::XmlWriter& xml, const storage::ObjectInfo& object,
                  const NameEncoder& encode) {
  xml.element("Key", encode(object.key));
  xml.element("LastModified", format_iso_millis(object.modified));
  xml.element("ETag", quote_etag(object.etag));
  xml.element("Size", object.size);
  xml.element("StorageClass", "STANDARD");
}

// What the answers of all kinds begin with.
void write_head(codec::XmlWriter& xml, const Listing& listing, const NameEncoder& encode) {
  xml.element("Name", listing.request.bucket);
  xml.element("Prefix", encode(listing.request.prefix));
  if (!listing.request.delimiter.empty()) {
    xml.element("Delimiter", encode(listing.request.delimiter));
  }
  if (encode.is_url()) xml.element("EncodingType", "url");
  xml.element("MaxKeys", std::uint64_t{listing.max_keys});
  xml.element("IsTruncated", listing.truncated() ? "true" : "false");
}

void write_contents(codec::XmlWriter& xml, const Listing& listing, const NameEncoder& encode,
                    bool with_owner) {
  std::size_t bytes = 0;
  for (const storage::ObjectInfo& object : listing.page.objects) {
    bytes += kBytesOfContents + object.key.size();
  }
  xml.expect(bytes);
  for (const storage::ObjectInfo& object : listing.page.objects) {
    xml.open("Contents");
    write_object(xml, object, encode);
    if (with_owner) write_owner(xml);
    xml.close();
  }
}

void write_prefixes(codec::XmlWriter& xml, const Listing& listing, const NameEncoder& encode) {
  for (const std::string& prefix : listing.page.prefixes) {
    xml.open("CommonPrefixes").element("Prefix", encode(prefix)).close();
  }
}

}  // namespace

NameEncoder::NameEncoder(const Target& target) {
  auto type = target.parameter("encoding-type");
  if (!type || type->empty()) return;
  if (*type != "url") refuse("encoding-type is not url");
  url_ = true;
}

std::string NameEncoder::operator()(std::string_view name) const {
  return url_ ? codec::uri_encode(name, codec::Slash::kKeep) : std::string(name);
}

http::ServerResponse list_objects_v1(Call& call) {
  const NameEncoder encode(call.target);
  const std::string marker = text_parameter(call.target, "marker");
  const Listing listing = run_listing(call, marker, "");
  codec::XmlWriter xml("ListBucketResult", kNamespace);
  write_head(xml, listing, encode);
  xml.element("Marker", encode(marker));
  if (listing.truncated() && !listing.request.delimiter.empty()) {
    xml.element("NextMarker", encode(listing.last_name()));
  }
  write_contents(xml, listing, encode, true);
  write_prefixes(xml, listing, encode);
  return xml_response(xml.finish());
}

http::ServerResponse list_objects_v2(Call& call) {
  if (text_parameter(call.target, "list-type") != "2") refuse("list-type is not 2");
  const NameEncoder encode(call.target);
  const std::string start_after = text_parameter(call.target, "start-after");
  auto token = call.target.parameter("continuation-token");
  std::optional<std::string> cursor;
  if (token && !token->empty()) {  // an empty one is that of the first page
    cursor = codec::from_base64(*token);
    if (!cursor || cursor->empty()) refuse("the continuation token is not one of ours");
  }
  const Listing listing = run_listing(call, start_after, cursor.value_or(""));
  codec::XmlWriter xml("ListBucketResult", kNamespace);
  write_head(xml, listing, encode);
  xml.element("KeyCount",
              std::uint64_t{listing.page.objects.size() + listing.page.prefixes.size()});
  if (!start_after.empty()) xml.element("StartAfter", encode(start_after));
  if (token) xml.element("ContinuationToken", *token);
  if (listing.truncated()) {
    xml.element("NextContinuationToken", codec::to_base64(listing.page.next));
  }
  write_contents(xml, listing, encode, call.target.parameter("fetch-owner") == "true");
  write_prefixes(xml, listing, encode);
  return xml_response(xml.finish());
}

}  // namespace holdfast::gateway
