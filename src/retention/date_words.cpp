#include "retention/date_words.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <optional>

namespace holdfast::retention {

namespace {

using Type = Token::Type;

struct Word {
  std::string_view text;
  Type type;
  std::int64_t value = 0;
};

constexpr std::int64_t kMinute = 60;
constexpr std::int64_t kHour = 3600;

constexpr std::array<Word, 4> kMeridians = {{{"AM", Type::kMeridian, 0},
                                             {"A.M.", Type::kMeridian, 0},
                                             {"PM", Type::kMeridian, 12},
                                             {"P.M.", Type::kMeridian, 12}}};

// Three letters of these are enough, also with a full stop behind.
constexpr std::array<Word, 24> kCalendar = {{
    {"JANUARY", Type::kMonth, 1},   {"FEBRUARY", Type::kMonth, 2}, {"MARCH", Type::kMonth, 3},
    {"APRIL", Type::kMonth, 4},     {"MAY", Type::kMonth, 5},      {"JUNE", Type::kMonth, 6},
    {"JULY", Type::kMonth, 7},      {"AUGUST", Type::kMonth, 8},   {"SEPTEMBER", Type::kMonth, 9},
    {"SEPT", Type::kMonth, 9},      {"OCTOBER", Type::kMonth, 10}, {"NOVEMBER", Type::kMonth, 11},
    {"DECEMBER", Type::kMonth, 12}, {"SUNDAY", Type::kDay, 0},     {"MONDAY", Type::kDay, 1},
    {"TUESDAY", Type::kDay, 2},     {"TUES", Type::kDay, 2},       {"WEDNESDAY", Type::kDay, 3},
    {"WEDNES", Type::kDay, 3},      {"THURSDAY", Type::kDay, 4},   {"THUR", Type::kDay, 4},
    {"THURS", Type::kDay, 4},       {"FRIDAY", Type::kDay, 5},     {"SATURDAY", Type::kDay, 6},
}};

constexpr std::array<Word, 3> kUniversal = {
    {{"GMT", Type::kZone}, {"UT", Type::kZone}, {"UTC", Type::kZone}}};

// SST is not where one would look for it (Samoa is at -11), but this is what GNU date says.
constexpr std::array<Word, 46> kZones = {{
    {"WET", Type::kZone, 0},
    {"WEST", Type::kSummerZone, 0},
    {"BST", Type::kSummerZone, 0},
    {"ART", Type::kZone, -3 * kHour},
    {"BRT", Type::kZone, -3 * kHour},
    {"BRST", Type::kSummerZone, -3 * kHour},
    {"NST", Type::kZone, -(3 * kHour + 30 * kMinute)},
    {"NDT", Type::kSummerZone, -(3 * kHour + 30 * kMinute)},
    {"AST", Type::kZone, -4 * kHour},
    {"ADT", Type::kSummerZone, -4 * kHour},
    {"CLT", Type::kZone, -4 * kHour},
    {"CLST", Type::kSummerZone, -4 * kHour},
    {"EST", Type::kZone, -5 * kHour},
    {"EDT", Type::kSummerZone, -5 * kHour},
    {"CST", Type::kZone, -6 * kHour},
    {"CDT", Type::kSummerZone, -6 * kHour},
    {"MST", Type::kZone, -7 * kHour},
    {"MDT", Type::kSummerZone, -7 * kHour},
    {"PST", Type::kZone, -8 * kHour},
    {"PDT", Type::kSummerZone, -8 * kHour},
    {"AKST", Type::kZone, -9 * kHour},
    {"AKDT", Type::kSummerZone, -9 * kHour},
    {"HST", Type::kZone, -10 * kHour},
    {"HAST", Type::kZone, -10 * kHour},
    {"HADT", Type::kSummerZone, -10 * kHour},
    {"SST", Type::kZone, -12 * kHour},
    {"WAT", Type::kZone, kHour},
    {"CET", Type::kZone, kHour},
    {"CEST", Type::kSummerZone, kHour},
    {"MET", Type::kZone, kHour},
    {"MEZ", Type::kZone, kHour},
    {"MEST", Type::kSummerZone, kHour},
    {"MESZ", Type::kSummerZone, kHour},
    {"EET", Type::kZone, 2 * kHour},
    {"EEST", Type::kSummerZone, 2 * kHour},
    {"CAT", Type::kZone, 2 * kHour},
    {"SAST", Type::kZone, 2 * kHour},
    {"EAT", Type::kZone, 3 * kHour},
    {"MSK", Type::kZone, 3 * kHour},
    {"MSD", Type::kSummerZone, 3 * kHour},
    {"IST", Type::kZone, 5 * kHour + 30 * kMinute},
    {"SGT", Type::kZone, 8 * kHour},
    {"KST", Type::kZone, 9 * kHour},
    {"JST", Type::kZone, 9 * kHour},
    {"GST", Type::kZone, 10 * kHour},
    {"NZST", Type::kZone, 12 * kHour},
}};

// All of these also with an S.
constexpr std::array<Word, 10> kUnits = {{
    {"YEAR", Type::kYears},
    {"MONTH", Type::kMonths},
    {"FORTNIGHT", Type::kDays, 14},
    {"WEEK", Type::kDays, 7},
    {"DAY", Type::kDays, 1},
    {"HOUR", Type::kHours},
    {"MINUTE", Type::kMinutes},
    {"MIN", Type::kMinutes},
    {"SECOND", Type::kSeconds},
    {"SEC", Type::kSeconds},
}};

constexpr std::array<Word, 20> kRelative = {{
    {"TOMORROW", Type::kShift, 1},    {"YESTERDAY", Type::kShift, -1},
    {"TODAY", Type::kShift, 0},       {"NOW", Type::kShift, 0},
    {"LAST", Type::kOrdinal, -1},     {"THIS", Type::kOrdinal, 0},
    {"NEXT", Type::kOrdinal, 1},      {"FIRST", Type::kOrdinal, 1},
    {"THIRD", Type::kOrdinal, 3},     {"FOURTH", Type::kOrdinal, 4},
    {"FIFTH", Type::kOrdinal, 5},     {"SIXTH", Type::kOrdinal, 6},
    {"SEVENTH", Type::kOrdinal, 7},   {"EIGHTH", Type::kOrdinal, 8},
    {"NINTH", Type::kOrdinal, 9},     {"TENTH", Type::kOrdinal, 10},
    {"ELEVENTH", Type::kOrdinal, 11}, {"TWELFTH", Type::kOrdinal, 12},
    {"AGO", Type::kAgo, -1},          {"HENCE", Type::kAgo, 1},
}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }
bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return result;
}

template <std::size_t N>
std::optional<Token> find(const std::array<Word, N>& words, std::string_view text) {
  for (const Word& word : words) {
    if (word.text == text) return Token{word.type, word.value};
  }
  return std::nullopt;
}

std::optional<Token> find_calendar(std::string_view text) {
  bool short_form = text.size() == 3 || (text.size() == 4 && text[3] == '.');
  for (const Word& word : kCalendar) {
    if (short_form ? word.text.substr(0, 3) == text.substr(0, 3) : word.text == text) {
      return Token{word.type, word.value};
    }
  }
  return std::nullopt;
}

std::optional<Token> find_zone(std::string_view text, const LocalNames& local) {
  if (auto zone = find(kUniversal, text)) return zone;
  for (const LocalNames::Name& name : local.names) {
    if (name.text == text) return Token{Type::kLocalZone, name.daylight};
  }
  if (text == "NZDT") return Token{Type::kSummerZone, 12 * kHour};
  return find(kZones, text);
}

// One letter is a military zone: A to I are 1 to 9 hours east, K to M 10 to 12, N to Y 1 to 12
// west.
std::optional<Token> find_letter(std::string_view text) {
  if (text.size() != 1 || text[0] == 'J' || !is_letter(text[0])) return std::nullopt;
  char c = text[0];
  if (c == 'T') return Token{Type::kTee};
  if (c == 'Z') return Token{Type::kZone, 0};
  int hours = c < 'J' ? c - 'A' + 1 : c <= 'M' ? c - 'A' : 'M' - c;
  return Token{Type::kZone, hours * kHour};
}

std::optional<Token> find_word(std::string_view text, const LocalNames& local) {
  if (auto token = find(kMeridians, text)) return token;
  if (auto token = find_calendar(text)) return token;
  if (auto token = find_zone(text, local)) return token;
  if (text == "DST") return Token{Type::kSummer};
  if (auto token = find(kUnits, text)) return token;
  if (text.ends_with('S')) {
    if (auto token = find(kUnits, text.substr(0, text.size() - 1))) return token;
  }
  if (auto token = find(kRelative, text)) return token;
  if (auto token = find_letter(text)) return token;
  std::string without_stops(text);
  std::erase(without_stops, '.');
  return without_stops.size() < text.size() ? find_zone(without_stops, local) : std::nullopt;
}

class Lexer {
 public:
  Lexer(std::string_view text, const LocalNames& local)
      : size_(text.size()), rest_(text), local_(local) {}

