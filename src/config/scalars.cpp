#include "config/scalars.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>
#include <limits>
#include <utility>

namespace holdfast::config {

namespace {

constexpr Duration kLongest = std::chrono::hours(24 * 3653);

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_alnum(char c) { return is_digit(c) || is_lower(c) || (c >= 'A' && c <= 'Z'); }

template <class Predicate>
bool all(std::string_view text, Predicate predicate) {
  return std::all_of(text.begin(), text.end(), predicate);
}

// The digits at the front of `text`, which is moved behind them.
std::uint64_t take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::result_out_of_range) throw BadValue{"the number is too large"};
  if (error != std::errc()) throw BadValue{"no number where one is needed"};
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

std::uint64_t times(std::uint64_t number, std::uint64_t unit) {
  std::uint64_t product = 0;
  if (__builtin_mul_overflow(number, unit, &product)) throw BadValue{"the number is too large"};
  return product;
}

struct TimeUnit {
  std::string_view name;
  Duration value;
};
constexpr std::array<TimeUnit, 5> kTimeUnits = {{{"d", std::chrono::hours(24)},
                                                 {"h", std::chrono::hours(1)},
                                                 {"m", std::chrono::minutes(1)},
                                                 {"s", std::chrono::seconds(1)},
                                                 {"ms", std::chrono::milliseconds(1)}}};

struct SizeUnit {
  std::string_view name;
  std::uint64_t value;
};
constexpr std::uint64_t kKilo = 1000, kKibi = 1024;
constexpr std::array<SizeUnit, 11> kSizeUnits = {{{"", 1},
                                                  {"k", kKilo},
                                                  {"K", kKilo},
                                                  {"Ki", kKibi},
                                                  {"M", kKilo* kKilo},
                                                  {"Mi", kKibi* kKibi},
                                                  {"G", kKilo* kKilo* kKilo},
                                                  {"Gi", kKibi* kKibi* kKibi},
                                                  {"T", kKilo* kKilo* kKilo* kKilo},
                                                  {"Ti", kKibi* kKibi* kKibi* kKibi},
                                                  {"Pi", kKibi* kKibi* kKibi* kKibi* kKibi}}};
constexpr std::array<SizeUnit, 7> kSplitUnits = {{{"", 1},
                                                  {"K", kKibi},
                                                  {"KB", kKilo},
                                                  {"M", kKibi* kKibi},
                                                  {"MB", kKilo* kKilo},
                                                  {"G", kKibi* kKibi* kKibi},
                                                  {"GB", kKilo* kKilo* kKilo}}};

void check_port(std::string_view text, std::uint64_t least) {
  if (text.empty() || !all(text, is_digit)) throw BadValue{"the port is no number"};
  parse_count(text, least, 65535);
}

// The length of the host in front of ":PORT" or the end; throws when there is none.
std::size_t host_length(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    const auto inside = [](char c) { return is_alnum(c) || c == ':' || c == '.' || c == '%'; };
    if (end == std::string_view::npos || end < 3 || !all(text.substr(1, end - 1), inside)) {
      throw BadValue{"the address in brackets is no IPv6 address"};
    }
    return end + 1;
  }
  const std::size_t end = std::min(text.find(':'), text.size());
  const auto inside = [](char c) { return is_alnum(c) || c == '-' || c == '.' || c == '_'; };
  if (!all(text.substr(0, end), inside)) throw BadValue{"the host's name holds another character"};
  return end;
}

}  // namespace

bool parse_flag(std::string_view text) {
  for (const auto& [yes, no] : {std::pair{"true", "false"}, {"yes", "no"}, {"on", "off"}}) {
    for (const bool value : {true, false}) {
      const std::string lower = value ? yes : no;
      std::string upper = lower, capital = lower;
      for (char& c : upper) c = static_cast<char>(c - 'a' + 'A');
      capital[0] = upper[0];
      if (text == lower || text == upper || text == capital) return value;
    }
  }
  throw BadValue{"neither true nor false"};
}

std::uint64_t parse_count(std::string_view text, std::uint64_t least, std::uint64_t most) {
  std::string_view rest = text;
  if (text.empty() || !is_digit(text[0])) throw BadValue{"not a whole number"};
  const std::uint64_t number = take_number(rest);
  if (!rest.empty()) throw BadValue{"not a whole number"};
  if (number < least || number > most) throw BadValue{fmt::format("{} is out of range", number)};
  return number;
}

