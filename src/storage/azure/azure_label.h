// What is stored with a blob, as its metadata and properties (docs/formats/azure.md, "Metadata"),
// and what is read from blobs that others wrote. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "codec/sigv4.h"
#include "storage/storage.h"

namespace holdfast::storage {

// The one metadata name of ours.
inline constexpr std::string_view kLabelName = "holdfast";

struct AzureLabel {
  std::string md5;     // raw, of the bytes or of the parts' MD5s; empty: not known
  unsigned parts = 0;  // of a multipart object
  std::string tag;     // of the upload that made it; kUploadTagSize raw bytes
  Attributes attributes;
};

// The metadata's value. Throws InvalidArgument when it is more than Azure takes.
std::string encode_azure_label(const AzureLabel& label);
// nullopt: not one that this version can read.
std::optional<AzureLabel> decode_azure_label(std::string_view text);

// The headers of a write: the label, and the properties that others than us read. `md5` is that of
// the bytes, raw, where it is known.
void add_label_headers(codec::Headers& headers, const AzureLabel& label, const std::string& md5);

// A blob's metadata and properties as an answer or a list gives them, with lower-case names:
// "content-type", "content-md5", "etag" and so on.
struct AzureBlob {
  std::map<std::string, std::string> properties;
  std::map<std::string, std::string> metadata;
  std::uint64_t size = 0;
  WallTime modified;
};
// nullopt in place of a label that is not ours, or that this version cannot read.
std::optional<AzureLabel> label_of(const AzureBlob& blob);
// Of a blob without a label: its own properties, its metadata with the names as the gateways that
// were there before wrote them, and as ETag the MD5 where Azure knows it.
ObjectInfo info_of(const std::string& key, const AzureBlob& blob);

// What a key must not hold, because Azure or the way there would change it: InvalidArgument.
void check_blob_name(std::string_view key);

}  // namespace holdfast::storage
