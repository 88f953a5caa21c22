#include "codec/graph_canonical.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <fmt/format.h>
#include <memory>
#include <optional>

#include "base/error.h"

namespace holdfast::codec {

namespace {

// One letter a type, in the order of the enumeration: part of the recorded hashes, never to change.
constexpr std::string_view kLetters = "zbsildeuDTLSMFNyhcBPIAJKOZHYVWRXQE";
static_assert(kLetters.size() == std::size_t(GraphType::kOther) + 1);
constexpr char letter_of(GraphType type) { return kLetters[std::size_t(type)]; }
constexpr char kFalse = 'f', kTrue = 't';
constexpr char kJsonObject = 'o', kJsonArray = 'a', kJsonNumber = 'n';

void append_64(std::uint64_t value, std::string& out) {
  std::array<char, 8> bytes;
  for (char& byte : bytes) {
    byte = char(value);
    value >>= 8;
  }
  out.append(bytes.data(), bytes.size());
}

void append_integer(GraphType type, std::int64_t value, std::string& out) {
  out += letter_of(type);
  append_64(std::uint64_t(value), out);
}

// A float's value is exact as a double; a NaN is the one that read_graphson makes.
void append_double(GraphType type, double value, std::string& out) {
  out += letter_of(type);
  append_64(std::bit_cast<std::uint64_t>(value), out);
}

void append_bytes(char letter, std::string_view bytes, std::string& out) {
  out += letter;
  append_canonical_count(bytes.size(), out);
  out += bytes;
}

// A decimal number as its digits without zeros at either end, and the power of ten of its last one.
// nullopt when that power is out of all bounds.
std::optional<std::string> decimal_form(std::string_view number) {
  const bool is_negative = number.starts_with('-');
  if (is_negative) number.remove_prefix(1);
  std::int64_t power = 0;
  if (const std::size_t mark = number.find_first_of("eE"); mark != number.npos) {
    std::string_view exponent = number.substr(mark + 1);
    if (exponent.starts_with('+')) exponent.remove_prefix(1);
    const char* const end = exponent.data() + exponent.size();
    if (std::from_chars(exponent.data(), end, power).ec != std::errc()) return std::nullopt;
    constexpr std::int64_t kMost = std::int64_t(1) << 31;  // as Java has it
    if (power > kMost || power < -kMost) return std::nullopt;
    number = number.substr(0, mark);
  }
  std::string digits;
  if (const std::size_t point = number.find('.'); point != number.npos) {
    power -= std::int64_t(number.size() - point - 1);
    digits = number.substr(0, point);
    digits += number.substr(point + 1);
  } else {
    digits = number;
  }
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));  // npos: all of them
  if (digits.empty()) return "0";
  const std::size_t last = digits.find_last_not_of('0');
  power += std::int64_t(digits.size() - 1 - last);
  digits.resize(last + 1);
  return (is_negative ? "-" : "") + digits + "e" + std::to_string(power);
}

constexpr std::string_view kTwice = "a set or a map holds the same twice";

// Any JSON, of a type that we do not know.
void append_json(JsonScanner& scanner, std::string& out) {
  bool first = true;
  std::string_view name;
  switch (scanner.peek()) {
    case '{': {
      out += kJsonObject;
      scanner.open('{', "");
      CanonicalPieces members;
      while (scanner.next_member(first, name)) {
        members.begin();
        append_canonical_text(name, scanner.origin(), members.bytes());
        members.end_key();
        append_json(scanner, members.bytes());
      }
      if (!members.append_to(out)) scanner.fail("an object has the same member twice");
      return;
    }
    case '[': {
      std::string items;
      std::uint64_t count = 0;
      scanner.open('[', "");
      for (; scanner.next_element(first); ++count) append_json(scanner, items);
      out += kJsonArray;
      append_canonical_count(count, out);
      out += items;
      return;
    }
    case '"':
      append_canonical_text(scanner.text(""), scanner.origin(), out);
      return;
    default:
      break;
  }
  const std::string_view word = scanner.plain("");
  if (word == "null" || word == "true" || word == "false") {
    out += word == "null" ? letter_of(GraphType::kNull) : word == "true" ? kTrue : kFalse;
    return;
  }
  if (const std::optional<std::string> number = decimal_form(word)) {
    append_bytes(kJsonNumber, *number, out);
  } else {
    scanner.fail_at(word, "there is no such number");
  }
}

class ValueWriter {
 public:
  ValueWriter(JsonScanner& scanner, std::string& unknown) : scanner_(scanner), unknown_(unknown) {}

  void append(const GraphValue& value, std::string& out) {
    switch (value.type) {
      case GraphType::kNull:
        out += letter_of(value.type);
        return;
      case GraphType::kBool:
        out += value.boolean ? kTrue : kFalse;
        return;
      case GraphType::kInt32:
      case GraphType::kInt64:
      case GraphType::kByte:
      case GraphType::kInt16:
      case GraphType::kDate:
      case GraphType::kTimestamp:
        append_integer(value.type, value.integer, out);
        return;
      case GraphType::kDouble:
      case GraphType::kFloat:
        append_double(value.type, value.number, out);
        return;
      case GraphType::kList:
      case GraphType::kSet:
      case GraphType::kMap:
        append_items(value, out);
        return;
      case GraphType::kBigDecimal:
      case GraphType::kBigInteger:
        append_long(value, out);
        return;
      case GraphType::kOther:
        append_other(value, out);
        return;
      default:
        append_bytes(letter_of(value.type), value.text, out);
    }
  }