  Token next() {
    Token token = read();
    token.at = begin_;
    return token;
  }

 private:
  Token read() {
    while (true) {
      while (!rest_.empty() && is_blank(rest_[0])) rest_.remove_prefix(1);
      begin_ = size_ - rest_.size();
      if (rest_.empty()) return {};
      char c = rest_[0];
      if (is_digit(c)) return number('\0');
      if (c == '+' || c == '-') {
        rest_.remove_prefix(1);
        while (!rest_.empty() && is_blank(rest_[0])) rest_.remove_prefix(1);
        if (!rest_.empty() && is_digit(rest_[0])) return number(c);
        // A sign without a number means nothing.
        continue;
      }
      if (is_letter(c)) return word();
      if (c == '(') {
        skip_comment();
        continue;
      }
      rest_.remove_prefix(1);
      Token mark{Type::kMark};
      mark.text = c;
      return mark;
    }
  }

  // Comments nest; one that is not closed reaches to the end.
  void skip_comment() {
    int depth = 0;
    do {
      if (rest_[0] == '(') ++depth;
      if (rest_[0] == ')') --depth;
      rest_.remove_prefix(1);
    } while (depth > 0 && !rest_.empty());
  }

  Token number(char sign) {
    Token token{sign == '\0' ? Type::kNumber : Type::kSigned};
    std::size_t size = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    token.text = rest_.substr(0, size);
    token.digits = static_cast<int>(size);
    for (char c : token.text) {
      if (__builtin_mul_overflow(token.value, 10, &token.value) ||
          __builtin_add_overflow(token.value, c - '0', &token.value)) {
        throw BadPhrase{fmt::format("the number {} is too large", token.text), begin_};
      }
    }
    token.negative = sign == '-';
    if (token.negative) token.value = -token.value;
    rest_.remove_prefix(size);
    if (rest_.size() > 1 && (rest_[0] == '.' || rest_[0] == ',') && is_digit(rest_[1])) {
      rest_.remove_prefix(1);
      fraction(token, sign);
    }
    return token;
  }

