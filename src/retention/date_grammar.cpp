#include "retention/date_grammar.h"

#include <array>
#include <fmt/format.h>
#include <string>
#include <utility>

namespace holdfast::retention {

namespace {

using Type = Token::Type;
using Distance = Phrase::Distance;

constexpr std::int64_t kHour = 3600;

// Adds `sign` times `other`, which the phrase says `at`.
void add(Distance& sum, const Distance& other, std::int64_t sign, std::size_t at) {
  for (auto field : {&Distance::years, &Distance::months, &Distance::days, &Distance::hours,
                     &Distance::minutes, &Distance::seconds, &Distance::nanoseconds}) {
    std::int64_t part = 0;
    if (__builtin_mul_overflow(other.*field, sign, &part) ||
        __builtin_add_overflow(sum.*field, part, &(sum.*field))) {
      throw BadPhrase{"the distance is too large", at};
    }
  }
}

Distance distance_of(std::int64_t count, const Token& unit) {
  Distance distance;
  switch (unit.type) {
    case Type::kYears:
      distance.years = count;
      break;
    case Type::kMonths:
      distance.months = count;
      break;
    case Type::kDays:
      if (__builtin_mul_overflow(count, unit.value, &distance.days)) {
        throw BadPhrase{"the distance is too large", unit.at};
      }
      break;
    case Type::kHours:
      distance.hours = count;
      break;
    case Type::kMinutes:
      distance.minutes = count;
      break;
    default:
      distance.seconds = count;
  }
  return distance;
}

// Recursive descent without recursion: a phrase is a list of items, each decided by its first one
// to three tokens.
class Parser {
 public:
  explicit Parser(const std::vector<Token>& tokens) : tokens_(tokens) {}

  Phrase parse() {
    if (peek().is_mark('@')) {
      take();
      Token seconds = take();
      if (seconds.type < Type::kNumber || seconds.type > Type::kSignedDecimal) unexpected(seconds);
      phrase_.epoch_seconds = seconds.value;
      if (peek().type != Type::kEnd) unexpected(peek());
      return phrase_;
    }
    while (peek().type != Type::kEnd) item();
    return phrase_;
  }

 private:
  const Token& peek(std::size_t ahead = 0) const {
    return tokens_[std::min(position_ + ahead, tokens_.size() - 1)];
  }
  Token take() {
    Token token = peek();
    if (position_ + 1 < tokens_.size()) ++position_;
    return token;
  }
  Token expect(Type type) {
    if (peek().type != type) unexpected(peek());
    return take();
  }
  bool take_mark(char c) {
    if (!peek().is_mark(c)) return false;
    take();
    return true;
  }

  [[noreturn]] static void unexpected(const Token& token) {
    if (token.type == Type::kEnd) throw BadPhrase{"the phrase ends too early", token.at};
    throw BadPhrase{fmt::format("'{}' does not belong there", token.text), token.at};
  }

  // Counts one of a kind that may come once only.
  void count(int& kind) {
    const bool is_zone = &kind == &phrase_.zones || &kind == &phrase_.local_zones;
    if ((is_zone ? phrase_.zones + phrase_.local_zones : kind) > 0) phrase_.twice_at = item_at_;
    ++kind;
  }

  void item() {
    const Token& first = peek();
    item_at_ = first.at;
    if (first.is_unit()) return unit(1);
    switch (first.type) {
      case Type::kNumber:
        return number();
      case Type::kSigned:
        if (!peek(1).is_unit()) unexpected(first);
        return unit(take().value);
      case Type::kDecimal:
      case Type::kSignedDecimal:
        return decimal();
      case Type::kOrdinal:
        if (peek(1).type == Type::kDay) return day(take().value);
        if (!peek(1).is_unit()) unexpected(peek(1));
        return unit(take().value);
      case Type::kDay:
        day(0);
        take_mark(',');
        return;
      case Type::kMonth:
        return month_first();
      case Type::kShift:
        phrase_.relative = true;
        add(phrase_.distance, {.days = take().value}, 1, item_at_);
        return;
      case Type::kZone:
      case Type::kSummerZone:
      case Type::kTee:
        return zone();
      case Type::kLocalZone:
        phrase_.local_daylight = take().value;
        count(phrase_.local_zones);
        if (peek().type == Type::kSummer) {
          take();
          phrase_.local_daylight = 1;
          count(phrase_.summers);
        }
        return;
      default:
        unexpected(first);
    }
  }

