// The words and numbers of GNU date's phrases. Used by date_phrase only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/zone.h"

namespace holdfast::retention {

// Thrown while a phrase is read; date_phrase makes an InvalidArgument of it.
struct BadPhrase {
  std::string why;
  std::size_t at =
      0;  // the byte of the phrase at which it is wrong; 0 is also the phrase as a whole
};

struct Token {
  enum class Type {
    kEnd,
    kNumber,         // 30
    kSigned,         // -30, + 30
    kDecimal,        // 1.5
    kSignedDecimal,  // -1.5
    kMark,           // one character that is part of no word or number
    kMeridian,       // value 0 AM, 12 PM
    kMonth,          // value 1 to 12
    kDay,            // a day of the week, 0 Sunday
    kZone,           // value: seconds east of Greenwich
    kSummerZone,     // the same, of the zone's standard time
    kLocalZone,  // an abbreviation of the zone at hand; value: 1 in daylight saving, -1 if it does
                 // not tell
    kSummer,     // DST
    kTee,        // T: between date and time, or the zone seven hours behind
    kYears,
    kMonths,
    kDays,  // value: how many days the unit has
    kHours,
    kMinutes,
    kSeconds,
    kOrdinal,  // last, this, next, third ...
    kShift,    // yesterday, today, now, tomorrow
    kAgo,      // value -1; "hence": 1
  };
  Type type = Type::kEnd;
  std::int64_t value = 0;
  std::int64_t nanoseconds = 0;  // of decimals, never negative
  int digits = 0;                // of numbers
  bool negative = false;         // also of -0
  std::string text;
  std::size_t at = 0;  // the byte of the phrase at which it begins

  bool is_unit() const { return type >= Type::kYears && type <= Type::kSeconds; }
  bool is_mark(char c) const { return type == Type::kMark && text[0] == c; }
};

// Names that the clock of the zone at hand has around that moment.
struct LocalNames {
  struct Name {
    std::string text;
    int daylight;
  };
  std::vector<Name> names;

  LocalNames(std::chrono::sys_seconds now, const Zone& zone);
};

// All tokens of `text`, the last of type kEnd. Throws BadPhrase for an unknown word and for a
// number that is too large.
std::vector<Token> tokens_of(std::string_view text, const LocalNames& local);

}  // namespace holdfast::retention
