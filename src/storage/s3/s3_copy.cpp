#include "storage/s3/s3_copy.h"

#include <algorithm>

#include "codec/text.h"
#include "storage/s3/s3_headers.h"
#include "storage/s3/s3_list.h"
#include "storage/s3/s3_reader.h"

namespace holdfast::storage {

namespace {

constexpr std::uint64_t kLargestCopy = 5ull << 30;
constexpr std::uint64_t kCopiedPart = 512ull << 20;
constexpr std::uint64_t kMostParts = 10'000;

CopyResult copy_at_once(S3Endpoint& endpoint, const Context& context, const ObjectRef& source,
                        const ObjectRef& destination, const CopyRequest& request) {
  S3Call call{.method = "PUT", .target = destination, .verb = "copy to"};
  call.conditional_write = needs_object(request.condition);
  call.headers.emplace_back("x-amz-copy-source", copy_source(source));
  call.headers.emplace_back("x-amz-metadata-directive", request.replace ? "REPLACE" : "COPY");
  if (request.replace) add_attributes(call.headers, *request.replace);
  add_read_conditions(call.headers, request.source_condition, "x-amz-copy-source-");
  add_write_conditions(call.headers, request.condition);
  add_customer_key(call.headers, request.source_customer_key, "x-amz-copy-source-");
  call.encrypt(request.encryption);
  codec::XmlElement root = endpoint.send_for_xml(context, call, "CopyObjectResult");
  S3Document document(root, S3Endpoint::describe(call));
  CopyResult result;
  result.etag = result.revision = unquoted(root.child_text("ETag"));
  if (result.etag.empty()) document.bad("it has no ETag");
  result.modified = document.time(root, "LastModified");
  return result;
}

std::vector<CompletedPart> copy_all_parts(MultipartStore& store, const Context& context,
                                          const ObjectRef& destination, const std::string& upload,
                                          const ObjectRef& source, const ObjectInfo& info,
                                          const CopyRequest& request) {
  std::uint64_t part_size = std::max(kCopiedPart, (info.size + kMostParts - 1) / kMostParts);
  CopyPartRequest copy{.source_condition = {.etag_is = {info.etag}},
                       .source_customer_key = request.source_customer_key,
                       .customer_key = request.encryption.customer_key};
  std::vector<CompletedPart> parts;
  for (std::uint64_t at = 0; at < info.size; at += part_size) {
    copy.range = Range{at, std::min(at + part_size, info.size) - 1, std::nullopt};
    PartInfo part =
        store.copy_part(context, destination, upload, unsigned(parts.size()) + 1, source, copy);
    parts.push_back({part.number, part.etag, std::nullopt});
  }
  return parts;
}

CopyResult copy_in_parts(S3Endpoint& endpoint, MultipartStore& store, const Context& context,
                         const ObjectRef& source, const ObjectInfo& info,
                         const ObjectRef& destination, const CopyRequest& request) {
  Attributes attributes = request.replace ? *request.replace : info.attributes;
  attributes.checksum.reset();  // of the whole, which no part has
  std::string upload =
      store.create(context, destination, attributes, std::nullopt, request.encryption);
  try {
    auto parts = copy_all_parts(store, context, destination, upload, source, info, request);
    PutResult put = store.complete(context, destination, upload, parts, request.condition);
    ObjectInfo made = head_s3_object(endpoint, context, destination,
                                     {.customer_key = request.encryption.customer_key});
    return {put.etag, put.revision, made.modified};
  } catch (const Error&) {
    try {
      store.abort(context, destination, upload);
    } catch (const Error&) {  // the first error tells more
    }
    throw;
  }
}

}  // namespace

std::string copy_source(const ObjectRef& source) {
  return codec::uri_encode("/" + source.text(), codec::Slash::kKeep);
}

CopyResult copy_s3_object(S3Endpoint& endpoint, MultipartStore& parts, const Context& context,
                          const ObjectRef& source, const ObjectRef& destination,
                          const CopyRequest& request) {
  try {
    return copy_at_once(endpoint, context, source, destination, request);
  } catch (const InvalidArgument&) {
    // Endpoints have no code of its own for a source that is too large. Asking for the size only
    // now saves a request on every other copy.
    ObjectInfo info = head_s3_object(
        endpoint, context, source,
        {.condition = request.source_condition, .customer_key = request.source_customer_key});
    if (info.size <= kLargestCopy) throw;
    return copy_in_parts(endpoint, parts, context, source, info, destination, request);
  }
}

}  // namespace holdfast::storage
