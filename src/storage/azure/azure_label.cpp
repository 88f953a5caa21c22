#include "storage/azure/azure_label.h"

#include <algorithm>
#include <fmt/format.h>

#include "codec/text.h"
#include "storage/azure/azure_block_id.h"
#include "storage/folder/label.h"
#include "storage/http_store.h"

namespace holdfast::storage {

namespace {

constexpr unsigned kVersion = 1;
constexpr unsigned kHasMd5 = 1;
constexpr std::size_t kMd5Size = 16;
constexpr std::size_t kMostMetadata = 8000;  // bytes; Azure takes 8 KiB, names included
constexpr std::size_t kMostSegments = 254;

// S3's headers that Azure has properties for. It has none for Expires.
constexpr std::string_view kProperties[] = {"content-type", "content-encoding", "content-language",
                                            "content-disposition", "cache-control"};

// Azure's ETag in the form that no client takes for an MD5.
std::string foreign_etag(const AzureBlob& blob) {
  auto found = blob.properties.find("etag");
  std::string etag = unquoted(found == blob.properties.end() ? "" : found->second);
  std::string out;
  for (char c : etag.substr(etag.starts_with("0x") ? 2 : 0)) {
    if (c >= 'A' && c <= 'F') c = char(c - 'A' + 'a');
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')) out += c;
  }
  return out + "-0";
}

std::optional<std::string> stored_md5(const AzureBlob& blob) {
  auto found = blob.properties.find("content-md5");
  if (found == blob.properties.end()) return std::nullopt;
  auto raw = codec::from_base64(found->second);
  return raw && raw->size() == kMd5Size ? raw : std::nullopt;
}

// Names of metadata hold no '-' in Azure: "_" stood for it, and "__" for "_".
std::string decoded_name(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    char c = name[i];
    if (c >= 'A' && c <= 'Z') c = char(c - 'A' + 'a');
    if (c == '_') {
      bool doubled = i + 1 < name.size() && name[i + 1] == '_';
      c = doubled ? '_' : '-';
      i += doubled ? 1 : 0;
    }
    out += c;
  }
  return out;
}

Attributes foreign_attributes(const AzureBlob& blob) {
  Attributes attributes;
  for (std::string_view name : kProperties) {
    auto found = blob.properties.find(std::string(name));
    if (found != blob.properties.end() && !found->second.empty()) {
      attributes.headers[std::string(name)] = found->second;
    }
  }
  for (const auto& [name, value] : blob.metadata) {
    if (name != kLabelName) attributes.metadata[decoded_name(name)] = value;
  }
  return attributes;
}

[[noreturn]] void refuse_name(std::string_view why) {
  throw InvalidArgument("object key", fmt::format("Azure's blob names cannot hold it: {}", why),
                        "choose another key");
}

void check_segment(std::string_view segment) {
  if (segment.ends_with('.')) refuse_name("a part between slashes ends with a dot");
}

}  // namespace

std::string encode_azure_label(const AzureLabel& label) {
  FieldWriter writer;
  writer.byte(kVersion);
  writer.byte(label.md5.empty() ? 0 : kHasMd5);
  if (!label.md5.empty()) writer.raw(label.md5);
  writer.fixed(label.parts, 2);
  writer.raw(label.tag);
  write_attributes(writer, label.attributes);
  std::string text = codec::to_base64(seal(writer.take()));
  if (text.size() > kMostMetadata) {
    throw InvalidArgument("object metadata", "it is more than Azure stores with a blob");
  }
  return text;
}

std::optional<AzureLabel> decode_azure_label(std::string_view text) {
  if (text.size() > kMostMetadata) return std::nullopt;
  auto sealed = codec::from_base64(text);
  auto bytes = sealed ? unseal(*sealed) : std::nullopt;
  if (!bytes) return std::nullopt;
  FieldReader reader(*bytes);
  if (reader.byte() != kVersion) return std::nullopt;
  AzureLabel label;
  unsigned flags = reader.byte();
  if (flags > kHasMd5) return std::nullopt;
  if (flags == kHasMd5) label.md5 = reader.raw(kMd5Size);
  label.parts = unsigned(reader.fixed(2));
  label.tag = reader.raw(kUploadTagSize);
  if (!reader.good() || !read_attributes(reader, label.attributes)) return std::nullopt;
  return label;
}

void add_label_headers(codec::Headers& headers, const AzureLabel& label, const std::string& md5) {
  for (std::string_view name : kProperties) {
    auto found = label.attributes.headers.find(std::string(name));
    if (found == label.attributes.headers.end()) continue;
    headers.emplace_back("x-ms-blob-" + std::string(name), found->second);
  }
  if (!md5.empty()) headers.emplace_back("x-ms-blob-content-md5", codec::to_base64(md5));
  headers.emplace_back("x-ms-meta-" + std::string(kLabelName), encode_azure_label(label));
}

std::optional<AzureLabel> label_of(const AzureBlob& blob) {
  auto found = blob.metadata.find(std::string(kLabelName));
  return found == blob.metadata.end() ? std::nullopt : decode_azure_label(found->second);
}

ObjectInfo info_of(const std::string& key, const AzureBlob& blob) {
  ObjectInfo info{.key = key, .size = blob.size, .modified = blob.modified};
  auto etag = blob.properties.find("etag");
  info.revision = unquoted(etag == blob.properties.end() ? "" : etag->second);
  auto label = label_of(blob);
  std::optional<std::string> md5 = stored_md5(blob);
  if (label) {
    info.attributes = std::move(label->attributes);
    info.parts = label->parts;
    if (!label->md5.empty()) md5 = label->md5;
  } else {
    info.attributes = foreign_attributes(blob);
  }
  info.etag = md5 ? codec::to_hex(*md5) : foreign_etag(blob);
  if (info.parts > 0) info.etag += fmt::format("-{}", info.parts);
  return info;
}

void check_blob_name(std::string_view key) {
  check_key(key);
  std::size_t segments = 0;
  for (std::string_view rest = key;;) {
    std::size_t slash = rest.find('/');
    check_segment(rest.substr(0, slash));
    ++segments;
    if (slash == std::string_view::npos) break;
    rest.remove_prefix(slash + 1);
  }
  if (segments > kMostSegments) refuse_name("more than 254 parts between slashes");
  for (char c : key) {
    if ((c >= 0 && c < ' ') || c == 0x7f) refuse_name("a control character");
    if (c == '\\') refuse_name("a backslash");
  }
  for (std::string_view bad : {"\xef\xbf\xbe", "\xef\xbf\xbf", "\xc2\x81"}) {
    if (key.find(bad) != std::string_view::npos) refuse_name("a character that XML has not");
  }
}

}  // namespace holdfast::storage
