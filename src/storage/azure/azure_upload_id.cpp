#include "storage/azure/azure_upload_id.h"

#include <algorithm>

#include "base/secret.h"
#include "codec/text.h"
#include "storage/azure/azure_block_id.h"
#include "storage/folder/label.h"
#include "storage/rules.h"

namespace holdfast::storage {

namespace {

constexpr unsigned kVersion = 1;
constexpr std::size_t kSealSize = 16;
constexpr std::size_t kLongestId = 16 * 1024;
constexpr unsigned kNoChecksum = 0xff, kComposite = 0x80;

std::string seal_of(std::string_view bytes, const ObjectRef& ref, std::string_view seal_key) {
  std::string sealed = ref.text();
  sealed.push_back('\0');  // which no key holds
  sealed.append(bytes);
  return codec::hmac_sha256(seal_key, sealed).substr(0, kSealSize);
}

void replace_all(std::string& text, char from, char to) {
  std::replace(text.begin(), text.end(), from, to);
}

// Base64 without the characters that URLs and shells know otherwise.
std::string to_id(std::string_view bytes) {
  std::string text = codec::to_base64(bytes);
  while (text.ends_with('=')) text.pop_back();
  replace_all(text, '+', '-');
  replace_all(text, '/', '_');
  return text;
}

std::optional<std::string> from_id(std::string_view id) {
  if (id.size() > kLongestId) return std::nullopt;
  if (id.find_first_of("+/=") != std::string_view::npos) return std::nullopt;
  std::string text(id);
  replace_all(text, '-', '+');
  replace_all(text, '_', '/');
  while (text.size() % 4 != 0) text += '=';
  return codec::from_base64(text);
}

bool read_upload(FieldReader& reader, AzureUpload& upload) {
  if (reader.byte() != kVersion) return false;
  upload.tag = reader.raw(kUploadTagSize);
  unsigned kind = reader.byte();
  if (kind != kNoChecksum) {
    unsigned algorithm = kind & ~kComposite;
    if (algorithm > unsigned(codec::DigestAlgorithm::kCrc64Nvme)) return false;
    upload.checksum_kind = Checksum{.algorithm = codec::DigestAlgorithm(algorithm)};
    upload.checksum_kind->composite = kind & kComposite;
  }
  return read_attributes(reader, upload.attributes);
}

}  // namespace

std::string encode_upload_id(const AzureUpload& upload, const ObjectRef& ref,
                             std::string_view seal_key) {
  FieldWriter writer;
  writer.byte(kVersion);
  writer.raw(upload.tag);
  unsigned kind = kNoChecksum;
  if (upload.checksum_kind) {
    kind = unsigned(upload.checksum_kind->algorithm) |
           (upload.checksum_kind->composite ? kComposite : 0);
  }
  writer.byte(kind);
  write_attributes(writer, upload.attributes);
  std::string bytes = writer.take();
  return to_id(seal_of(bytes, ref, seal_key) + bytes);
}

AzureUpload decode_upload_id(std::string_view id, const ObjectRef& ref, std::string_view seal_key) {
  auto bytes = from_id(id);
  if (!bytes || bytes->size() < kSealSize) throw_no_such_upload(ref);
  std::string_view content = std::string_view(*bytes).substr(kSealSize);
  std::string_view seal = std::string_view(*bytes).substr(0, kSealSize);
  if (!equal_in_constant_time(seal, seal_of(content, ref, seal_key))) throw_no_such_upload(ref);
  FieldReader reader(content);
  AzureUpload upload;
  if (!read_upload(reader, upload)) throw_no_such_upload(ref);
  return upload;
}

}  // namespace holdfast::storage
