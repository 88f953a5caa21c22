#include "codec/form_data.h"

#include <algorithm>

#include "base/error.h"

namespace holdfast::codec {

namespace {

constexpr std::size_t kBlock = 64 * 1024;
constexpr std::size_t kLongestBoundary = 70;
constexpr std::string_view kEndOfHead = "\r\n\r\n";
constexpr std::string_view kBoundaryMarks = "'()+_,-./:=? ";

[[noreturn]] void malformed(std::string why) {
  throw InvalidArgument::with_code(kMalformedForm, "read the form", std::move(why));
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = char(c - 'A' + 'a');
  }
  return result;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Takes a parameter's value from the front of `text`: quoted, with backslashes before what would
// end it, or up to the next semicolon. nullopt when a quote stays open.
std::optional<std::string> take_value(std::string_view& text) {
  if (!text.starts_with('"')) {
    const std::size_t end = std::min(text.find(';'), text.size());
    std::string value(trimmed(text.substr(0, end)));
    text.remove_prefix(end);
    return value;
  }
  std::string value;
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '"') {
      text.remove_prefix(at + 1);
      return value;
    }
    // Browsers send a file's folders with plain backslashes.
    if (text[at] == '\\' && at + 1 < text.size() && text[at + 1] == '"') ++at;
    value += text[at];
  }
  return std::nullopt;
}

// The parameters behind the first semicolon of a header's value.
std::vector<std::pair<std::string, std::string>> parameters(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> found;
  text.remove_prefix(std::min(text.find(';'), text.size()));
  while (!text.empty()) {
    text.remove_prefix(1);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) {
      if (!trimmed(text).empty()) malformed("a parameter without a value");
      break;
    }
    std::string name = lower(trimmed(text.substr(0, equals)));
    text = trimmed(text.substr(equals + 1));
    auto value = take_value(text);
    text = trimmed(text);
    if (!value || (!text.empty() && text.front() != ';')) malformed("a parameter is not closed");
    found.emplace_back(std::move(name), std::move(*value));
  }
  return found;
}

}  // namespace

std::optional<std::string> form_boundary(std::string_view content_type) {
  const std::size_t semicolon = std::min(content_type.find(';'), content_type.size());
  if (lower(trimmed(content_type.substr(0, semicolon))) != "multipart/form-data") {
    return std::nullopt;
  }
  const auto allowed = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kBoundaryMarks.find(c) != std::string_view::npos;
  };
  for (auto& [name, value] : parameters(content_type)) {
    if (name != "boundary") continue;
    if (value.empty() || value.size() > kLongestBoundary || value.back() == ' ' ||
        !std::all_of(value.begin(), value.end(), allowed)) {
      break;
    }
    return std::move(value);
  }
  malformed("its type names no boundary");
}

FormData::FormData(Source& wire, const std::string& boundary, std::size_t limit)
    : wire_(wire), delimiter_("\r\n--" + boundary), held_("\r\n") {
  take_until(delimiter_, limit);  // whatever stands before the first part
  while (at_next_part()) {
    Part part = read_part_head(limit);
    if (part.name == "file") {
      file_name_ = std::move(part.file_name);
      look_for_end();
      return;
    }
    std::string value = take_until(delimiter_, limit);
    fields_.emplace_back(std::move(part.name), std::move(value));
  }
  throw InvalidArgument::with_code(kNoFile, "read the form", "it has no field 'file'");
}

// Another block from the wire; false at its end.
bool FormData::fill() {
  if (wire_ended_) return false;
  held_.erase(0, start_);
  start_ = 0;
  const std::size_t before = held_.size();
  held_.resize(before + kBlock);
  const std::size_t got = wire_.read({held_.data() + before, kBlock});
  held_.resize(before + got);
  wire_ended_ = got == 0;
  return got > 0;
}

void FormData::take(std::size_t count) {
  start_ += count;
  taken_ += count;
}

// What comes before `mark`, and takes that away too.
std::string FormData::take_until(std::string_view mark, std::size_t limit) {
  while (true) {
    const std::size_t at = held_.find(mark, start_);
    const std::size_t end = at == std::string::npos ? held_.size() : at;
    if (taken_ + (end - start_) > limit) {
      throw InvalidArgument::with_code(kFieldsTooLarge, "read the form",
                                       "the fields before the file are larger than allowed");
    }
    if (at != std::string::npos) {
      std::string text = held_.substr(start_, at - start_);
      take(text.size() + mark.size());
      return text;
    }
    if (!fill()) malformed("it ends within a field");
  }
}

// Behind a delimiter: whether a part follows, which the line end begins.
bool FormData::at_next_part() {
  while (held_.size() - start_ < 2) {
    if (!fill()) malformed("it ends without its last boundary");
  }
  const std::string_view next = std::string_view(held_).substr(start_, 2);
  if (next == "--") return false;
  if (next != "\r\n") malformed("text behind a boundary");
  return true;
}

FormData::Part FormData::read_part_head(std::size_t limit) {
  // The line end behind the delimiter stays there: a part may have no headers at all.
  std::string head = take_until(kEndOfHead, limit);
  Part part;
  bool named = false;
  std::string_view rest = head;
  while (!rest.empty()) {
    rest.remove_prefix(2);
    const std::size_t end = std::min(rest.find("\r\n"), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) malformed("a header of a field has no colon");
    if (lower(trimmed(line.substr(0, colon))) != "content-disposition") continue;
    for (auto& [name, value] : parameters(line.substr(colon + 1))) {
      if (name == "name") part.name = lower(value);
      if (name == "filename") part.file_name = value.substr(value.find_last_of("/\\") + 1);
      named = named || name == "name";
    }
  }
  if (!named) malformed("a field without a name");
  return part;
}

// Finds out how much of what is held belongs to the file: up to the delimiter, or up to where one
// could begin.
void FormData::look_for_end() {
  while (!ended_) {
    std::size_t at = start_;
    while ((at = held_.find(delimiter_, at)) != std::string::npos) {
      const std::string_view next = std::string_view(held_).substr(at + delimiter_.size(), 2);
      if (next.size() < 2 && !wire_ended_) break;  // more of it decides
      if (next == "--" || next == "\r\n") {
        ended_ = true;
        safe_ = at - start_;
        return;
      }
      ++at;  // a line that only begins like the boundary
    }
    const std::size_t here = held_.size() - start_, kept = delimiter_.size() + 2;
    safe_ = here > kept ? here - kept : 0;
    if (safe_ > 0) return;
    if (!fill()) malformed("it ends within its file");
  }
}

std::size_t FormData::read(std::span<char> into) {
  if (into.empty()) return 0;
  if (safe_ == 0) {
    if (ended_) return 0;
    fill();
    look_for_end();
  }
  const std::size_t count = std::min(into.size(), safe_);
  std::copy_n(held_.data() + start_, count, into.data());
  take(count);
  safe_ -= count;
  return count;
}

std::optional<std::uint64_t> FormData::size() const {
  if (!ended_) return std::nullopt;
  return safe_;
}

}  // namespace holdfast::codec