  // The unit comes next; "ago" behind it turns this distance alone.
  void unit(std::int64_t count) {
    Distance distance = distance_of(count, take());
    bool turned = peek().type == Type::kAgo;
    add(phrase_.distance, distance, turned ? take().value : 1, item_at_);
    phrase_.relative = true;
  }

  void decimal() {
    Token token = take();
    expect(Type::kSeconds);
    Distance distance{.seconds = token.value, .nanoseconds = token.nanoseconds};
    bool turned = peek().type == Type::kAgo;
    add(phrase_.distance, distance, turned ? take().value : 1, item_at_);
    phrase_.relative = true;
  }

  void day(std::int64_t ordinal) {
    phrase_.day_ordinal = ordinal;
    phrase_.day_of_week = expect(Type::kDay).value;
    count(phrase_.days);
  }

  void number() {
    const Token& next = peek(1);
    if (next.is_unit()) return unit(take().value);
    if (next.is_mark(':')) return clock(take());
    if (next.is_mark('/')) return slashed_date();
    switch (next.type) {
      case Type::kMeridian: {
        Token hour = take();
        return set_time(hour.value, 0, 0);
      }
      case Type::kMonth:
        return day_first();
      case Type::kDay:
        return day(take().value);
      case Type::kSigned:
        return number_and_sign();
      default:
        bare_number(take());
    }
  }

  void count_time() {
    count(phrase_.times);
    phrase_.time_at = item_at_;
  }
  void count_date() {
    count(phrase_.dates);
    phrase_.date_at = item_at_;
  }

  // The meridian, if one comes next, belongs to the time.
  void set_time(std::int64_t hour, std::int64_t minute, std::int64_t second,
                std::int64_t nanoseconds = 0) {
    count_time();
    phrase_.hour = hour;
    phrase_.minute = minute;
    phrase_.second = second;
    phrase_.time_nanoseconds = nanoseconds;
    phrase_.meridian.reset();
    if (peek().type == Type::kMeridian) {
      phrase_.meridian = take().value;
    } else if (peek().type == Type::kSigned) {
      offset();
    }
  }

  enum class Meridian { kMayFollow, kMayNot };

  // 03:00, 03:00:00.5, with a meridian or an offset such as +02:00.
  void clock(const Token& hour, Meridian meridian = Meridian::kMayFollow) {
    if (!take_mark(':')) unexpected(peek());
    std::int64_t minute = expect(Type::kNumber).value;
    Token second;
    if (take_mark(':')) {
      second = take();
      if (second.type != Type::kNumber && second.type != Type::kDecimal) unexpected(second);
    }
    // Behind 2026-01-31T03:00 it is no part of the time, and nothing else either.
    if (meridian == Meridian::kMayNot && peek().type == Type::kMeridian) unexpected(peek());
    set_time(hour.value, minute, second.value, second.nanoseconds);
  }

  void offset() {
    count(phrase_.zones);
    phrase_.zone = take_offset();
  }

