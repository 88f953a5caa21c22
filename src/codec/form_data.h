// Forms that browsers send with a file (multipart/form-data), read as a stream: the fields before
// the file into memory, within a limit, and then the file's bytes as they come. What follows the
// file is left unread, as S3 does. Pure, but for the source that it pulls from.
// Source: RFC 7578, RFC 2046 section 5.1.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/stream.h"

namespace holdfast::codec {

// Codes of the errors below.
inline constexpr std::string_view kMalformedForm = "MalformedPOSTRequest";
inline constexpr std::string_view kFieldsTooLarge = "MaxPostPreDataLengthExceeded";
inline constexpr std::string_view kNoFile = "InvalidArgument";

// The boundary that a Content-Type of multipart/form-data names; nullopt for every other type.
// InvalidArgument (code kMalformedForm) for a boundary that is none.
std::optional<std::string> form_boundary(std::string_view content_type);

// The file of a form. Its size is known when its end was seen already, as that of every short one.
class FormData : public Source {
 public:
  // Reads up to the first byte of the field `file`; borrows `wire`. InvalidArgument:
  // kMalformedForm; kFieldsTooLarge when the file does not begin within `limit` bytes; kNoFile when
  // there is none.
  FormData(Source& wire, const std::string& boundary, std::size_t limit);

  // Names in lower case, values as sent, in order.
  const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }
  // What the browser calls the file, without folders; may be empty.
  const std::string& file_name() const { return file_name_; }

  // InvalidArgument (code kMalformedForm) when the form ends before its file does.
  std::size_t read(std::span<char> into) override;
  std::optional<std::uint64_t> size() const override;

 private:
  struct Part {
    std::string name, file_name;
  };
  bool fill();
  void take(std::size_t count);
  std::string take_until(std::string_view mark, std::size_t limit);
  bool at_next_part();
  Part read_part_head(std::size_t limit);
  void look_for_end();

  Source& wire_;
  const std::string delimiter_;  // CR LF -- boundary
  std::string held_;             // read from the wire, not yet handed out, from start_ on
  std::size_t start_ = 0;
  std::size_t taken_ = 0;  // bytes handed out in all
  std::size_t safe_ = 0;   // of held_: bytes that are surely the file's
  bool wire_ended_ = false, ended_ = false;
  std::vector<std::pair<std::string, std::string>> fields_;
  std::string file_name_;
};

}  // namespace holdfast::codec
