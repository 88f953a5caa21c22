#include "storage/s3/s3_list.h"

#include <fmt/format.h>

#include "codec/text.h"
#include "storage/rules.h"
#include "storage/s3/s3_headers.h"

namespace holdfast::storage {

namespace {

S3Call list_call(const ListRequest& request, const std::string& cursor) {
  S3Call call{.target = {request.bucket, ""}, .verb = "list"};
  call.query = {
      {"list-type", "2"}, {"encoding-type", "url"}, {"max-keys", std::to_string(request.limit)}};
  if (!request.prefix.empty()) call.query.emplace_back("prefix", request.prefix);
  if (!request.delimiter.empty()) call.query.emplace_back("delimiter", request.delimiter);
  if (!cursor.empty()) {
    call.query.emplace_back("continuation-token", cursor);
  } else if (!request.after.empty()) {
    call.query.emplace_back("start-after", request.after);
  }
  return call;
}

ObjectInfo read_object(const S3Document& document, const codec::XmlElement& element) {
  ObjectInfo info;
  info.key = document.text(element, "Key");
  info.size = document.number(element, "Size");
  info.etag = unquoted(element.child_text("ETag"));
  info.revision = info.etag;
  info.parts = parts_of_etag(info.etag);
  info.modified = document.time(element, "LastModified");
  return info;
}

// Takes the names of one kind off a page, in order and under the prefix.
class NameCheck {
 public:
  NameCheck(const S3Document& document, const std::string& prefix)
      : document_(document), prefix_(prefix) {}
  void operator()(const std::string& name) {
    if (!name.starts_with(prefix_)) document_.bad("it lists what was not asked for");
    if (any_ && name <= last_) document_.bad("it is not sorted by the keys' bytes");
    any_ = true;
    last_ = name;
  }

 private:
  const S3Document& document_;
  const std::string& prefix_;
  std::string last_;
  bool any_ = false;
};

ListPage list_page(S3Endpoint& endpoint, const Context& context, const ListRequest& request,
                   const std::string& cursor) {
  S3Call call = list_call(request, cursor);
  codec::XmlElement root = endpoint.send_for_xml(context, call, "ListBucketResult");
  S3Document document(root, S3Endpoint::describe(call));
  ListPage page;
  NameCheck next_key(document, request.prefix), next_prefix(document, request.prefix);
  for (const codec::XmlElement& element : root.children) {
    if (element.name == "Contents") {
      page.objects.push_back(read_object(document, element));
      next_key(page.objects.back().key);
    } else if (element.name == "CommonPrefixes") {
      page.prefixes.push_back(document.text(element, "Prefix"));
      next_prefix(page.prefixes.back());
    }
  }
  if (document.truncated()) {
    page.next = root.child_text("NextContinuationToken");
    if (page.next.empty() || page.next == cursor) document.bad("it does not say how to go on");
  }
  return page;
}

}  // namespace

S3Document::S3Document(const codec::XmlElement& root, std::string what)
    : root_(root), what_(std::move(what)), encoded_(root.child_text("EncodingType") == "url") {}

void S3Document::bad(std::string_view why) const {
  throw Failed(what_, fmt::format("the storage's answer cannot be used: {}", why),
               "check that the endpoint speaks the S3 protocol");
}

std::string S3Document::text(const codec::XmlElement& of, std::string_view child) const {
  std::string value = of.child_text(child);
  if (!encoded_) return value;
  auto decoded = codec::uri_decode(value, true);
  if (!decoded) bad("a name in it is wrongly encoded");
  return *decoded;
}

std::uint64_t S3Document::number(const codec::XmlElement& of, std::string_view child) const {
  auto value = parse_number(of.child_text(child));
  if (!value) bad(fmt::format("{} is not a number", child));
  return *value;
}

WallTime S3Document::time(const codec::XmlElement& of, std::string_view child) const {
  try {
    return parse_rfc3339(of.child_text(child));
  } catch (const InvalidArgument&) {
    bad(fmt::format("{} is not a time", child));
  }
}

bool S3Document::truncated() const { return root_.child_text("IsTruncated") == "true"; }

ListPage list_s3_objects(S3Endpoint& endpoint, const Context& context, const ListRequest& request) {
  check_list_request(request);
  std::string cursor = request.cursor;
  while (true) {
    ListPage page = list_page(endpoint, context, request, cursor);
    // S3 starts behind `after` among the keys: a common prefix of later keys may still sort before
    // it. With a cursor that page has been seen.
    if (cursor.empty()) {
      std::erase_if(page.prefixes, [&](const auto& prefix) { return prefix <= request.after; });
    }
    if (!page.objects.empty() || !page.prefixes.empty() || page.next.empty()) return page;
    cursor = page.next;
  }
}

}  // namespace holdfast::storage
