#include "gateway/ops/multipart.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/error.h"
#include "codec/digest.h"
#include "codec/text.h"
#include "gateway/attributes.h"
#include "gateway/auth/request_body.h"
#include "gateway/checksums.h"
#include "gateway/conditions.h"
#include "gateway/encryption.h"
#include "gateway/marks.h"
#include "gateway/ops/copy.h"
#include "gateway/ops/list.h"
#include "gateway/text.h"
#include "gateway/write_gate.h"
#include "storage/rules.h"

namespace holdfast::gateway {

namespace {

constexpr unsigned kMostParts = 10'000;
constexpr unsigned kMostListed = 1000;

std::string upload_id(const Call& call) {
  return std::string(call.target.parameter("uploadId").value_or(""));
}

unsigned part_number(const Call& call) {
  auto number = parse_number(call.target.parameter("partNumber").value_or(""));
  if (!number || *number < 1 || *number > kMostParts) {
    throw InvalidArgument::with_code("InvalidArgument", "part of " + call.ref().text(),
                                     "the part number is not 1 to 10,000");
  }
  return static_cast<unsigned>(*number);
}

std::string text_parameter(const Call& call, std::string_view name) {
  return std::string(call.target.parameter(name).value_or(""));
}

std::string_view type_name(const storage::Checksum& checksum) {
  return checksum.composite ? "COMPOSITE" : "FULL_OBJECT";
}

}  // namespace

http::ServerResponse create_upload(Call& call) {
  refuse_unoffered_headers(call.request);
  const auto kind = multipart_checksum_kind(call.request);
  const storage::Marks marks = marks_of_request(call);
  const storage::EncryptionRequest encryption = encryption_of(call);
  const std::string id = call.multipart().create(call.context, call.ref(),
                                                 attributes_of(call.request), kind, encryption);
  if (!marks.empty()) call.versions().mark_upload(call.context, call.ref(), id, marks);
  codec::XmlWriter xml("InitiateMultipartUploadResult", kNamespace);
  xml.element("Bucket", call.target.bucket).element("Key", call.target.key);
  http::ServerResponse response = xml_response(xml.element("UploadId", id).finish());
  add_encryption_headers(response, told_of(encryption), encryption.customer_key);
  if (kind) {
    response.headers.emplace_back("x-amz-checksum-algorithm", codec::name_of(kind->algorithm));
    response.headers.emplace_back("x-amz-checksum-type", type_name(*kind));
  }
  return response;
}

http::ServerResponse put_part(Call& call) {
  refuse_unoffered_headers(call.request);
  refuse_marks(call.request);
  const unsigned number = part_number(call);
  RequestBody body(call.request, call.identity, use_of_object(call.storage));
  if (*body.size() > call.storage.capabilities().max_put_size) {
    throw InvalidArgument::with_code(storage::kEntityTooLarge, "part of " + call.ref().text(),
                                     "larger than one request may be");
  }
  storage::PutRequest put{.encryption = {.customer_key = only_customer_key_of(call)}};
  body.describe(put);
  const storage::PartInfo part =
      call.multipart().put_part(call.context, call.ref(), upload_id(call), number, body, put);
  http::ServerResponse response = empty_response(200);
  response.headers.emplace_back("ETag", quote_etag(part.etag));
  add_encryption_headers(response, part.encryption, put.encryption.customer_key);
  if (body.checksum()) {
    response.headers.emplace_back(checksum_header(body.checksum()->algorithm),
                                  format_checksum(*body.checksum()));
  }
  return response;
}

namespace {

std::optional<storage::Range> copy_range(const Call& call) {
  auto header = call.request.header("x-amz-copy-source-range");
  if (!header) return std::nullopt;
  auto range = parse_range(*header);
  if (!range || range->suffix || !range->last) {
    throw InvalidArgument::with_code("InvalidArgument", "part of " + call.ref().text(),
                                     "the range is not of the form bytes=first-last");
  }
  return range;
}

// A read is answered with what there is of its range; a copy of less than was asked for would be
// another part than the client believes in.
void check_copy_range(const Call& call, const storage::ObjectRef& source,
                      const storage::CopyPartRequest& request) {
  if (!request.range) return;
  const storage::ObjectInfo info = call.storage.head(
      call.context, source,
      {.condition = request.source_condition, .customer_key = request.source_customer_key});
  if (*request.range->last >= info.size) {
    throw InvalidArgument::with_code(
        storage::kInvalidRange, "part of " + call.ref().text(),
        fmt::format("the range ends behind the source, which has {} bytes", info.size));
  }
}

}  // namespace

http::ServerResponse copy_part(Call& call) {
  refuse_unoffered_headers(call.request);
  refuse_marks(call.request);
  const storage::ObjectRef source = copy_source(call);
  const unsigned number = part_number(call);
  const storage::CopyPartRequest request{.range = copy_range(call),
                                         .source_condition = copy_source_condition(call.request),
                                         .source_customer_key = customer_key_of(call, kSourceKey),
                                         .customer_key = only_customer_key_of(call)};
  storage::PartInfo part;
  run_copy([&] {
    check_copy_range(call, source, request);
    part = call.multipart().copy_part(call.context, call.ref(), upload_id(call), number, source,
                                      request);
  });
  codec::XmlWriter xml("CopyPartResult", kNamespace);
  xml.element("LastModified", format_iso_millis(part.modified));
  xml.element("ETag", quote_etag(part.etag));
  if (part.checksum) write_checksum(xml, *part.checksum);
  http::ServerResponse response = xml_response(xml.finish());
  add_encryption_headers(response, part.encryption, request.customer_key);
  if (!source.version.empty()) {
    response.headers.emplace_back("x-amz-copy-source-version-id", source.version);
  }
  return response;
}

namespace {

[[noreturn]] void malformed(std::string why) {
  throw InvalidArgument::with_code("MalformedXML", "complete the upload", std::move(why));
}

std::vector<storage::CompletedPart> completed_parts(const codec::XmlElement& document) {
  std::vector<storage::CompletedPart> parts;
  for (const codec::XmlElement& child : document.children) {
    if (child.name != "Part") continue;
    auto number = parse_number(trim(child.child_text("PartNumber")));
    const codec::XmlElement* etag = child.child("ETag");
    if (!number || !etag) malformed("a part without a number or an etag");
    if (*number < 1 || *number > kMostParts) {
      throw InvalidArgument::with_code(storage::kInvalidPart, "complete the upload",
                                       "a part number beyond 10,000");
    }
    if (!parts.empty() && parts.back().number >= *number) {
      throw InvalidArgument::with_code(storage::kInvalidPartOrder, "complete the upload",
                                       "the parts are not in rising order");
    }
    parts.push_back(
        {static_cast<unsigned>(*number), parse_etags(etag->text)[0], checksum_of_element(child)});
  }
  if (parts.empty()) malformed("no parts");
  return parts;
}

// S3's rule for the finished object, from what the client sent: the MD5 of the parts' MD5s.
std::string etag_of_parts(const std::vector<storage::CompletedPart>& parts) {
  codec::Digest digest(codec::DigestAlgorithm::kMd5);
  for (const storage::CompletedPart& part : parts) {
    digest.update(codec::from_hex(part.etag).value_or(""));
  }
  return codec::to_hex(digest.finish()) + "-" + std::to_string(parts.size());
}

std::vector<storage::PartInfo> stored_parts(const Call& call) {
  std::vector<storage::PartInfo> parts;
  for (bool more = true; more;) {
    const storage::PartPage page =
        call.multipart().parts(call.context, call.ref(), upload_id(call),
                               parts.empty() ? 0 : parts.back().number, kMostListed);
    parts.insert(parts.end(), page.parts.begin(), page.parts.end());
    more = page.more && !page.parts.empty();
  }
  return parts;
}

// The client may say what size and checksum it expects the finished object to have. Both follow
// from the parts, so that a difference is found before anything is published; by the storage, if it
// judges that itself, whose parts we may not be allowed to list.
void check_expectations(const Call& call, const std::vector<storage::CompletedPart>& wanted,
                        storage::Condition& condition) {
  auto size = call.request.header("x-amz-mp-object-size");
  const auto checksum = checksum_of_headers(call.request);
  if (!size && !checksum) return;
  if (call.storage.capabilities().judges_whole) {
    if (size) condition.whole_size = parse_number(trim(*size));
    if (size && !condition.whole_size) {
      throw InvalidArgument::with_code("InvalidRequest", "complete the upload",
                                       "x-amz-mp-object-size is not a number");
    }
    condition.whole_checksum = checksum;
    return;
  }
  const auto parts = storage::choose_parts(stored_parts(call), wanted,
                                           call.storage.capabilities().min_part_size, call.ref());
  std::uint64_t total = 0;
  for (const storage::PartInfo& part : parts) total += part.size;
  if (size && parse_number(trim(*size)) != total) {
    throw InvalidArgument::with_code("InvalidRequest", "complete the upload",
                                     "x-amz-mp-object-size is not the size of the parts");
  }
  if (!checksum) return;
  const auto found = storage::combine_checksums(
      storage::Checksum{.algorithm = checksum->algorithm, .composite = checksum->composite}, parts);
  if (!found) {
    throw InvalidArgument::with_code("InvalidRequest", "complete the upload",
                                     "the parts have no checksums of that kind to compare with");
  }
  if (found->value != checksum->value || (found->composite && found->parts != checksum->parts)) {
    throw InvalidArgument::with_code(storage::kBadDigest, "complete the upload",
                                     "the checksum of the parts is not the one expected");
  }
}

storage::PutResult complete(const Call& call, const std::vector<storage::CompletedPart>& parts) {
  const WriteGate gate(call, call.ref());
  storage::PutResult result;
  try {
    storage::Condition condition = gate.condition();
    check_expectations(call, parts, condition);
    gate.run([&] {
      result =
          call.multipart().complete(call.context, call.ref(), upload_id(call), parts, condition);
    });
    return result;
  } catch (const NotFound& error) {
    if (error.code() != storage::kNoSuchUpload) throw;
    auto info = storage::find(call.storage, call.context, call.ref());
    const std::string etag = etag_of_parts(parts);
    if (!info || info->etag != etag) throw;
    return {etag, info->revision, info->version, info->encryption};
  }
}

}  // namespace

http::ServerResponse complete_upload(Call& call) {
  const auto parts =
      completed_parts(call.read_xml("CompleteMultipartUpload", BodyUse::kCompletion));
  const storage::PutResult made = complete(call, parts);
  const std::string& etag = made.etag;
  const bool has_checksums = std::any_of(
      parts.begin(), parts.end(), [](const auto& part) { return part.checksum.has_value(); });
  codec::XmlWriter xml("CompleteMultipartUploadResult", kNamespace);
  const std::string host(call.request.header("host").value_or(""));
  const std::string scheme = call.request.tls ? "https://" : "http://";
  xml.element("Location", scheme + host + call.target.raw_path);
  xml.element("Bucket", call.target.bucket).element("Key", call.target.key);
  xml.element("ETag", quote_etag(etag));
  if (has_checksums) {
    auto info = storage::find(call.storage, call.context, call.ref());
    if (info && info->etag == etag && info->attributes.checksum) {
      write_checksum(xml, *info->attributes.checksum);
      xml.element("ChecksumType", type_name(*info->attributes.checksum));
    }
  }
  http::ServerResponse response = xml_response(xml.finish());
  add_encryption_headers(response, made.encryption, {});
  add_version_id(response, made.version);
  return response;
}

http::ServerResponse abort_upload(Call& call) {
  call.multipart().abort(call.context, call.ref(), upload_id(call));
  return empty_response(204);
}

http::ServerResponse list_parts(Call& call) {
  const NameEncoder encode(call.target);
  const unsigned most = number_parameter(call.target, "max-parts", 0, kMostListed, kMostListed);
  const unsigned after = number_parameter(call.target, "part-number-marker", 0, kMostParts, 0);
  storage::PartPage page =
      call.multipart().parts(call.context, call.ref(), upload_id(call), after, std::max(most, 1u));
  if (most == 0) page = {};
  codec::XmlWriter xml("ListPartsResult", kNamespace);
  xml.element("Bucket", call.target.bucket).element("Key", encode(call.target.key));
  if (encode.is_url()) xml.element("EncodingType", "url");
  xml.element("UploadId", upload_id(call));
  for (const char* role : {"Initiator", "Owner"}) {
    xml.open(role).element("ID", kOwner).element("DisplayName", kOwner).close();
  }
  xml.element("StorageClass", "STANDARD").element("PartNumberMarker", std::uint64_t{after});
  xml.element("NextPartNumberMarker",
              std::uint64_t{page.parts.empty() ? after : page.parts.back().number});
  xml.element("MaxParts", std::uint64_t{most});
  xml.element("IsTruncated", page.more ? "true" : "false");
  for (const storage::PartInfo& part : page.parts) {
    xml.open("Part").element("PartNumber", std::uint64_t{part.number});
    xml.element("LastModified", format_iso_millis(part.modified));
    xml.element("ETag", quote_etag(part.etag)).element("Size", part.size);
    if (part.checksum) write_checksum(xml, *part.checksum);
    xml.close();
  }
  return xml_response(xml.finish());
}

namespace {

void write_upload(codec::XmlWriter& xml, const storage::UploadInfo& upload,
                  const NameEncoder& encode) {
  xml.open("Upload").element("Key", encode(upload.key)).element("UploadId", upload.upload_id);
  for (const char* role : {"Initiator", "Owner"}) {
    xml.open(role).element("ID", kOwner).element("DisplayName", kOwner).close();
  }
  xml.element("StorageClass", "STANDARD");
  xml.element("Initiated", format_iso_millis(upload.started)).close();
}

// Where the next page starts: behind the last upload, or behind the last common prefix.
void write_next_markers(codec::XmlWriter& xml, const storage::UploadPage& page,
                        const NameEncoder& encode) {
  std::string key, id;
  if (!page.uploads.empty()) {
    key = page.uploads.back().key;
    id = page.uploads.back().upload_id;
  }
  if (!page.prefixes.empty() && page.prefixes.back() > key) {
    key = page.prefixes.back();
    id.clear();
  }
  xml.element("NextKeyMarker", encode(key)).element("NextUploadIdMarker", id);
}

}  // namespace

http::ServerResponse list_uploads(Call& call) {
  const NameEncoder encode(call.target);
  const unsigned most = number_parameter(call.target, "max-uploads", 0, kMostListed, kMostListed);
  const storage::UploadListRequest request{
      .bucket = call.target.bucket,
      .prefix = text_parameter(call, "prefix"),
      .delimiter = text_parameter(call, "delimiter"),
      .after_key = text_parameter(call, "key-marker"),
      .after_upload_id = text_parameter(call, "upload-id-marker"),
      .limit = std::max(most, 1u)};
  storage::UploadPage page = call.multipart().uploads(call.context, request);
  if (most == 0) page = {};
  codec::XmlWriter xml("ListMultipartUploadsResult", kNamespace);
  xml.element("Bucket", request.bucket).element("KeyMarker", encode(request.after_key));
  xml.element("UploadIdMarker", request.after_upload_id);
  if (page.more) write_next_markers(xml, page, encode);
  xml.element("Prefix", encode(request.prefix));
  if (!request.delimiter.empty()) xml.element("Delimiter", encode(request.delimiter));
  if (encode.is_url()) xml.element("EncodingType", "url");
  xml.element("MaxUploads", std::uint64_t{most});
  xml.element("IsTruncated", page.more ? "true" : "false");
  for (const storage::UploadInfo& upload : page.uploads) write_upload(xml, upload, encode);
  for (const std::string& prefix : page.prefixes) {
    xml.open("CommonPrefixes").element("Prefix", encode(prefix)).close();
  }
  return xml_response(xml.finish());
}

}  // namespace holdfast::gateway
