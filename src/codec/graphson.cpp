#include "codec/graphson.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <optional>

#include "base/error.h"
#include "codec/text.h"

namespace holdfast::codec {

namespace {

// In the order of the enumeration.
constexpr std::array<std::string_view, 33> kNames = {
    "",
    "",
    "",
    "g:Int32",
    "g:Int64",
    "g:Double",
    "g:Float",
    "g:UUID",
    "g:Date",
    "g:Timestamp",
    "g:List",
    "g:Set",
    "g:Map",
    "gx:BigDecimal",
    "gx:BigInteger",
    "gx:Byte",
    "gx:Int16",
    "gx:Char",
    "gx:ByteBuffer",
    "gx:Duration",
    "gx:Instant",
    "gx:LocalDate",
    "gx:LocalDateTime",
    "gx:LocalTime",
    "gx:OffsetDateTime",
    "gx:ZonedDateTime",
    "gx:InetAddress",
    "gx:Year",
    "gx:YearMonth",
    "gx:MonthDay",
    "gx:Period",
    "gx:ZoneOffset",
    "gx:OffsetTime",
};
static_assert(kNames.size() == std::size_t(GraphType::kOther));
constexpr std::size_t kFirstNamed = std::size_t(GraphType::kInt32);

constexpr std::size_t kLongestForm = 256;                // of a text of java.time or java.net
constexpr std::size_t kDepth = JsonScanner::kDepth / 2;  // a value takes two levels of JSON

bool is_integral(std::string_view number) { return number.find_first_of(".eE") == number.npos; }

struct Range {
  std::int64_t least, most;
};
template <typename Number>
constexpr Range range_of() {
  return {std::numeric_limits<Number>::min(), std::numeric_limits<Number>::max()};
}

Range range_of(GraphType type) {
  switch (type) {
    case GraphType::kInt32:
    case GraphType::kYear:
      return range_of<std::int32_t>();
    case GraphType::kInt16:
      return range_of<std::int16_t>();
    case GraphType::kByte:
      return range_of<std::int8_t>();
    default:
      return range_of<std::int64_t>();
  }
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

template <typename Number>
std::optional<double> parse_floating(std::string_view text) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return double(value);
}

// One value, from its type's name on.
class ValueReader {
 public:
  explicit ValueReader(JsonScanner& scanner, std::size_t items = 0)
      : scanner_(scanner), items_(items) {}

  GraphValue read(std::size_t depth) {
    if (depth == kDepth) scanner_.fail("values lie too deep in each other");
    if (items_++ == kMostItems) {
      refuse(fmt::format("a value has more than {} items", kMostItems), "keep it elsewhere");
    }
    GraphValue value;
    switch (scanner_.peek()) {
      case '"':
        value.type = GraphType::kText;
        value.text = text("");
        return value;
      case '{':
        return typed(depth);
      case '[':
        unsupported("there is an array without a type");
      default:
        return bare();
    }
  }

 private:
  [[noreturn]] void refuse(std::string_view why, std::string advice) const {
    const JsonOrigin& origin = scanner_.origin();
    throw Unsupported(
        std::string(origin.what),
        origin.line == 0 ? std::string(why) : fmt::format("{} (line {})", why, origin.line),
        std::move(advice));
  }
  [[noreturn]] void unsupported(std::string_view why) const {
    refuse(why, "only GraphSON 3 can be read: write it anew with that version");
  }

  std::string text(std::string_view expected) {
    return json_text(scanner_.text(expected), scanner_.origin());
  }

  GraphValue bare() {
    GraphValue value;
    const std::string_view word = scanner_.plain("");
    if (word == "null") return value;
    if (word == "true" || word == "false") {
      value.type = GraphType::kBool;
      value.boolean = word == "true";
      return value;
    }
    if (!is_integral(word)) {
      value.type = GraphType::kDouble;
      value.number = floating(value.type, word);
      return value;
    }
    const std::optional<std::int64_t> integer = parse_integer(word);
    if (!integer) {
      value.type = GraphType::kBigInteger;
      value.text = word;
      return value;
    }
    const Range small = range_of(GraphType::kInt32);
    const bool is_small = *integer >= small.least && *integer <= small.most;
    value.type = is_small ? GraphType::kInt32 : GraphType::kInt64;
    value.integer = *integer;
    return value;
  }

