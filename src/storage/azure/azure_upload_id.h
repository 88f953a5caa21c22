// Upload ids: all that a multipart upload was begun with, carried by the client and sealed, so that
// any gateway of the same account can go on with it and none keeps anything. Layout:
// docs/formats/azure.md, "Upload ids". Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "storage/storage.h"

namespace holdfast::storage {

struct AzureUpload {
  std::string tag;  // kUploadTagSize raw bytes, of its blocks
  Attributes attributes;
  std::optional<Checksum> checksum_kind;
};

// Letters, digits, '-' and '_'.
std::string encode_upload_id(const AzureUpload& upload, const ObjectRef& ref,
                             std::string_view seal_key);
// Throws NotFound (code kNoSuchUpload) unless the id was made for that object with that key.
AzureUpload decode_upload_id(std::string_view id, const ObjectRef& ref, std::string_view seal_key);

}  // namespace holdfast::storage
