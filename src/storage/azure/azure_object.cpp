#include "storage/azure/azure_object.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/random.h"
#include "codec/text.h"
#include "storage/azure/azure_blocks.h"
#include "storage/rules.h"

namespace holdfast::storage {

namespace {

constexpr std::string_view kMetadataPrefix = "x-ms-meta-";

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = char(c - 'A' + 'a');
  }
  return out;
}

[[noreturn]] void bad_answer(const ObjectRef& ref, std::string_view lack) {
  throw Failed("read " + ref.text(), fmt::format("the storage's answer has {}", lack),
               "check that the endpoint is Azure's Blob service");
}

Delivered read_delivered(const http::Exchange& exchange, const AzureBlob& blob,
                         const ObjectRef& ref) {
  auto text = exchange.header("content-range");
  if (!text) return {0, blob.size};
  auto range = parse_content_range(*text);
  if (!range) bad_answer(ref, "no good Content-Range");
  return {range->first, range->last - range->first + 1};
}

// Azure knows no ranges from the end and no parts: they are made plain ones of the version that was
// looked at.
struct PlainRead {
  std::optional<Range> range;
  std::optional<std::string> revision;
  bool empty = false;  // a part without bytes
};
PlainRead plain_read(AzureEndpoint& endpoint, const Context& context, const ObjectRef& ref,
                     const GetRequest& request) {
  const bool is_plain = !request.part && !(request.range && request.range->suffix);
  if (is_plain) return {request.range, request.condition.revision_is};
  ObjectInfo info = head_azure_object(endpoint, context, ref, request.condition).info;
  std::vector<std::uint64_t> sizes;
  if (request.part && info.parts > 0) {
    sizes = committed_part_sizes(list_blocks(endpoint, context, ref, true));
    if (!sizes.empty()) sizes.resize(std::max<std::size_t>(sizes.size(), info.parts), 0);
  }
  Stretch stretch = resolve_request(request, sizes, info.size, ref);
  PlainRead plain{std::nullopt, info.revision};
  plain.empty = stretch.length == 0;
  if (!plain.empty) {
    plain.range = Range{stretch.offset, stretch.offset + stretch.length - 1, std::nullopt};
  }
  return plain;
}

AzureCall read_call(std::string_view method, std::string verb, const ObjectRef& ref) {
  return {.method = method, .target = ref, .verb = std::move(verb)};
}

// A range that Azure left out is right only when it asked for everything.
void check_delivered(const Stretch& wanted, const Delivered& got, const ObjectRef& ref) {
  if (wanted.offset == got.offset && wanted.length == got.length) return;
  throw Failed("get " + ref.text(), "the storage sent another stretch than was asked for",
               "check that the endpoint is Azure's Blob service");
}

PutResult put_at_once(AzureEndpoint& endpoint, const Context& context, AzureCall& call,
                      std::string_view bytes, const AzureLabel& label) {
  call.headers.emplace_back("x-ms-blob-type", "BlockBlob");
  call.headers.emplace_back("content-md5", codec::to_base64(label.md5));
  AzureStamp stamp = endpoint.write_retry().run(
      context, AzureEndpoint::describe(call),
      [&] {
        MemorySource source(bytes);
        return endpoint.send_for_stamp(context, call, &source);
      },
      [&] { return !has_condition(call); });
  return {codec::to_hex(label.md5), stamp.revision};
}

}  // namespace

AzureBlob read_blob(const http::Exchange& exchange, const ObjectRef& ref) {
  AzureBlob blob;
  for (const auto& [name, value] : exchange.headers()) {
    std::string lower = lower_case(name);
    if (lower.starts_with(kMetadataPrefix)) {
      blob.metadata[lower.substr(kMetadataPrefix.size())] = value;
    } else {
      blob.properties[lower] = value;
    }
  }
  // Of a range's answer the first is that of the range.
  auto whole = blob.properties.find("x-ms-blob-content-md5");
  if (whole != blob.properties.end()) blob.properties["content-md5"] = whole->second;
  auto range = exchange.header("content-range");
  auto size = parse_number(range ? range->substr(std::min(range->rfind('/'), range->size() - 1) + 1)
                                 : exchange.header("content-length").value_or(""));
  if (!size) bad_answer(ref, "no good size");
  blob.size = *size;
  if (blob.properties["etag"].empty()) bad_answer(ref, "no ETag");
  try {
    blob.modified = parse_http_date(exchange.header("last-modified").value_or(""));
  } catch (const InvalidArgument&) {
    bad_answer(ref, "no good Last-Modified");
  }
  return blob;
}

AzureObject head_azure_object(AzureEndpoint& endpoint, const Context& context, const ObjectRef& ref,
                              const Condition& condition, bool for_copy) {
  AzureCall call = read_call("HEAD", "head", ref);
  return within(context, endpoint.options().request_timeout, AzureEndpoint::describe(call),
                [&](const Context& shorter) {
                  auto exchange = endpoint.send(shorter, call);
                  AzureObject object{.blob = read_blob(*exchange, ref)};
                  object.info = info_of(ref.key, object.blob);
                  check_read_condition(condition, object.info, ref, for_copy);
                  return object;
                });
}

