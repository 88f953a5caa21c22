#include "retention/time_unit.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <limits>
#include <optional>

#include "base/column.h"
#include "base/error.h"

namespace holdfast::retention {

namespace {

constexpr std::size_t kMostText = 1024;
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

struct Suffix {
  std::string_view text;
  std::int64_t nanoseconds;
};

// In the order of TimeValue::Unit.
constexpr std::array<Suffix, 7> kSuffixes = {{{"nanos", 1},
                                              {"micros", 1'000},
                                              {"ms", 1'000'000},
                                              {"s", 1'000'000'000},
                                              {"m", 60'000'000'000},
                                              {"h", 3'600'000'000'000},
                                              {"d", 86'400'000'000'000}}};

// Java reads the decimal digits of every script. Each script's ten follow one another from here.
constexpr std::array<char32_t, 37> kZeros = {
    U'0',   0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6,
    0x0C66, 0x0CE6, 0x0D66, 0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0,
    0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620,
    0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10};

// Takes one character of at most three bytes of UTF-8 off `text`; 0 when there is none.
char32_t take_character(std::string_view& text) {
  auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  auto follows = [&](std::size_t i) { return (byte(i) & 0xC0) == 0x80; };
  std::size_t size = 0;
  char32_t character = 0;
  if (byte(0) < 0x80) {
    character = byte(0);
    size = 1;
  } else if ((byte(0) & 0xE0) == 0xC0 && follows(1)) {
    character = (byte(0) & 0x1F) << 6 | (byte(1) & 0x3F);
    size = 2;
  } else if ((byte(0) & 0xF0) == 0xE0 && follows(1) && follows(2)) {
    character = (byte(0) & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
    size = 3;
  }
  text.remove_prefix(std::min(size, text.size()));
  return character;
}

std::optional<int> digit_of(char32_t character) {
  for (char32_t zero : kZeros) {
    if (character >= zero && character < zero + 10) return static_cast<int>(character - zero);
  }
  return std::nullopt;
}

// As Java's Long.parseLong.
std::optional<std::int64_t> parse_long(std::string_view text) {
  bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  std::int64_t value = 0;
  while (!text.empty()) {
    auto digit = digit_of(take_character(text));
    if (!digit || __builtin_mul_overflow(value, 10, &value) ||
        __builtin_add_overflow(value, *digit, &value)) {
      return std::nullopt;
    }
  }
  return negative ? -value : value;
}

std::string_view trimmed(std::string_view text) {
  auto blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

[[noreturn]] void refuse(std::string_view text, std::size_t offset, std::string_view why) {
  throw InvalidArgument(
      fmt::format("time value '{}'", shown_in_error(text, 64)),
      fmt::format("column {}: {}", column_of(text, offset), why),
      "use a whole number with one of d, h, m, s, ms, micros, nanos, such as 30d");
}

std::int64_t capped_product(std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  if (!__builtin_mul_overflow(a, b, &product)) return product;
  return a < 0 ? -kMost : kMost;
}

}  // namespace

std::chrono::nanoseconds TimeValue::duration() const {
  return std::chrono::nanoseconds(
      capped_product(count, kSuffixes[static_cast<std::size_t>(unit)].nanoseconds));
}

std::chrono::milliseconds TimeValue::milliseconds() const {
  constexpr std::int64_t kMillisecond = 1'000'000;
  std::int64_t size = kSuffixes[static_cast<std::size_t>(unit)].nanoseconds;
  if (size < kMillisecond) return std::chrono::milliseconds(count / (kMillisecond / size));
  return std::chrono::milliseconds(capped_product(count, size / kMillisecond));
}

std::string TimeValue::to_string() const {
  if (count < 0) return std::to_string(count);
  return std::to_string(count) + std::string(kSuffixes[static_cast<std::size_t>(unit)].text);
}

TimeValue parse_time_value(std::string_view text) {
  if (text.size() > kMostText) {
    refuse(text, kMostText, fmt::format("longer than {} bytes", kMostText));
  }
  std::string lowered(trimmed(text));
  for (char& c : lowered) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  std::string_view rest = lowered;
  const std::size_t begin = static_cast<std::size_t>(trimmed(text).data() - text.data());
  for (std::size_t i = 0; i < kSuffixes.size(); ++i) {
    const Suffix& suffix = kSuffixes[i];
    if (!rest.ends_with(suffix.text)) continue;
    // M could be meant for months: only a small m, at the very end, is minutes.
    if (suffix.text == "m" && !text.ends_with('m')) break;
    auto count = parse_long(trimmed(rest.substr(0, rest.size() - suffix.text.size())));
    if (!count) refuse(text, begin, "not a whole number that fits 64 bits");
    if (*count < -1) refuse(text, begin, "negative");
    return {*count, static_cast<TimeValue::Unit>(i)};
  }
  bool negative = rest.starts_with('-');
  std::string_view digits = negative ? rest.substr(1) : rest;
  std::size_t zeros = std::min(digits.find_first_not_of('0'), digits.size());
  if (negative && digits.substr(zeros) == "1") return {-1, TimeValue::Unit::kMilliseconds};
  if (!negative && !digits.empty() && zeros == digits.size())
    return {0, TimeValue::Unit::kMilliseconds};
  const std::size_t number = std::min(rest.find_first_not_of("+-0123456789 "), rest.size());
  refuse(text, begin + number, "the unit is missing or unknown");
}

}  // namespace holdfast::retention