  // {"@type":..,"@value":..}: read in place when they come in this order, as everybody writes them.
  GraphValue typed(std::size_t depth) {
    scanner_.open('{', "");
    bool first = true;
    std::string_view name, type, late;
    GraphValue value;
    bool has_value = false;
    while (scanner_.next_member(first, name)) {
      if (name == "@type" && !type.data()) {
        type = scanner_.text("a type's name is not a text");
      } else if (name == "@value" && !has_value) {
        has_value = true;
        if (type.data()) {
          value = content(type, depth);
        } else {
          late = scanner_.skip();
        }
      } else if (name == "@type" || name == "@value") {
        scanner_.fail(fmt::format("\"{}\" is there twice", name));
      } else {
        unsupported(fmt::format("there is an object without a type, with the member \"{}\"", name));
      }
    }
    if (!type.data()) unsupported("there is an object without a type");
    if (!has_value) scanner_.fail("a value has no \"@value\"");
    if (late.data()) {
      JsonScanner inner(late, scanner_.origin());
      ValueReader reader(inner, items_);
      value = reader.content(type, depth);
      items_ = reader.items_;
    }
    return value;
  }

  GraphValue content(std::string_view name, std::size_t depth) {
    GraphValue value;
    value.type = graph_type_of(name);
    switch (value.type) {
      case GraphType::kInt32:
      case GraphType::kInt64:
      case GraphType::kByte:
      case GraphType::kInt16:
      case GraphType::kDate:
      case GraphType::kTimestamp:
        value.integer = integer(value.type);
        break;
      case GraphType::kDouble:
      case GraphType::kFloat:
        value.number = floating(value.type);
        break;
      case GraphType::kList:
      case GraphType::kSet:
      case GraphType::kMap:
        items(value, depth);
        break;
      case GraphType::kOther:
        value.other = json_text(name, scanner_.origin());
        value.text = scanner_.skip();
        break;
      default:
        value.text = form(value.type);
    }
    return value;
  }

  void items(GraphValue& value, std::size_t depth) {
    scanner_.open('[', fmt::format("{} is not an array", name_of(value.type)));
    bool first = true;
    while (scanner_.next_element(first)) value.items.push_back(read(depth + 1));
    if (value.type == GraphType::kMap && value.items.size() % 2 != 0) {
      scanner_.fail("a map ends with a key without a value");
    }
  }

  std::int64_t integer(GraphType type) {
    const std::string_view word = scanner_.plain(fmt::format("{} is no number", name_of(type)));
    const std::optional<std::int64_t> value = parse_integer(word);
    const Range range = range_of(type);
    if (!value || *value < range.least || *value > range.most) {
      scanner_.fail_at(word, fmt::format("there is no such {}", name_of(type)));
    }
    return *value;
  }

  double floating(GraphType type) {
    if (scanner_.peek() == '"') {
      const std::string_view word = scanner_.text("");
      if (word == "NaN") return std::numeric_limits<double>::quiet_NaN();
      if (word == "Infinity") return std::numeric_limits<double>::infinity();
      if (word == "-Infinity") return -std::numeric_limits<double>::infinity();
      scanner_.fail_at(word, fmt::format("there is no such {}", name_of(type)));
    }
    return floating(type, scanner_.plain(fmt::format("{} is no number", name_of(type))));
  }

  double floating(GraphType type, std::string_view word) {
    const std::optional<double> value =
        type == GraphType::kFloat ? parse_floating<float>(word) : parse_floating<double>(word);
    if (!value) {
      scanner_.fail_at(word, fmt::format("there is no such {}", name_of(type)));
    }
    return *value;
  }

  // The types that are texts or long numbers.
  std::string form(GraphType type) {
    const bool is_text = scanner_.peek() == '"';
    if (type == GraphType::kBigInteger || type == GraphType::kBigDecimal) {
      return long_number(type, is_text);
    }
    if (type == GraphType::kYear && !is_text) return std::to_string(integer(type));
    const std::string expected = fmt::format("{} is not a text", name_of(type));
    const std::string_view raw = scanner_.text(expected);
    const std::string text = json_text(raw, scanner_.origin());
    std::optional<std::string> form = checked_form(type, text);
    if (!form) scanner_.fail_at(raw, fmt::format("there is no such {}", name_of(type)));
    return std::move(*form);
  }

