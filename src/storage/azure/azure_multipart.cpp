#include "storage/azure/azure_multipart.h"

#include <algorithm>

#include "base/random.h"
#include "codec/text.h"
#include "storage/azure/azure_blocks.h"
#include "storage/azure/azure_object.h"
#include "storage/rules.h"

namespace holdfast::storage {

namespace {

std::vector<PartInfo> infos_of(const std::vector<StagedPart>& parts) {
  std::vector<PartInfo> infos;
  infos.reserve(parts.size());
  for (const StagedPart& part : parts) infos.push_back(part.info);
  return infos;
}

// The blocks of the chosen parts, both sorted by number.
std::vector<std::string> blocks_of(const std::vector<StagedPart>& staged,
                                   const std::vector<PartInfo>& chosen) {
  std::vector<std::string> names;
  auto part = staged.begin();
  for (const PartInfo& info : chosen) {
    while (part->info.number != info.number) ++part;
    names.insert(names.end(), part->blocks.begin(), part->blocks.end());
  }
  return names;
}

}  // namespace

AzureUpload AzureMultipart::open(const ObjectRef& ref, const std::string& upload_id) const {
  check_blob_name(ref.key);
  return decode_upload_id(upload_id, ref, endpoint_.seal_key());
}

StagedUpload AzureMultipart::staged(const Context& context, const ObjectRef& ref,
                                    const AzureUpload& upload) {
  return endpoint_.write_retry().run(context, "look at upload of " + ref.text(), [&] {
    return read_staged_upload(list_blocks(endpoint_, context, ref, false), upload.tag);
  });
}

void AzureMultipart::mark(const Context& context, const ObjectRef& ref, const std::string& tag,
                          unsigned index) {
  BlockTarget target{.ref = ref, .verb = index == kStartedMark ? "start upload of" : "abort"};
  target.id = {.tag = tag, .part = kMarkerPart, .index = index};
  stage_block(endpoint_, context, target, encode_block_id(target.id), " ");
}

std::string AzureMultipart::create(const Context& context, const ObjectRef& ref,
                                   const Attributes& attributes,
                                   std::optional<Checksum> checksum_kind,
                                   const EncryptionRequest&) {
  check_blob_name(ref.key);
  AzureUpload upload{random_bytes(kUploadTagSize), attributes, std::move(checksum_kind)};
  // That the object's metadata fits is better told now than after all parts were sent.
  encode_azure_label({.md5 = std::string(16, '\0'), .tag = upload.tag, .attributes = attributes});
  std::string id = encode_upload_id(upload, ref, endpoint_.seal_key());
  mark(context, ref, upload.tag, kStartedMark);
  return id;
}

PartInfo AzureMultipart::put_part(const Context& context, const ObjectRef& ref,
                                  const std::string& upload_id, unsigned number, Source& body,
                                  const PutRequest& request) {
  check_part_number(number, ref);
  AzureUpload upload = open(ref, upload_id);
  BlockTarget target{.ref = ref, .verb = "put part of"};
  target.id = {.tag = upload.tag, .part = number};
  target.id.attempt = attempt_at(context.clock().now(), random_number());
  return stage_part(endpoint_, context, target, body, request);
}

PartInfo AzureMultipart::copy_part(const Context& context, const ObjectRef& ref,
                                   const std::string& upload_id, unsigned number,
                                   const ObjectRef& source, const CopyPartRequest& copy) {
  check_part_number(number, ref);
  open(ref, upload_id);
  check_blob_name(source.key);
  GetRequest request{.range = copy.range, .condition = copy.source_condition};
  std::unique_ptr<Reader> reader;
  try {
    reader = endpoint_.write_retry().run(context, "get " + source.text(), [&] {
      return open_azure_reader(endpoint_, context, source, request);
    });
  } catch (const PreconditionFailed& error) {
    throw PreconditionFailed(error.subject(), error.reason());  // a copy knows no "not modified"
  }
  return put_part(context, ref, upload_id, number, *reader, {});
}

PutResult AzureMultipart::complete(const Context& context, const ObjectRef& ref,
                                   const std::string& upload_id,
                                   const std::vector<CompletedPart>& parts,
                                   const Condition& condition) {
  AzureUpload upload = open(ref, upload_id);
  StagedUpload found = staged(context, ref, upload);
  if (found.aborted) throw_no_such_upload(ref);
  if (!found.known) {
    // Somebody else's write ended the upload, unless it was completed already: then the answer is
    // the same again.
    if (auto made = find_made_by(endpoint_, context, ref, upload.tag)) {
      return {made->info.etag, made->info.revision};
    }
    throw_no_such_upload(ref);
  }
  auto chosen = choose_parts(infos_of(found.parts), parts, capabilities_.min_part_size, ref);
  AzureLabel label{.tag = upload.tag, .attributes = upload.attributes};
  label.parts = unsigned(chosen.size());
  const std::string etag = multipart_etag(chosen);
  label.md5 = codec::from_hex(etag.substr(0, etag.find('-'))).value();
  label.attributes.checksum = combine_checksums(upload.checksum_kind, chosen);
  AzureCall write{.method = "PUT", .target = ref, .verb = "complete"};
  add_label_headers(write.headers, label, "");
  add_write_condition(endpoint_, context, write, condition);
  AzureStamp stamp =
      commit_blocks(endpoint_, context, write, blocks_of(found.parts, chosen), upload.tag);
  return {etag, stamp.revision};
}

void AzureMultipart::abort(const Context& context, const ObjectRef& ref,
                           const std::string& upload_id) {
  AzureUpload upload = open(ref, upload_id);
  StagedUpload found = staged(context, ref, upload);
  if (!found.known || found.aborted) throw_no_such_upload(ref);
  mark(context, ref, upload.tag, kAbortedMark);
}

PartPage AzureMultipart::parts(const Context& context, const ObjectRef& ref,
                               const std::string& upload_id, unsigned after, unsigned limit) {
  AzureUpload upload = open(ref, upload_id);
  StagedUpload found = staged(context, ref, upload);
  if (!found.known || found.aborted) throw_no_such_upload(ref);
  PartPage page;
  for (const PartInfo& info : infos_of(found.parts)) {
    if (info.number <= after) continue;
    if (page.parts.size() == limit) {
      page.more = true;
      break;
    }
    page.parts.push_back(info);
  }
  return page;
}

UploadPage AzureMultipart::uploads(const Context&, const UploadListRequest& request) {
  throw Unsupported("list uploads in " + request.bucket,
                    "Azure does not tell which uploads are under way",
                    "nothing needs to be cleaned up: Azure removes what is not finished in a week");
}

}  // namespace holdfast::storage
