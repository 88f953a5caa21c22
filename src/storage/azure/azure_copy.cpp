#include "storage/azure/azure_copy.h"

#include "base/random.h"
#include "codec/text.h"
#include "storage/azure/azure_blocks.h"
#include "storage/azure/azure_object.h"

namespace holdfast::storage {

namespace {

// The label of the copy. A source of another tool's gets one when its MD5 is known, so that the
// copy keeps the ETag.
AzureLabel copied_label(const AzureObject& source, const CopyRequest& request) {
  AzureLabel label;
  if (auto known = label_of(source.blob)) {
    label = std::move(*known);
  } else {
    label.md5 = codec::from_hex(source.info.etag).value_or("");
    label.attributes = source.info.attributes;
  }
  label.tag = random_bytes(kUploadTagSize);
  if (!request.replace) return label;
  auto checksum = std::move(label.attributes.checksum);
  label.attributes = *request.replace;
  if (!label.attributes.checksum) label.attributes.checksum = std::move(checksum);
  return label;
}

// The source as the service reads it: that very version.
codec::Headers source_headers(AzureEndpoint& endpoint, const Context& context,
                              const ObjectRef& source, const AzureObject& object) {
  return {{"x-ms-copy-source", endpoint.source_url(source, context.clock().now())},
          {"x-ms-source-if-match", quote_etag(object.info.revision)}};
}

AzureStamp copy_at_once(AzureEndpoint& endpoint, const Context& context, const AzureCall& write,
                        const ObjectRef& source, const AzureObject& object) {
  AzureCall call = write;
  for (auto& header : source_headers(endpoint, context, source, object)) {
    call.headers.push_back(std::move(header));
  }
  call.headers.emplace_back("x-ms-requires-sync", "true");
  return endpoint.write_retry().run(
      context, AzureEndpoint::describe(call),
      [&] { return endpoint.send_for_stamp(context, call); }, [&] { return !has_condition(call); });
}

AzureStamp copy_in_blocks(AzureEndpoint& endpoint, const Context& context, const AzureCall& write,
                          const ObjectRef& source, const AzureObject& object,
                          const AzureLabel& label) {
  BlockId id{.tag = label.tag, .part = 1};
  id.attempt = attempt_at(context.clock().now(), random_number());
  std::vector<std::string> names;
  for (std::uint64_t at = 0; at < object.info.size; at += kCopiedAtOnce, ++id.index) {
    names.push_back(encode_block_id(id));
    AzureCall call{.method = "PUT", .target = write.target, .verb = write.verb};
    call.query = {{"comp", "block"}, {"blockid", names.back()}};
    call.headers = source_headers(endpoint, context, source, object);
    Range range{at, std::min(at + kCopiedAtOnce, object.info.size) - 1, std::nullopt};
    call.headers.emplace_back("x-ms-source-range", range_header(range));
    endpoint.write_retry().run(context, AzureEndpoint::describe(call),
                               [&] { endpoint.send_for_stamp(context, call); });
  }
  return commit_blocks(endpoint, context, write, names, label.tag);
}

}  // namespace

CopyResult copy_azure_object(AzureEndpoint& endpoint, const Context& context,
                             const ObjectRef& source, const ObjectRef& destination,
                             const CopyRequest& request) {
  AzureObject object = look_before_write(endpoint, context, source, request.source_condition);
  AzureLabel label = copied_label(object, request);
  AzureCall write{.method = "PUT", .target = destination, .verb = "copy to"};
  add_write_condition(endpoint, context, write, request.condition);
  CopyResult result{.etag = object.info.etag};
  AzureStamp stamp;
  if (object.info.size <= kCopiedAtOnce) {
    // Properties are copied with the blob, whatever the headers say: the label tells ours.
    write.headers.emplace_back("x-ms-meta-" + std::string(kLabelName), encode_azure_label(label));
    stamp = copy_at_once(endpoint, context, write, source, object);
  } else {
    add_label_headers(write.headers, label, label.parts == 0 ? label.md5 : "");
    stamp = copy_in_blocks(endpoint, context, write, source, object, label);
  }
  if (label.md5.empty()) {  // its ETag is made of Azure's own
    result.etag = look_before_write(endpoint, context, destination).info.etag;
  }
  result.revision = stamp.revision;
  result.modified = stamp.modified;
  return result;
}

}  // namespace holdfast::storage
