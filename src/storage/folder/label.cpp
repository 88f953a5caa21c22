#include "storage/folder/label.h"

#include <algorithm>
#include <array>

#include "codec/text.h"

namespace holdfast::storage {

namespace {

constexpr unsigned kVersion = 1;
constexpr unsigned kNeedsSide = 1;
constexpr unsigned kLinkVersion = 1;
constexpr std::size_t kSealSize = 4;

// Kinds of fields behind the fixed part of a label. Numbers are never used again for another thing.
enum Field : unsigned {
  kContentTypeCode = 1,
  kHeader = 2,
  kMetadata = 3,
  kChecksum = 4,
  kUniformParts = 5,
  kPartSizes = 6,
  kVersioned = 7,
  kSealed = 8,
  kPartChecksums = 9,
};

// Content types that nearly all objects have, so that their labels stay in the inode. Only ever
// added to at the end.
constexpr std::array<std::string_view, 12> kContentTypes = {
    "application/octet-stream",
    "binary/octet-stream",
    "application/json",
    "text/plain",
    "application/xml",
    "application/gzip",
    "application/x-tar",
    "application/zstd",
    "text/html",
    "text/plain; charset=utf-8",
    "application/x-www-form-urlencoded",
    "application/x-gzip",
};
constexpr std::array<std::string_view, 6> kHeaders = {"content-type",     "content-encoding",
                                                      "content-language", "content-disposition",
                                                      "cache-control",    "expires"};

template <typename List>
std::optional<unsigned> index_in(const List& list, std::string_view text) {
  auto found = std::find(list.begin(), list.end(), text);
  if (found == list.end()) return std::nullopt;
  return unsigned(found - list.begin());
}

void write_field(FieldWriter& writer, Field field, const FieldWriter& content) {
  writer.byte(field);
  writer.text(content.bytes());
}

bool read_header(FieldReader& content, Attributes& attributes) {
  unsigned name = content.byte();
  if (name >= kHeaders.size()) return false;
  attributes.headers[std::string(kHeaders[name])] = content.text();
  return true;
}

bool read_checksum(FieldReader& content, Attributes& attributes) {
  Checksum checksum;
  unsigned algorithm = content.byte();
  if (algorithm > unsigned(codec::DigestAlgorithm::kCrc64Nvme)) return false;
  checksum.algorithm = codec::DigestAlgorithm(algorithm);
  std::uint64_t parts = content.number();
  checksum.parts = unsigned(parts >> 1);
  checksum.composite = parts & 1;
  checksum.value = content.text();
  attributes.checksum = std::move(checksum);
  return true;
}

// One field into `attributes`; fields that this version does not know are an error, since
// attributes must never get lost in silence.
bool read_attribute(unsigned field, const std::string& bytes, Attributes& attributes) {
  FieldReader content(bytes);
  switch (field) {
    case kContentTypeCode: {
      unsigned code = content.byte();
      if (code >= kContentTypes.size()) return false;
      attributes.headers["content-type"] = std::string(kContentTypes[code]);
      break;
    }
    case kHeader:
      if (!read_header(content, attributes)) return false;
      break;
    case kMetadata: {
      std::string name = content.text();
      attributes.metadata[std::move(name)] = content.text();
      break;
    }
    case kChecksum:
      if (!read_checksum(content, attributes)) return false;
      break;
    default:
      return false;
  }
  return content.good() && content.at_end();
}

void write_part_sizes(FieldWriter& writer, const Label& label) {
  const auto& sizes = label.part_sizes;
  if (sizes.empty()) return;
  FieldWriter content;
  bool uniform = sizes.back() <= sizes.front() &&
                 std::all_of(sizes.begin(), sizes.end() - 1,
                             [&](std::uint64_t size) { return size == sizes.front(); });
  if (uniform) {
    content.number(sizes.front());
    write_field(writer, kUniformParts, content);
  } else {
    for (std::uint64_t size : sizes) content.number(size);
    write_field(writer, kPartSizes, content);
  }
}

bool read_part_sizes(unsigned field, const std::string& bytes, Label& label) {
  FieldReader content(bytes);
  std::uint64_t left = label.stamp.size;
  for (unsigned part = 0; part < label.parts; ++part) {
    bool repeated = field == kUniformParts && part > 0;
    std::uint64_t size = repeated ? label.part_sizes.front() : content.number();
    if (repeated && part + 1 == label.parts) size = std::min(size, left);
    if (size > left) return false;
    label.part_sizes.push_back(size);
    left -= size;
  }
  return content.good() && content.at_end() && left == 0;
}

// The algorithm is that of the object's own checksum, whose field comes before.
bool read_part_checksums(std::string bytes, Label& label) {
  const auto& whole = label.attributes.checksum;
  if (!whole || bytes.empty()) return false;
  if (bytes.size() != label.parts * codec::digest_size(whole->algorithm)) return false;
  label.part_checksums = std::move(bytes);
  return true;
}

bool read_sealed(const std::string& bytes, Label& label) {
  FieldReader content(bytes);
  const unsigned with = content.byte();
  SealedLabel sealed;
  sealed.size = content.number();
  if (with != unsigned(SealedWith::kCustomerKey) && with != unsigned(SealedWith::kOwnKey)) {
    return false;
  }
  sealed.with = SealedWith(with);
  label.sealed = sealed;
  return content.good() && content.at_end() && sealed.size < label.stamp.size;
}

bool read_fields(FieldReader& reader, Label& label) {
  while (reader.good() && !reader.at_end()) {
    unsigned field = reader.byte();
    std::string bytes = reader.text();
    if (!reader.good()) return false;
    bool good = true;
    if (field == kVersioned) {
      label.versioned = true;
      good = bytes.empty();
    } else if (field == kSealed) {
      good = read_sealed(bytes, label);
    } else if (field == kUniformParts || field == kPartSizes) {
      good = read_part_sizes(field, bytes, label);
    } else if (field == kPartChecksums) {
      good = read_part_checksums(std::move(bytes), label);
    } else {
      good = read_attribute(field, bytes, label.attributes);
    }
    if (!good) return false;
  }
  return reader.good();
}

}  // namespace

std::string Label::etag() const {
  std::string text = codec::to_hex(md5);
  return parts > 0 ? text + "-" + std::to_string(parts) : text;
}

Encryption Label::encryption() const {
  if (!sealed) return {};
  return {"AES256", "", sealed->with == SealedWith::kCustomerKey};
}

void write_attributes(FieldWriter& writer, const Attributes& attributes) {
  for (const auto& [name, value] : attributes.headers) {
    FieldWriter content;
    auto code = name == "content-type" ? index_in(kContentTypes, value) : std::nullopt;
    if (code) {
      content.byte(*code);
      write_field(writer, kContentTypeCode, content);
    } else if (auto header = index_in(kHeaders, name)) {
      content.byte(*header);
      content.text(value);
      write_field(writer, kHeader, content);
    }
  }
  for (const auto& [name, value] : attributes.metadata) {
    FieldWriter content;
    content.text(name);
    content.text(value);
    write_field(writer, kMetadata, content);
  }
  if (attributes.checksum) {
    FieldWriter content;
    content.byte(unsigned(attributes.checksum->algorithm));
    content.number(std::uint64_t(attributes.checksum->parts) << 1 | attributes.checksum->composite);
    content.text(attributes.checksum->value);
    write_field(writer, kChecksum, content);
  }
}

bool read_attributes(FieldReader& reader, Attributes& attributes) {
  while (reader.good() && !reader.at_end()) {
    unsigned field = reader.byte();
    std::string bytes = reader.text();
    if (!reader.good() || !read_attribute(field, bytes, attributes)) return false;
  }
  return reader.good();
}

EncodedLabel encode_label(const Label& label, std::size_t inline_limit) {
  FieldWriter fields;
  write_attributes(fields, label.attributes);
  write_part_sizes(fields, label);
  if (!label.part_checksums.empty() && label.attributes.checksum) {
    FieldWriter content;
    content.raw(label.part_checksums);
    write_field(fields, kPartChecksums, content);
  }
  FieldWriter core;
  core.byte(kVersion);
  core.byte(0);
  core.raw(label.id);
  core.raw(label.md5);
  core.fixed(label.parts, 2);
  core.fixed(label.stamp.size, 8);
  core.fixed(std::uint64_t(label.stamp.modified), 8);
  // Always in the core: lists do not open side files.
  if (label.versioned) write_field(core, kVersioned, {});
  if (label.sealed) {
    FieldWriter content;
    content.byte(unsigned(label.sealed->with));
    content.number(label.sealed->size);
    write_field(core, kSealed, content);
  }
  if (core.bytes().size() + fields.bytes().size() <= inline_limit) {
    core.raw(fields.bytes());
    return {core.take(), ""};
  }
  std::string bytes = core.take();
  bytes[1] = char(kNeedsSide);
  return {std::move(bytes), seal(fields.take())};
}

std::optional<DecodedCore> decode_core(std::string_view core) {
  FieldReader reader(core);
  if (reader.byte() != kVersion) return std::nullopt;
  DecodedCore out;
  unsigned flags = reader.byte();
  out.needs_side = flags == kNeedsSide;
  out.label.id = reader.raw(kIdSize);
  out.label.md5 = reader.raw(16);
  out.label.parts = unsigned(reader.fixed(2));
  out.label.stamp.size = reader.fixed(8);
  out.label.stamp.modified = std::int64_t(reader.fixed(8));
  if (!reader.good() || flags > kNeedsSide || !read_fields(reader, out.label)) return std::nullopt;
  return out;
}

bool decode_side(std::string_view side, Label& label) {
  auto bytes = unseal(side);
  if (!bytes) return false;
  FieldReader reader(*bytes);
  return read_fields(reader, label);
}

std::string encode_link_record(const LinkRecord& record) {
  FieldWriter writer;
  writer.byte(kLinkVersion);
  writer.raw(record.source_id);
  writer.raw(record.id);
  writer.fixed(std::uint64_t(record.modified), 8);
  return seal(writer.take());
}

std::optional<LinkRecord> decode_link_record(std::string_view bytes) {
  auto content = unseal(bytes);
  if (!content) return std::nullopt;
  FieldReader reader(*content);
  if (reader.byte() != kLinkVersion) return std::nullopt;
  LinkRecord record;
  record.source_id = reader.raw(kIdSize);
  record.id = reader.raw(kIdSize);
  record.modified = std::int64_t(reader.fixed(8));
  if (!reader.good() || !reader.at_end()) return std::nullopt;
  return record;
}

std::string seal(std::string bytes) {
  bytes += codec::digest_of(codec::DigestAlgorithm::kCrc32c, bytes);
  return bytes;
}

std::optional<std::string_view> unseal(std::string_view sealed) {
  if (sealed.size() < kSealSize) return std::nullopt;
  std::string_view bytes = sealed.substr(0, sealed.size() - kSealSize);
  if (codec::digest_of(codec::DigestAlgorithm::kCrc32c, bytes) != sealed.substr(bytes.size())) {
    return std::nullopt;
  }
  return bytes;
}

void FieldWriter::fixed(std::uint64_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i, value >>= 8) out_ += char(value & 0xff);
}

void FieldWriter::number(std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out_ += char(0x80 | (value & 0x7f));
  out_ += char(value);
}

void FieldWriter::text(std::string_view bytes) {
  number(bytes.size());
  out_ += bytes;
}

unsigned FieldReader::byte() { return unsigned(fixed(1)); }

std::uint64_t FieldReader::fixed(unsigned bytes) {
  std::string read = raw(bytes);
  std::uint64_t value = 0;
  for (std::size_t i = read.size(); i-- > 0;)
    value = value << 8 | static_cast<unsigned char>(read[i]);
  return value;
}

std::uint64_t FieldReader::number() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 63; shift += 7) {
    unsigned next = byte();
    value |= std::uint64_t(next & 0x7f) << shift;
    if (next < 0x80) return value;
  }
  good_ = false;
  return 0;
}

std::string FieldReader::raw(std::size_t size) {
  if (size > left_.size()) {
    good_ = false;
    left_ = {};
    return {};
  }
  std::string out(left_.substr(0, size));
  left_.remove_prefix(size);
  return out;
}

}  // namespace holdfast::storage
