// Takes a phrase apart into what it says about date, time, zone and distance. Used by date_phrase
// only.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "retention/date_words.h"

namespace holdfast::retention {

struct Phrase {
  // @1700000000: the moment itself, nothing else is looked at.
  std::optional<std::int64_t> epoch_seconds;

  // Set where the phrase says so.
  struct Year {
    std::int64_t value;
    int digits;
  };
  std::optional<Year> year;
  std::optional<std::int64_t> month, day;
  std::int64_t hour = 0, minute = 0, second = 0;
  std::optional<std::int64_t> meridian;  // 0 AM, 12 PM
  std::int64_t time_nanoseconds = 0;
  std::int64_t zone = 0;  // seconds east
  std::int64_t local_daylight = 0;
  std::int64_t day_ordinal = 0, day_of_week = 0;

  // How often each kind of item came.
  int times = 0, dates = 0, days = 0, local_zones = 0, summers = 0, zones = 0;
  // Where in the phrase each was last said, and where something is said for the second time.
  std::size_t time_at = 0, date_at = 0, twice_at = 0;
  bool relative = false;

  struct Distance {
    std::int64_t years = 0, months = 0, days = 0, hours = 0, minutes = 0, seconds = 0,
                 nanoseconds = 0;
  };
  Distance distance;
};

// Throws BadPhrase when the items do not fit together.
Phrase phrase_of(const std::vector<Token>& tokens);

}  // namespace holdfast::retention