  std::string long_number(GraphType type, bool is_text) {
    std::string_view word;
    if (is_text) {
      JsonScanner inner(scanner_.text(""), scanner_.origin());
      word = inner.plain("a long number is none");
      inner.end();
    } else {
      word = scanner_.plain(fmt::format("{} is no number", name_of(type)));
    }
    const bool is_number = word.front() == '-' || (word.front() >= '0' && word.front() <= '9');
    if (!is_number || (type == GraphType::kBigInteger && !is_integral(word))) {
      scanner_.fail_at(word, fmt::format("there is no such {}", name_of(type)));
    }
    return std::string(word);
  }

  static std::optional<std::string> checked_form(GraphType type, const std::string& text) {
    if (type == GraphType::kByteBuffer) return from_base64(text);
    if (type == GraphType::kUuid) {
      std::string uuid;
      if (!append_uuid(text, uuid)) return std::nullopt;
      return uuid;
    }
    if (type == GraphType::kChar) {
      const auto is_first = [](char c) { return (std::uint8_t(c) & 0xC0) != 0x80; };
      if (std::count_if(text.begin(), text.end(), is_first) != 1) return std::nullopt;
      return text;
    }
    const bool is_printable =
        std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
    if (text.empty() || text.size() > kLongestForm || !is_printable) return std::nullopt;
    return text;
  }

  JsonScanner& scanner_;
  std::size_t items_;  // read so far
};

template <typename Number>
void append_number(Number number, std::string& out) {
  if (std::isnan(number)) {
    out += "\"NaN\"";
  } else if (std::isinf(number)) {
    out += number < 0 ? "\"-Infinity\"" : "\"Infinity\"";
  } else {
    std::array<char, 32> buffer;
    const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
    const std::string_view text(buffer.data(), std::size_t(result.ptr - buffer.data()));
    out += text;
    if (is_integral(text)) out += ".0";
  }
}

void append_content(const GraphValue& value, std::string& out) {
  switch (value.type) {
    case GraphType::kInt32:
    case GraphType::kInt64:
    case GraphType::kByte:
    case GraphType::kInt16:
    case GraphType::kDate:
    case GraphType::kTimestamp:
      out += std::to_string(value.integer);
      return;
    case GraphType::kDouble:
      append_number(value.number, out);
      return;
    case GraphType::kFloat:
      append_number(float(value.number), out);
      return;
    case GraphType::kList:
    case GraphType::kSet:
    case GraphType::kMap:
      out += '[';
      for (const GraphValue& item : value.items) {
        if (&item != &value.items.front()) out += ',';
        append_graphson(item, out);
      }
      out += ']';
      return;
    case GraphType::kBigDecimal:
    case GraphType::kBigInteger:
    case GraphType::kOther:
      out += value.text;
      return;
    case GraphType::kByteBuffer:
      append_json_quoted(to_base64(value.text), out);
      return;
    default:
      append_json_quoted(value.text, out);
  }
}

}  // namespace

std::string_view name_of(GraphType type) {
  return type == GraphType::kOther ? std::string_view() : kNames[std::size_t(type)];
}

GraphType graph_type_of(std::string_view name) {
  const auto found = std::find(kNames.begin() + kFirstNamed, kNames.end(), name);
  return GraphType(found - kNames.begin());
}

bool append_uuid(std::string_view text, std::string& out) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c >= 'A' && c <= 'F') c = char(c - 'A' + 'a');
    const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool is_hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (is_dash ? c != '-' : !is_hex) return false;
    out += c;
  }
  return true;
}

GraphValue read_graphson(JsonScanner& scanner) { return ValueReader(scanner).read(0); }

GraphValue read_graphson(std::string_view json, const JsonOrigin& origin) {
  JsonScanner scanner(json, origin);
  GraphValue value = read_graphson(scanner);
  scanner.end();
  return value;
}

void append_graphson(const GraphValue& value, std::string& out) {
  switch (value.type) {
    case GraphType::kNull:
      out += "null";
      return;
    case GraphType::kBool:
      out += value.boolean ? "true" : "false";
      return;
    case GraphType::kText:
      append_json_quoted(value.text, out);
      return;
    default:
      break;
  }
  out += "{\"@type\":";
  append_json_quoted(value.type == GraphType::kOther ? value.other : name_of(value.type), out);
  out += ",\"@value\":";
  append_content(value, out);
  out += '}';
}

}  // namespace holdfast::codec