  // +2, +02, +0200, +02:00 in seconds.
  std::int64_t take_offset() {
    Token sign = expect(Type::kSigned);
    std::int64_t value = sign.value, minutes = 0;
    if (peek().is_mark(':')) {
      take();
      std::int64_t part = expect(Type::kNumber).value;
      if (std::abs(value) > 100 || part > 10'000) too_large(sign);
      bool negative = sign.negative;
      minutes = value * 60 + (negative ? -part : part);
    } else {
      if (std::abs(value) > 1'000'000) too_large(sign);
      if (sign.digits <= 2) value *= 100;
      minutes = value / 100 * 60 + value % 100;
    }
    if (std::abs(minutes) > 24 * 60) too_large(sign);
    return minutes * 60;
  }
  [[noreturn]] static void too_large(const Token& sign) {
    throw BadPhrase{"the offset is larger than a day", sign.at};
  }

  // 2026-01-31 and 2026-01-31T03:00, 30 -2 days (a time and a distance), 03 -0500.
  void number_and_sign() {
    Token first = take();
    if (peek(1).is_unit()) {
      bare_number(first);
      return hybrid();
    }
    if (peek(1).type != Type::kSigned) return set_time(first.value, 0, 0);
    phrase_.year = Phrase::Year{first.value, first.digits};
    phrase_.month = -take().value;
    phrase_.day = -take().value;
    count_date();
    if (peek().type != Type::kTee) return;
    take();
    Token hour = expect(Type::kNumber);
    if (peek().type == Type::kSigned) return set_time(hour.value, 0, 0);
    clock(hour, Meridian::kMayNot);
  }

  // A signed number and its unit; no "ago".
  void hybrid() {
    std::int64_t count = take().value;
    add(phrase_.distance, distance_of(count, take()), 1, item_at_);
    phrase_.relative = true;
  }

  // 1/31, 1/31/2026, 2026/1/31.
  void slashed_date() {
    Token first = take();
    take();
    Token second = expect(Type::kNumber);
    count_date();
    phrase_.month = first.value;
    phrase_.day = second.value;
    if (!take_mark('/')) return;
    Token third = expect(Type::kNumber);
    if (first.digits >= 4) {
      phrase_.year = Phrase::Year{first.value, first.digits};
      phrase_.month = second.value;
      phrase_.day = third.value;
    } else {
      phrase_.year = Phrase::Year{third.value, third.digits};
    }
  }

  // 31 January, 31 January 2026, 31-JAN-2026.
  void day_first() {
    phrase_.day = take().value;
    phrase_.month = take().value;
    count_date();
    if (peek().type == Type::kNumber) {
      set_year(take(), 1);
    } else if (peek().type == Type::kSigned) {
      set_year(take(), -1);
    }
  }

  // January 31, January 31, 2026, JAN-31-2026.
  void month_first() {
    phrase_.month = take().value;
    count_date();
    if (peek().type == Type::kSigned) {
      phrase_.day = -take().value;
      return set_year(expect(Type::kSigned), -1);
    }
    phrase_.day = expect(Type::kNumber).value;
    if (take_mark(',')) set_year(expect(Type::kNumber), 1);
  }

  void set_year(const Token& token, int sign) {
    phrase_.year = Phrase::Year{sign * token.value, token.digits};
  }

  void zone() {
    Token zone = take();
    count(phrase_.zones);
    phrase_.zone = zone.type == Type::kTee ? -7 * kHour : zone.value;
    if (zone.type == Type::kSummerZone) {
      phrase_.zone += kHour;
    } else if (peek().type == Type::kSigned && peek(1).is_unit()) {
      hybrid();
    } else if (zone.type == Type::kZone && peek().type == Type::kSigned) {
      phrase_.zone += take_offset();
    } else if (zone.type == Type::kZone && peek().type == Type::kSummer) {
      take();
      phrase_.zone += kHour;
    }
  }

  // A number alone: a year behind a date, else 20260131 or a time such as 3 or 0315.
  void bare_number(const Token& token) {
    if (phrase_.dates > 0 && !phrase_.year && !phrase_.relative &&
        (phrase_.times > 0 || token.digits > 2)) {
      phrase_.year = Phrase::Year{token.value, token.digits};
    } else if (token.digits > 4) {
      count_date();
      phrase_.day = token.value % 100;
      phrase_.month = token.value / 100 % 100;
      phrase_.year = Phrase::Year{token.value / 10000, token.digits - 4};
    } else {
      count_time();
      bool hour_alone = token.digits <= 2;
      phrase_.hour = hour_alone ? token.value : token.value / 100;
      phrase_.minute = hour_alone ? 0 : token.value % 100;
      phrase_.second = 0;
      phrase_.time_nanoseconds = 0;
      phrase_.meridian.reset();
    }
  }

  const std::vector<Token>& tokens_;
  std::size_t position_ = 0;
  std::size_t item_at_ = 0;  // where the item that is read begins
  Phrase phrase_;
};

}  // namespace

Phrase phrase_of(const std::vector<Token>& tokens) { return Parser(tokens).parse(); }

}  // namespace holdfast::retention