Duration parse_duration(std::string_view text) {
  if (text == "0") return Duration{0};
  std::string_view rest = text;
  Duration sum{0};
  if (rest.empty()) throw BadValue{"no time given"};
  while (!rest.empty()) {
    if (!is_digit(rest[0])) throw BadValue{"not a time"};
    const std::uint64_t number = take_number(rest);
    const std::size_t length =
        static_cast<std::size_t>(std::find_if(rest.begin(), rest.end(), is_digit) - rest.begin());
    const auto unit =
        std::find_if(kTimeUnits.begin(), kTimeUnits.end(),
                     [&](const TimeUnit& known) { return known.name == rest.substr(0, length); });
    if (unit == kTimeUnits.end()) {
      throw BadValue{length == 0 ? "a number without its unit" : "a unit that is not known"};
    }
    if (number > static_cast<std::uint64_t>(kLongest / unit->value)) {
      throw BadValue{"longer than ten years"};
    }
    sum += static_cast<std::int64_t>(number) * unit->value;
    if (sum > kLongest) throw BadValue{"longer than ten years"};
    rest.remove_prefix(length);
  }
  return sum;
}

std::string format_duration(Duration time) {
  if (time == Duration{0}) return "0";
  std::string text;
  for (const TimeUnit& unit : kTimeUnits) {
    const auto number = time / unit.value;
    time -= number * unit.value;
    if (number > 0) text += fmt::format("{}{}", number, unit.name);
  }
  return text;
}

std::uint64_t parse_size(std::string_view text) {
  std::string_view rest = text;
  if (rest.empty() || !is_digit(rest[0])) throw BadValue{"not a size"};
  const std::uint64_t whole = take_number(rest);
  std::uint64_t tenths_of_thousandth = 0;  // the fraction, of 10,000
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    std::string digits;
    while (!rest.empty() && is_digit(rest[0])) {
      digits += rest[0];
      rest.remove_prefix(1);
    }
    if (digits.empty() || digits.size() > 4) throw BadValue{"not a size"};
    digits.resize(4, '0');
    tenths_of_thousandth = parse_count(digits, 0, 9999);
  }
  if (rest.ends_with('B')) rest.remove_suffix(1);
  const auto unit = std::find_if(kSizeUnits.begin(), kSizeUnits.end(),
                                 [&](const SizeUnit& known) { return known.name == rest; });
  if (unit == kSizeUnits.end()) throw BadValue{"a unit that is not known"};
  if (unit->value == 1 && tenths_of_thousandth != 0) throw BadValue{"a part of a byte"};
  const std::uint64_t bytes = times(whole, unit->value);
  const std::uint64_t part = unit->value / 10'000 * tenths_of_thousandth +
                             unit->value % 10'000 * tenths_of_thousandth / 10'000;
  if (bytes > std::numeric_limits<std::int64_t>::max() - part) {
    throw BadValue{"the number is too large"};
  }
  return bytes + part;
}

std::uint64_t parse_split_size(std::string_view text) {
  std::string_view rest = text;
  if (rest.empty() || !is_digit(rest[0])) throw BadValue{"not a size"};
  const std::uint64_t number = take_number(rest);
  for (const SizeUnit& unit : kSplitUnits) {
    if (unit.name == rest) return times(number, unit.value);
  }
  throw BadValue{"a unit that is not known"};
}

std::string format_size(std::uint64_t bytes) {
  if (bytes == 0) return "0";
  constexpr std::array<std::string_view, 6> kNames = {"", "Ki", "Mi", "Gi", "Ti", "Pi"};
  std::size_t power = 0;
  while (bytes % kKibi == 0 && power + 1 < kNames.size()) {
    bytes /= kKibi;
    ++power;
  }
  return fmt::format("{}{}", bytes, kNames[power]);
}

void check_text(std::string_view text) {
  if (text.size() > 4096) throw BadValue{"longer than 4096 bytes"};
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::any_of(text.begin(), text.end(), control)) throw BadValue{"holds a control character"};
}