  // Digits beyond the ninth are cut off, downwards.
  void fraction(Token& token, char sign) {
    token.type = sign == '\0' ? Type::kDecimal : Type::kSignedDecimal;
    std::size_t size = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    for (std::size_t i = 0; i < 9; ++i) {
      token.nanoseconds = token.nanoseconds * 10 + (i < size ? rest_[i] - '0' : 0);
    }
    if (sign == '-') {
      bool more =
          size > 9 && rest_.substr(9, size - 9).find_first_not_of('0') != std::string_view::npos;
      if (more) ++token.nanoseconds;
      if (token.nanoseconds > 0) {
        --token.value;
        token.nanoseconds = 1'000'000'000 - token.nanoseconds;
      }
    }
    rest_.remove_prefix(size);
  }

  Token word() {
    std::size_t size = 0;
    while (size < rest_.size() && (is_letter(rest_[size]) || rest_[size] == '.')) ++size;
    std::string_view text = rest_.substr(0, size);
    auto token = find_word(upper(text), local_);
    if (!token)
      throw BadPhrase{fmt::format("'{}' is no word that is known here", text.substr(0, 64)),
                      begin_};
    rest_.remove_prefix(size);
    token->text = text;
    return *token;
  }

  std::size_t size_, begin_ = 0;
  std::string_view rest_;
  const LocalNames& local_;
};

}  // namespace

LocalNames::LocalNames(std::chrono::sys_seconds now, const Zone& zone) {
  auto name_at = [&](std::chrono::sys_seconds time) {
    auto period = zone.period_at(time);
    return Name{period.abbreviation, period.daylight ? 1 : 0};
  };
  names.push_back(name_at(now));
  // The other season's name lies within three quarters of a year.
  for (int quarter = 1; quarter <= 3 && names.size() == 1; ++quarter) {
    Name name = name_at(now + quarter * std::chrono::days(90));
    if (name.daylight == names[0].daylight) continue;
    if (name.text == names[0].text) {
      // The name does not tell the season.
      names[0].daylight = -1;
      return;
    }
    names.push_back(name);
  }
}

std::vector<Token> tokens_of(std::string_view text, const LocalNames& local) {
  std::vector<Token> tokens;
  Lexer lexer(text, local);
  do {
    tokens.push_back(lexer.next());
  } while (tokens.back().type != Type::kEnd);
  return tokens;
}

}  // namespace holdfast::retention
