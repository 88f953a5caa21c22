#include "codec/json_scanner.h"

#include <array>
#include <bit>
#include <bitset>
#include <cstring>
#include <fmt/format.h>
#include <optional>

#include "base/error.h"

namespace holdfast::codec {

namespace {

constexpr std::uint64_t repeated(std::uint8_t byte) { return 0x0101010101010101ull * byte; }
constexpr std::uint64_t kHighBits = repeated(0x80);

// The high bit of each byte that is zero. Above the lowest such byte others may be marked falsely.
std::uint64_t zeros_in(std::uint64_t word) { return (word - repeated(1)) & ~word & kHighBits; }

// The first byte from `at` on that ends the plain stretch of a text: a quote, a backslash, a
// control character or one beyond ASCII.
const char* end_of_plain(const char* at, const char* end) {
  if constexpr (std::endian::native == std::endian::little) {
    while (end - at >= 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, at, sizeof word);
      const std::uint64_t controls = (word - repeated(0x20)) & ~word & kHighBits;
      const std::uint64_t marks = zeros_in(word ^ repeated('"')) | zeros_in(word ^ repeated('\\')) |
                                  controls | (word & kHighBits);
      if (marks != 0) return at + std::countr_zero(marks) / 8;
      at += 8;
    }
  }
  // A byte beyond ASCII is negative where char is signed, and above 0x7F where it is not.
  while (at < end && std::int8_t(*at) >= 0x20 && *at != '"' && *at != '\\') ++at;
  return at;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// How long the character that begins with this byte is, and the range of its second byte, which
// keeps out overlong forms, surrogates and what lies beyond U+10FFFF. Length 0: no first byte.
struct Lead {
  int length;
  std::uint8_t least, most;
};
Lead lead_of(std::uint8_t first) {
  if (first >= 0xC2 && first <= 0xDF) return {2, 0x80, 0xBF};
  if (first == 0xE0) return {3, 0xA0, 0xBF};
  if (first == 0xED) return {3, 0x80, 0x9F};
  if (first >= 0xE1 && first <= 0xEF) return {3, 0x80, 0xBF};
  if (first == 0xF0) return {4, 0x90, 0xBF};
  if (first >= 0xF1 && first <= 0xF3) return {4, 0x80, 0xBF};
  if (first == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

}  // namespace

void JsonScanner::fail_here(const char* at, std::string_view why) const {
  const auto offset = std::uint64_t(at - origin_.document.data());
  throw Corrupt(std::string(origin_.what),
                origin_.line == 0
                    ? fmt::format("{} (byte {})", why, offset)
                    : fmt::format("{} (line {}, column {})", why, origin_.line, offset + 1));
}

void JsonScanner::blanks() {
  while (next_ < end_ && (*next_ == ' ' || *next_ == '\t' || *next_ == '\r' || *next_ == '\n')) {
    ++next_;
  }
}

void JsonScanner::open(char bracket, std::string_view expected) {
  if (peek() != bracket) fail(expected);
  ++next_;
}

bool JsonScanner::next_member(bool& first, std::string_view& name) {
  if (peek() == '}') {
    ++next_;
    return false;
  }
  if (!first) {
    if (peek() != ',') fail("a comma or the end of an object is missing");
    ++next_;
  }
  first = false;
  name = text("the name of a member is missing");
  if (peek() != ':') fail("a colon is missing");
  ++next_;
  return true;
}

bool JsonScanner::next_element(bool& first) {
  if (peek() == ']') {
    ++next_;
    return false;
  }
  if (!first) {
    if (peek() != ',') fail("a comma or the end of an array is missing");
    ++next_;
    if (peek() == ']') fail("a value is missing");
  }
  first = false;
  return true;
}

const char* JsonScanner::escape(const char* at) {
  if (end_ - at < 2) fail_here(at, "the text is cut off");
  if (at[1] != 'u') {
    if (at[1] == '\0' || !std::strchr("\"\\/bfnrt", at[1])) fail_here(at, "an escape is malformed");
    return at + 2;
  }
  if (end_ - at < 6) fail_here(at, "the text is cut off");
  for (int i = 2; i < 6; ++i) {
    if (hex_digit(at[i]) < 0) fail_here(at, "an escape is malformed");
  }
  return at + 6;
}

const char* JsonScanner::multibyte(const char* at) {
  const Lead lead = lead_of(std::uint8_t(*at));
  if (lead.length == 0 || end_ - at < lead.length) fail_here(at, "the text is not UTF-8");
  const auto second = std::uint8_t(at[1]);
  if (second < lead.least || second > lead.most) fail_here(at, "the text is not UTF-8");
  for (int i = 2; i < lead.length; ++i) {
    if ((std::uint8_t(at[i]) & 0xC0) != 0x80) fail_here(at, "the text is not UTF-8");
  }
  return at + lead.length;
}

// The cursor is at the opening quote.
std::string_view JsonScanner::quoted() {
  const char* const begin = ++next_;
  const char* at = begin;
  for (;;) {
    at = end_of_plain(at, end_);
    if (at == end_) fail_here(at, "the text is cut off");
    if (*at == '"') break;
    if (*at == '\\') {
      at = escape(at);
    } else if (std::uint8_t(*at) < 0x20) {
      fail_here(at, "there is a control character in a text");
    } else {
      at = multibyte(at);
    }
  }
  next_ = at + 1;
  return {begin, std::size_t(at - begin)};
}

std::string_view JsonScanner::text(std::string_view expected) {
  if (peek() != '"') fail(expected);
  return quoted();
}

void JsonScanner::number() {
  const char* at = next_;
  auto digits = [&] {
    const char* const begin = at;
    while (at < end_ && is_digit(*at)) ++at;
    if (at == begin) fail_here(at, "a number is malformed");
  };
  if (at < end_ && *at == '-') ++at;
  if (at < end_ && *at == '0') {
    ++at;
  } else {
    digits();
  }
  if (at < end_ && *at == '.') {
    ++at;
    digits();
  }
  if (at < end_ && (*at == 'e' || *at == 'E')) {
    ++at;
    if (at < end_ && (*at == '+' || *at == '-')) ++at;
    digits();
  }
  next_ = at;
}

void JsonScanner::word(std::string_view word) {
  if (!pass(word)) fail("there is no JSON value");
}

void JsonScanner::scalar() {
  switch (peek()) {
    case '"':
      quoted();
      return;
    case 't':
      word("true");
      return;
    case 'f':
      word("false");
      return;
    case 'n':
      word("null");
      return;
    default:
      break;
  }
  const char c = peek();
  if (c == '\0' && next_ == end_) fail("the JSON is cut off");
  if (c != '-' && !is_digit(c)) fail("there is no JSON value");
  number();
}

std::string_view JsonScanner::plain(std::string_view expected) {
  const char c = peek();
  if (c == '"' || c == '{' || c == '[') fail(expected);
  const char* const begin = next_;
  scalar();
  return {begin, std::size_t(next_ - begin)};
}

// {"@type":"g:Int64","@value":1} without blanks: a graph's file is made of these.
bool JsonScanner::pass_typed_scalar() {
  const char* const begin = next_;
  if (pass("{\"@type\":\"g")) {
    while (next_ < end_ && (is_letter(*next_) || is_digit(*next_) || *next_ == ':')) ++next_;
    if (pass("\",\"@value\":") && next_ < end_ && *next_ != '{' && *next_ != '[') {
      scalar();
      if (pass("}")) return true;
    }
  }
  next_ = begin;
  return false;
}

std::string_view JsonScanner::skip() {
  peek();
  const char* const begin = next_;
  std::bitset<kDepth> is_object;
  std::array<bool, kDepth> first{};
  std::size_t depth = 0;
  std::string_view name;
  do {
    // Before a value.
    const char c = peek();
    if (c == '{' && pass_typed_scalar()) {
      // As good as a scalar.
    } else if (c == '{' || c == '[') {
      if (depth == kDepth) fail("arrays and objects lie too deep in each other");
      is_object[depth] = c == '{';
      first[depth] = true;
      ++depth;
      ++next_;
    } else {
      scalar();
    }
    // Behind one, or at the beginning of what was opened: up to the next value.
    while (depth > 0) {
      bool& is_first = first[depth - 1];
      if (is_object[depth - 1] ? next_member(is_first, name) : next_element(is_first)) break;
      --depth;
    }
  } while (depth > 0);
  return {begin, std::size_t(next_ - begin)};
}

void JsonScanner::end() {
  peek();
  if (next_ != end_) fail("there are bytes behind the JSON");
}

namespace {

void append_utf8(std::uint32_t code, std::string& out) {
  if (code < 0x80) {
    out += char(code);
  } else if (code < 0x800) {
    out += char(0xC0 | code >> 6);
    out += char(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += char(0xE0 | code >> 12);
    out += char(0x80 | (code >> 6 & 0x3F));
    out += char(0x80 | (code & 0x3F));
  } else {
    out += char(0xF0 | code >> 18);
    out += char(0x80 | (code >> 12 & 0x3F));
    out += char(0x80 | (code >> 6 & 0x3F));
    out += char(0x80 | (code & 0x3F));
  }
}

std::uint32_t unit_at(std::string_view raw, std::size_t at) {
  std::uint32_t unit = 0;
  for (std::size_t i = at + 2; i < at + 6; ++i) unit = unit << 4 | std::uint32_t(hex_digit(raw[i]));
  return unit;
}

// The character of the escape \u at `at`; moves behind it. nullopt for half a pair.
std::optional<std::uint32_t> code_at(std::string_view raw, std::size_t& at) {
  const std::uint32_t unit = unit_at(raw, at);
  at += 6;
  if (unit < 0xD800 || unit > 0xDFFF) return unit;
  if (unit > 0xDBFF || !raw.substr(at).starts_with("\\u")) return std::nullopt;
  const std::uint32_t low = unit_at(raw, at);
  if (low < 0xDC00 || low > 0xDFFF) return std::nullopt;
  at += 6;
  return 0x10000 + ((unit - 0xD800) << 10 | (low - 0xDC00));
}

}  // namespace

void append_json_text(std::string_view raw, const JsonOrigin& origin, std::string& out) {
  constexpr std::string_view kLetters = "bfnrt", kMeanings = "\b\f\n\r\t";
  std::size_t at = 0;
  for (;;) {
    const std::size_t slash = raw.find('\\', at);
    out += raw.substr(at, slash - at);
    if (slash == raw.npos) return;
    at = slash;
    const char letter = raw[at + 1];
    if (letter == 'u') {
      const std::optional<std::uint32_t> code = code_at(raw, at);
      if (!code) {
        JsonScanner(raw, origin).fail_at(raw.substr(slash), "half a surrogate pair is no text");
      }
      append_utf8(*code, out);
      continue;
    }
    const std::size_t known = kLetters.find(letter);
    out += known == kLetters.npos ? letter : kMeanings[known];
    at += 2;
  }
}

std::string json_text(std::string_view raw, const JsonOrigin& origin) {
  std::string out;
  append_json_text(raw, origin, out);
  return out;
}

void append_json_quoted(std::string_view text, std::string& out) {
  constexpr std::string_view kShort = "\"\\\b\f\n\r\t", kLetters = "\"\\bfnrt";
  out += '"';
  for (char c : text) {
    const std::size_t known = kShort.find(c);
    if (known != kShort.npos) {
      out += '\\';
      out += kLetters[known];
    } else if (std::uint8_t(c) < 0x20) {
      out += fmt::format("\\u{:04X}", unsigned(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

}  // namespace holdfast::codec
