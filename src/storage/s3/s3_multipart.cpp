#include "storage/s3/s3_multipart.h"

#include <algorithm>

#include "codec/text.h"
#include "storage/rules.h"
#include "storage/s3/s3_copy.h"
#include "storage/s3/s3_headers.h"
#include "storage/s3/s3_list.h"
#include "storage/s3/s3_reader.h"

namespace holdfast::storage {

namespace {

using codec::DigestAlgorithm;

constexpr std::string_view kNamespace = "http://s3.amazonaws.com/doc/2006-03-01/";
constexpr DigestAlgorithm kAlgorithms[] = {DigestAlgorithm::kCrc32, DigestAlgorithm::kCrc32c,
                                           DigestAlgorithm::kCrc64Nvme, DigestAlgorithm::kSha1,
                                           DigestAlgorithm::kSha256};

std::string checksum_element(DigestAlgorithm algorithm) {
  return "Checksum" + std::string(codec::name_of(algorithm));
}

std::optional<Checksum> read_part_checksum(const codec::XmlElement& element) {
  for (DigestAlgorithm algorithm : kAlgorithms) {
    auto raw = codec::from_base64(element.child_text(checksum_element(algorithm)));
    if (raw && raw->size() == codec::digest_size(algorithm)) return Checksum{algorithm, *raw};
  }
  return std::nullopt;
}

S3Call part_call(const ObjectRef& ref, const std::string& upload_id, unsigned number,
                 std::string verb) {
  return {.method = "PUT",
          .target = ref,
          .verb = std::move(verb),
          .query = {{"partNumber", std::to_string(number)}, {"uploadId", upload_id}}};
}

// What the finished object must be: the endpoint has the parts to tell.
void add_whole(codec::Headers& headers, const Condition& condition) {
  if (condition.whole_size) {
    headers.emplace_back("x-amz-mp-object-size", std::to_string(*condition.whole_size));
  }
  if (const auto& sum = condition.whole_checksum) {
    std::string value = codec::to_base64(sum->value);
    if (sum->composite && sum->parts > 0) value += "-" + std::to_string(sum->parts);
    headers.emplace_back(checksum_header(sum->algorithm), std::move(value));
    headers.emplace_back("x-amz-checksum-type", sum->composite ? "COMPOSITE" : "FULL_OBJECT");
  }
}

std::string completion(const std::vector<CompletedPart>& parts) {
  codec::XmlWriter xml("CompleteMultipartUpload", kNamespace);
  for (const CompletedPart& part : parts) {
    xml.open("Part").element("PartNumber", std::uint64_t(part.number));
    xml.element("ETag", quote_etag(part.etag));
    if (part.checksum) {
      xml.element(checksum_element(part.checksum->algorithm),
                  codec::to_base64(part.checksum->value));
    }
    xml.close();
  }
  return xml.finish();
}

}  // namespace

std::string S3Multipart::create(const Context& context, const ObjectRef& ref,
                                const Attributes& attributes, std::optional<Checksum> checksum_kind,
                                const EncryptionRequest& encryption) {
  check_key(ref.key);
  S3Call call{
      .method = "POST", .target = ref, .verb = "start upload of", .query = {{"uploads", ""}}};
  add_attributes(call.headers, attributes);
  call.encrypt(encryption);
  if (checksum_kind) {
    call.headers.emplace_back("x-amz-checksum-algorithm", codec::name_of(checksum_kind->algorithm));
    call.headers.emplace_back("x-amz-checksum-type",
                              checksum_kind->composite ? "COMPOSITE" : "FULL_OBJECT");
  }
  codec::XmlElement root = endpoint_.send_for_xml(context, call, "InitiateMultipartUploadResult");
  std::string id = root.child_text("UploadId");
  if (id.empty()) S3Document(root, S3Endpoint::describe(call)).bad("it has no upload id");
  return id;
}

PartInfo S3Multipart::put_part(const Context& context, const ObjectRef& ref,
                               const std::string& upload_id, unsigned number, Source& body,
                               const PutRequest& request) {
  check_part_number(number, ref);
  S3Call call = part_call(ref, upload_id, number, "put part of");
  call.encrypt({.customer_key = request.encryption.customer_key});
  S3Payload payload = choose_payload(body, request, ref, PayloadOf::kPart);
  payload.mark_encoding(call.headers);
  return within(context, endpoint_.options().request_timeout, S3Endpoint::describe(call),
                [&](const Context& shorter) {
                  auto exchange = endpoint_.send(shorter, call, &payload);
                  PartInfo part{.number = number, .size = payload.size};
                  part.etag = unquoted(exchange->header("etag").value_or(""));
                  part.modified = context.clock().now();
                  part.checksum = read_checksum(*exchange);
                  part.encryption = read_encryption(*exchange);
                  if (part.etag.empty()) {
                    throw Failed(S3Endpoint::describe(call), "the storage's answer has no ETag",
                                 "check that the endpoint speaks the S3 protocol");
                  }
                  read_all(*exchange, 1 << 16);
                  return part;
                });
}

PartInfo S3Multipart::copy_part(const Context& context, const ObjectRef& ref,
                                const std::string& upload_id, unsigned number,
                                const ObjectRef& source, const CopyPartRequest& request) {
  check_part_number(number, ref);
  S3Call call = part_call(ref, upload_id, number, "copy part of");
  call.headers.emplace_back("x-amz-copy-source", copy_source(source));
  add_customer_key(call.headers, request.source_customer_key, "x-amz-copy-source-");
  call.encrypt({.customer_key = request.customer_key});
  const std::optional<Range>& range = request.range;
  Stretch stretch;
  if (range && range->last && !range->suffix && *range->last >= range->first) {
    stretch = {range->first, *range->last - range->first + 1};
  } else {
    ObjectInfo info = head_s3_object(
        endpoint_, context, source,
        {.condition = request.source_condition, .customer_key = request.source_customer_key});
    stretch = {0, info.size};
    if (range) stretch = resolve_range(*range, info.size, source);
  }
  if (range) {
    Range exact{stretch.offset, stretch.offset + stretch.length - 1, std::nullopt};
    call.headers.emplace_back("x-amz-copy-source-range", range_header(exact));
  }
  add_read_conditions(call.headers, request.source_condition, "x-amz-copy-source-");
  codec::XmlElement root = endpoint_.send_for_xml(context, call, "CopyPartResult");
  S3Document document(root, S3Endpoint::describe(call));
  PartInfo part{.number = number, .size = stretch.length};
  part.etag = unquoted(root.child_text("ETag"));
  part.modified = document.time(root, "LastModified");
  return part;
}

PutResult S3Multipart::complete(const Context& context, const ObjectRef& ref,
                                const std::string& upload_id,
                                const std::vector<CompletedPart>& parts,
                                const Condition& condition) {
  S3Call call{.method = "POST",
              .target = ref,
              .verb = "complete",
              .query = {{"uploadId", upload_id}},
              .conditional_write = needs_object(condition)};
  add_write_conditions(call.headers, condition);
  add_whole(call.headers, condition);
  std::string body = completion(parts);
  codec::XmlElement root =
      endpoint_.send_for_xml(context, call, "CompleteMultipartUploadResult", &body);
  std::string etag = unquoted(root.child_text("ETag"));
  if (etag.empty()) S3Document(root, S3Endpoint::describe(call)).bad("it has no ETag");
  return {etag, etag};
}

void S3Multipart::abort(const Context& context, const ObjectRef& ref,
                        const std::string& upload_id) {
  endpoint_.send_for_nothing(
      context,
      {.method = "DELETE", .target = ref, .verb = "abort", .query = {{"uploadId", upload_id}}});
}

PartPage S3Multipart::parts(const Context& context, const ObjectRef& ref,
                            const std::string& upload_id, unsigned after, unsigned limit) {
  S3Call call{.target = ref,
              .verb = "list parts of",
              .query = {{"uploadId", upload_id}, {"max-parts", std::to_string(limit)}}};
  if (after > 0) call.query.emplace_back("part-number-marker", std::to_string(after));
  codec::XmlElement root = endpoint_.send_for_xml(context, call, "ListPartsResult");
  S3Document document(root, S3Endpoint::describe(call));
  PartPage page;
  for (const codec::XmlElement& element : root.children) {
    if (element.name != "Part") continue;
    std::uint64_t number = document.number(element, "PartNumber");
    if (number <= after || number > 10'000) document.bad("its parts are out of order");
    page.parts.push_back({.number = unsigned(number),
                          .size = document.number(element, "Size"),
                          .etag = unquoted(element.child_text("ETag")),
                          .modified = document.time(element, "LastModified"),
                          .checksum = read_part_checksum(element)});
    after = unsigned(number);
  }
  page.more = document.truncated();
  if (page.more && page.parts.empty()) document.bad("it does not say how to go on");
  return page;
}

UploadPage S3Multipart::uploads(const Context& context, const UploadListRequest& request) {
  S3Call call{.target = {request.bucket, ""}, .verb = "list uploads in"};
  call.query = {
      {"uploads", ""}, {"encoding-type", "url"}, {"max-uploads", std::to_string(request.limit)}};
  if (!request.prefix.empty()) call.query.emplace_back("prefix", request.prefix);
  if (!request.delimiter.empty()) call.query.emplace_back("delimiter", request.delimiter);
  if (!request.after_key.empty()) call.query.emplace_back("key-marker", request.after_key);
  if (!request.after_upload_id.empty()) {
    call.query.emplace_back("upload-id-marker", request.after_upload_id);
  }
  codec::XmlElement root = endpoint_.send_for_xml(context, call, "ListMultipartUploadsResult");
  S3Document document(root, S3Endpoint::describe(call));
  UploadPage page;
  for (const codec::XmlElement& element : root.children) {
    if (element.name == "Upload") {
      page.uploads.push_back({document.text(element, "Key"), element.child_text("UploadId"),
                              document.time(element, "Initiated")});
    } else if (element.name == "CommonPrefixes") {
      page.prefixes.push_back(document.text(element, "Prefix"));
    }
  }
  page.more = document.truncated();
  if (page.more && page.uploads.empty() && page.prefixes.empty()) {
    document.bad("it does not say how to go on");
  }
  // Endpoints sort the uploads of one key by their age.
  std::sort(page.uploads.begin(), page.uploads.end(), [](const auto& a, const auto& b) {
    return std::tie(a.key, a.upload_id) < std::tie(b.key, b.upload_id);
  });
  return page;
}

}  // namespace holdfast::storage