 private:
  void append_items(const GraphValue& value, std::string& out) {
    out += letter_of(value.type);
    if (value.type == GraphType::kList) {
      append_canonical_count(value.items.size(), out);
      for (const GraphValue& item : value.items) append(item, out);
      return;
    }
    const bool is_map = value.type == GraphType::kMap;
    CanonicalPieces pieces;
    for (std::size_t i = 0; i < value.items.size(); ++i) {
      const bool is_key = !is_map || i % 2 == 0;
      if (is_key) pieces.begin();
      append(value.items[i], pieces.bytes());
      if (is_key) pieces.end_key();
    }
    if (!pieces.append_to(out)) scanner_.fail(kTwice);
  }

  void append_long(const GraphValue& value, std::string& out) {
    const std::optional<std::string> form = decimal_form(value.text);
    if (!form) scanner_.fail("a number's exponent is too large");
    append_bytes(letter_of(value.type), *form, out);
  }

  void append_other(const GraphValue& value, std::string& out) {
    if (unknown_.empty()) unknown_ = value.other;
    append_bytes(letter_of(value.type), value.other, out);
    // A copy of what stands in the document: its places say nothing there.
    try {
      JsonScanner inner(value.text, {.what = scanner_.origin().what});
      append_json(inner, out);
    } catch (const Corrupt& error) {
      scanner_.fail(fmt::format("in a value of type {}: {}", value.other, error.reason()));
    }
  }

  JsonScanner& scanner_;
  std::string& unknown_;
};

template <typename Number>
std::optional<Number> parsed(std::string_view text) {
  Number value = 0;
  const char* const end = std::to_address(text.end());
  const auto result = std::from_chars(std::to_address(text.begin()), end, value);
  if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return value;
}

// The types that most values and ids have, without a tree. False, with nothing appended, for all
// others and for what is wrong.
bool append_common(std::string_view json, std::string& out) {
  constexpr std::string_view kTyped = "{\"@type\":\"", kValue = "\",\"@value\":";
  if (!json.starts_with(kTyped) || !json.ends_with('}')) return false;
  json.remove_prefix(kTyped.size());
  json.remove_suffix(1);
  const std::string_view name = json.substr(0, json.find('"'));
  json.remove_prefix(name.size());
  if (!json.starts_with(kValue)) return false;
  json.remove_prefix(kValue.size());
  if (name == "g:Int64" || name == "g:Int32" || name == "g:Date" || name == "g:Timestamp") {
    const GraphType type = graph_type_of(name);
    const std::optional<std::int64_t> value = parsed<std::int64_t>(json);
    if (!value || (type == GraphType::kInt32 && *value != std::int32_t(*value))) return false;
    append_integer(type, *value, out);
    return true;
  }
  if (name == "g:Double") {
    const std::optional<double> value = parsed<double>(json);
    if (!value) return false;
    append_double(GraphType::kDouble, *value, out);
    return true;
  }
  if (name != "g:UUID" || json.size() < 2) return false;
  const std::size_t before = out.size();
  out += letter_of(GraphType::kUuid);
  append_canonical_count(36, out);
  if (append_uuid(json.substr(1, json.size() - 2), out)) return true;
  out.resize(before);
  return false;
}

}  // namespace

void append_canonical_count(std::uint64_t count, std::string& out) {
  for (; count >= 0x80; count >>= 7) out += char(count | 0x80);
  out += char(count);
}

void append_canonical_text(std::string_view raw, const JsonOrigin& origin, std::string& out) {
  if (raw.find('\\') == raw.npos) {
    append_bytes(letter_of(GraphType::kText), raw, out);
  } else {
    append_bytes(letter_of(GraphType::kText), json_text(raw, origin), out);
  }
}

void append_canonical(std::string_view json, const JsonOrigin& origin, std::string& unknown,
                      std::string& out) {
  if (json.starts_with('"')) {
    append_canonical_text(json.substr(1, json.size() - 2), origin, out);
    return;
  }
  if (append_common(json, out)) return;
  JsonScanner scanner(json, origin);
  const GraphValue value = read_graphson(scanner);
  scanner.end();
  ValueWriter(scanner, unknown).append(value, out);
}

void CanonicalPieces::begin() {
  if (!pieces_.empty()) pieces_.back().end = bytes_.size();
  pieces_.emplace_back().begin = bytes_.size();
}

void CanonicalPieces::end_key() { pieces_.back().key = bytes_.size() - pieces_.back().begin; }

bool CanonicalPieces::append_to(std::string& out) {
  append_canonical_count(pieces_.size(), out);
  if (pieces_.empty()) return true;
  pieces_.back().end = bytes_.size();
  std::sort(pieces_.begin(), pieces_.end(),
            [&](const Piece& a, const Piece& b) { return bytes_of(a) < bytes_of(b); });
  out += bytes_of(pieces_.front());
  bool is_distinct = true;
  for (std::size_t i = 1; i < pieces_.size(); ++i) {
    const Piece& piece = pieces_[i];
    if (piece.key != 0 && key_of(piece) == key_of(pieces_[i - 1])) is_distinct = false;
    out += bytes_of(piece);
  }
  return is_distinct;
}

void CanonicalPieces::clear() {
  bytes_.clear();
  pieces_.clear();
}

}  // namespace holdfast::codec