void check_url(std::string_view text, const std::vector<std::string>& schemes) {
  const std::size_t colon = text.find("://");
  const std::string_view scheme = text.substr(0, std::min(colon, text.size()));
  if (colon == std::string_view::npos ||
      std::find(schemes.begin(), schemes.end(), scheme) == schemes.end()) {
    throw BadValue{fmt::format("does not begin with {}://", fmt::join(schemes, ":// or "))};
  }
  std::string_view rest = text.substr(colon + 3);
  if (rest.find_first_of("?#") != std::string_view::npos) throw BadValue{"holds a ? or a #"};
  const std::string_view authority = rest.substr(0, std::min(rest.find('/'), rest.size()));
  if (authority.find('@') != std::string_view::npos) {
    throw BadValue{"holds a user's name before an @", "give user and password by their own keys"};
  }
  const auto outside = [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == '"'; };
  if (std::any_of(rest.begin(), rest.end(), outside)) throw BadValue{"holds a blank or a quote"};
  const std::size_t host = host_length(authority);
  if (host == 0) throw BadValue{"names no host"};
  if (host < authority.size()) {
    if (authority[host] != ':') throw BadValue{"the port is no number"};
    check_port(authority.substr(host + 1), 1);
  }
}

void check_host(std::string_view text) {
  if (host_length(text) != text.size()) throw BadValue{"not the name of a host"};
}

void check_listen(std::string_view text) {
  const std::size_t host = host_length(text);
  if (host >= text.size() || text[host] != ':') throw BadValue{"names no port"};
  check_port(text.substr(host + 1), 0);
}

void check_bucket(std::string_view text) {
  const auto inside = [](char c) { return is_alnum(c) || c == '.' || c == '-' || c == '_'; };
  if (text.size() < 3 || text.size() > 255) {
    throw BadValue{fmt::format("{} characters", text.size())};
  }
  if (!all(text, inside) || !is_alnum(text[0])) throw BadValue{"not the name of a bucket"};
}

bool is_plain_bucket_name(std::string_view text) {
  const auto inside = [](char c) { return is_digit(c) || is_lower(c) || c == '.' || c == '-'; };
  return text.size() >= 3 && text.size() <= 63 && all(text, inside) && is_alnum(text.front()) &&
         is_alnum(text.back()) && text.find("..") == std::string_view::npos;
}

std::string parse_prefix(std::string_view text) {
  while (text.ends_with('/')) text.remove_suffix(1);
  if (text.size() > 512) throw BadValue{"longer than 512 bytes"};
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    if (part.empty()) throw BadValue{"begins with a slash or has two in a row"};
    if (part == "." || part == "..") throw BadValue{"has a part that is . or .."};
    rest.remove_prefix(slash == std::string_view::npos ? rest.size() : slash + 1);
  }
  return std::string(text);
}

void check_zone_name(std::string_view text) {
  const auto inside = [](char c) {
    return is_alnum(c) || c == '/' || c == '_' || c == '-' || c == '+';
  };
  if (text.empty() || text.size() > 64 || !all(text, inside) || text.starts_with('/')) {
    throw BadValue{"not the name of a time zone"};
  }
}

void check_name_template(std::string_view text) {
  constexpr std::string_view kDate = "$(date +";
  std::string_view rest = text;
  if (rest.empty()) throw BadValue{"an empty name"};
  while (!rest.empty()) {
    if (rest.starts_with(kDate)) {
      const std::size_t end = rest.find(')');
      const auto inside = [](char c) { return is_alnum(c) || c == '%' || c == '-' || c == '_'; };
      if (end == std::string_view::npos || end == kDate.size() ||
          !all(rest.substr(kDate.size(), end - kDate.size()), inside)) {
        throw BadValue{
            "the format inside $(date +...) holds more than %X, letters, digits, - and _"};
      }
      rest.remove_prefix(end + 1);
      continue;
    }
    if (!is_alnum(rest[0]) && rest[0] != '-' && rest[0] != '_' && rest[0] != '.') {
      throw BadValue{"holds something else than letters, digits, - _ . and $(date +FORMAT)"};
    }
    rest.remove_prefix(1);
  }
}

}  // namespace holdfast::config
