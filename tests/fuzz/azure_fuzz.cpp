// What comes from Azure or by way of clients: block names, metadata values, upload ids, shared
// access signatures, error documents. The first byte of the input chooses which; the rest is the
// text, or (block names, metadata) the bytes below its base64 and its seal, so that the search gets
// past them.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "codec/azure_signature.h"
#include "codec/text.h"
#include "property.h"
#include "storage/azure/azure_block_id.h"
#include "storage/azure/azure_errors.h"
#include "storage/azure/azure_label.h"
#include "storage/azure/azure_upload_id.h"
#include "storage/folder/label.h"

using namespace holdfast;
using namespace holdfast::storage;

namespace {

void check_block_name(std::string_view bytes) {
  const std::string name = codec::to_base64(bytes);
  auto id = decode_block_id(name);
  if (!id) return;
  HOLDFAST_PROPERTY(id->tag.size() == kUploadTagSize);
  auto again = decode_block_id(encode_block_id(*id));
  HOLDFAST_PROPERTY(again && *again == *id);
  StagedUpload upload = read_staged_upload({{name, 7}, {std::string(bytes), 9}}, id->tag);
  HOLDFAST_PROPERTY(upload.known && upload.parts.size() <= 1);
  HOLDFAST_PROPERTY(committed_part_sizes({{name, 7}}).size() == 1);
}

void check_label(std::string_view bytes) {
  AzureBlob blob{.metadata = {{"holdfast", codec::to_base64(seal(std::string(bytes)))}}, .size = 1};
  blob.properties["etag"] = bytes;
  blob.properties["content-md5"] = bytes;
  blob.metadata[std::string(bytes.substr(0, 100))] = bytes;
  ObjectInfo info = info_of("key", blob);
  HOLDFAST_PROPERTY(info.etag.size() >= 2);
  auto label = label_of(blob);
  if (!label) return;
  HOLDFAST_PROPERTY(label->md5.empty() || label->md5.size() == 16);
  try {
    auto again = decode_azure_label(encode_azure_label(*label));
    HOLDFAST_PROPERTY(again && again->md5 == label->md5 && again->parts == label->parts);
  } catch (const InvalidArgument&) {
    // What was written compactly may be too much when written out.
  }
}

void check_upload_id(std::string_view text) {
  try {
    decode_upload_id(text, {"bucket", "key"}, "seal key");
    HOLDFAST_PROPERTY(!"nobody but us can make one");
  } catch (const NotFound&) {
  }
}

void check_signature(std::string_view text) {
  auto parameters = codec::parse_azure_signature(text);
  if (!parameters) return;
  HOLDFAST_PROPERTY(codec::parse_azure_signature(codec::build_query(*parameters)) == parameters ||
                    codec::build_query(*parameters).size() > 4096);
}

void check_fault(std::string_view text) {
  AzureFault fault = read_azure_fault(400, text.substr(0, 80), text);
  HOLDFAST_PROPERTY(fault.code.size() <= 64 && fault.message.size() <= 240);
  HOLDFAST_PROPERTY(fault.message.find('\n') == std::string::npos);
  HOLDFAST_PROPERTY(to_error(fault, "put b/k").to_string().find('\r') == std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 5) {
    case 0:
      check_block_name(text);
      break;
    case 1:
      check_label(text);
      break;
    case 2:
      check_upload_id(text);
      break;
    case 3:
      check_signature(text);
      break;
    default:
      check_fault(text);
  }
  return 0;
}
