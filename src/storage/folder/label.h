// What is stored beside an object's bytes, and its bytes on disk (docs/formats/folder.md,
// "Labels"). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/seal/segment.h"
#include "storage/storage.h"

namespace holdfast::storage {

inline constexpr std::size_t kIdSize = 12;          // bytes of a publish's random id
inline constexpr std::size_t kInlineLimit = 90;     // bytes of an extended attribute, at most
inline constexpr std::size_t kSideLimit = 1 << 20;  // bytes of a side file, at most

// A file's size and time of last change (nanoseconds since 1970): a label counts only for the
// file whose stamp it holds, so that what was changed by hand is not taken for what was put.
struct FileStamp {
  std::uint64_t size = 0;
  std::int64_t modified = 0;
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

// That the file's bytes are sealed (docs/formats/sealed.md), and how many bytes they hold.
struct SealedLabel {
  SealedWith with = SealedWith::kCustomerKey;
  std::uint64_t size = 0;
  friend bool operator==(const SealedLabel&, const SealedLabel&) = default;
};

struct Label {
  std::string id;   // kIdSize raw bytes, new with every publish; of a multipart object its upload
  std::string md5;  // raw: of the bytes, or of the parts' MD5s
  unsigned parts = 0;
  bool versioned = false;  // published as a version of its own: its id is the version's
  FileStamp stamp;
  Attributes attributes;
  std::vector<std::uint64_t> part_sizes;  // as they lie in the file
  std::string part_checksums;             // raw, one after the other; empty: not all parts have one
  std::optional<SealedLabel> sealed;

  std::string etag() const;
  Encryption encryption() const;
};

// The label as it is written: `core` goes with the file; `side` is empty when all fits into `core`
// (at most `inline_limit` bytes), else it holds what does not.
struct EncodedLabel {
  std::string core;
  std::string side;
};
EncodedLabel encode_label(const Label& label, std::size_t inline_limit);

// A core read back. `needs_side`: attributes and part sizes are in the side file.
struct DecodedCore {
  Label label;
  bool needs_side = false;
};
// nullopt: not a label that this version can read.
std::optional<DecodedCore> decode_core(std::string_view core);
// Adds what the side file holds; false when it is damaged.
bool decode_side(std::string_view side, Label& label);

// The time and the id of a copy that shares its file with the source (a hard link). It counts as
// long as the file under its name is the one of `source_id`.
struct LinkRecord {
  std::string source_id;
  std::string id;
  std::int64_t modified = 0;  // nanoseconds since 1970
};
std::string encode_link_record(const LinkRecord& record);
std::optional<LinkRecord> decode_link_record(std::string_view bytes);

// Fields of numbers and texts, as labels, side files and upload records are made of.
class FieldWriter {
 public:
  void byte(unsigned value) { out_ += char(value); }
  void fixed(std::uint64_t value, unsigned bytes);  // little-endian
  void number(std::uint64_t value);                 // seven bits a byte, low ones first
  void raw(std::string_view bytes) { out_ += bytes; }
  void text(std::string_view bytes);  // its length, then the bytes
  const std::string& bytes() const { return out_; }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

// Every read beyond the end, or a number that does not fit, makes good() false and yields nothing.
class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) : left_(bytes) {}
  unsigned byte();
  std::uint64_t fixed(unsigned bytes);
  std::uint64_t number();
  std::string raw(std::size_t size);
  std::string text() { return raw(std::size_t(number())); }
  bool good() const { return good_; }
  bool at_end() const { return left_.empty(); }
  std::size_t left() const { return left_.size(); }

 private:
  std::string_view left_;
  bool good_ = true;
};

// `bytes` with a CRC at its end, and the check of it; nullopt when it does not match.
std::string seal(std::string bytes);
std::optional<std::string_view> unseal(std::string_view sealed);

// The attributes alone, in the same fields.
void write_attributes(FieldWriter& writer, const Attributes& attributes);
bool read_attributes(FieldReader& reader, Attributes& attributes);  // to the reader's end

}  // namespace holdfast::storage