std::vector<ObjectPart> read_part_list(AzureEndpoint& endpoint, const Context& context,
                                       const ObjectRef& ref, const ObjectInfo& info) {
  if (info.parts == 0 || !info.attributes.checksum) return {};
  auto parts = list_of_parts(committed_parts(list_blocks(endpoint, context, ref, true)),
                             info.attributes.checksum);
  std::uint64_t size = 0;
  for (const ObjectPart& part : parts) size += part.size;
  if (parts.size() != info.parts || size != info.size) return {};
  return parts;
}

AzureObject look_before_write(AzureEndpoint& endpoint, const Context& context, const ObjectRef& ref,
                              const Condition& condition) {
  return endpoint.write_retry().run(context, "head " + ref.text(), [&] {
    return head_azure_object(endpoint, context, ref, condition, true);
  });
}

std::optional<AzureObject> find_made_by(AzureEndpoint& endpoint, const Context& context,
                                        const ObjectRef& ref, const std::string& tag) {
  try {
    AzureObject now = look_before_write(endpoint, context, ref);
    auto label = label_of(now.blob);
    if (label && label->tag == tag) return now;
  } catch (const NotFound& error) {
    if (error.code() != kNoSuchKey) throw;
  }
  return std::nullopt;
}

std::unique_ptr<Reader> open_azure_reader(AzureEndpoint& endpoint, const Context& context,
                                          const ObjectRef& ref, const GetRequest& request) {
  PlainRead plain = plain_read(endpoint, context, ref, request);
  AzureCall call = read_call(plain.empty ? "HEAD" : "GET", "get", ref);
  if (plain.range) call.headers.emplace_back("range", range_header(*plain.range));
  if (plain.revision) call.headers.emplace_back("if-match", quote_etag(*plain.revision));
  std::string what = AzureEndpoint::describe(call);
  auto exchange = within(context, endpoint.options().request_timeout, what,
                         [&](const Context& shorter) { return endpoint.send(shorter, call); });
  AzureBlob blob = read_blob(*exchange, ref);
  ObjectInfo info = info_of(ref.key, blob);
  check_read_condition(request.condition, info, ref);
  Delivered delivered{info.size, 0};
  if (!plain.empty) {
    // Before anything else: a range beyond the end is answered in odd ways.
    Stretch wanted{0, info.size};
    if (plain.range) wanted = resolve_range(*plain.range, info.size, ref);
    delivered = read_delivered(*exchange, blob, ref);
    check_delivered(wanted, delivered, ref);
  }
  return make_http_reader(context, std::move(exchange), std::move(info), delivered,
                          std::move(what));
}

void add_write_condition(AzureEndpoint& endpoint, const Context& context, AzureCall& write,
                         const Condition& condition) {
  const bool needs_object =
      condition.must_exist || condition.revision_is || !condition.etag_is.empty();
  if (condition.must_not_exist && needs_object) {
    throw PreconditionFailed("conditional request", "nothing can both exist and not exist");
  }
  if (!condition.etag_is.empty() || (condition.must_exist && !condition.revision_is)) {
    try {
      ObjectInfo now = look_before_write(endpoint, context, write.target).info;
      check_write_condition(condition, &now, write.target);
      write.headers.emplace_back("if-match", quote_etag(now.revision));
    } catch (const NotFound& error) {
      if (error.code() != kNoSuchKey) throw;
      check_write_condition(condition, nullptr, write.target);
    }
  } else if (condition.revision_is) {
    write.headers.emplace_back("if-match", quote_etag(*condition.revision_is));
  } else if (condition.must_not_exist) {
    write.headers.emplace_back("if-none-match", "*");
  }
  write.conditional_write = needs_object;
}

PutResult put_azure_object(AzureEndpoint& endpoint, const Context& context, const ObjectRef& ref,
                           Source& body, const PutRequest& request) {
  BlockTarget target{.ref = ref, .verb = "put"};
  target.id.tag = random_bytes(kUploadTagSize);
  target.id.part = 1;
  target.id.attempt = attempt_at(context.clock().now(), random_number());
  AzureLabel label{.tag = target.id.tag, .attributes = request.attributes};
  codec::Digest md5(codec::DigestAlgorithm::kMd5);
  std::vector<std::string> names;
  BlockCutter cutter(body, room_for(endpoint, body));
  std::string_view bytes = cutter.next();
  md5.update(bytes);
  for (; !cutter.at_end(); bytes = cutter.next(), md5.update(bytes)) {
    names.push_back(encode_block_id(target.id));
    stage_block(endpoint, context, target, names.back(), bytes);
    ++target.id.index;
  }
  label.md5 = md5.finish();
  check_digest(request.md5, label.md5, ref);
  if (request.checksum_at_end) {
    if (auto at_end = request.checksum_at_end()) label.attributes.checksum = at_end;
  }
  AzureCall call{.method = "PUT", .target = ref, .verb = "put"};
  add_label_headers(call.headers, label, label.md5);
  add_write_condition(endpoint, context, call, request.condition);
  if (names.empty()) return put_at_once(endpoint, context, call, bytes, label);
  target.id.sum = BlockSum{.md5 = label.md5};
  names.push_back(encode_block_id(target.id));
  stage_block(endpoint, context, target, names.back(), bytes);
  AzureStamp stamp = commit_blocks(endpoint, context, call, names, label.tag);
  return {codec::to_hex(label.md5), stamp.revision};
}

}  // namespace holdfast::storage
