// The three parsers behind cron.h. Used in this room only.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/zone.h"
#include "schedule/cron.h"

namespace holdfast::schedule {

class Plan {
 public:
  virtual ~Plan() = default;
  // The first fire time later than `after`.
  virtual std::optional<std::chrono::sys_seconds> next(std::chrono::sys_seconds after,
                                                       const Zone& zone) const = 0;
};

std::shared_ptr<const Plan> parse_kubernetes(std::string_view text, ZonePrefix prefix);
std::shared_ptr<const Plan> parse_cronexpr(std::string_view text);
std::shared_ptr<const Plan> parse_elasticsearch(std::string_view text);

// Throws the InvalidArgument of a schedule: at which column what is wrong, and what is allowed
// there.
class Refusal {
 public:
  // `read`: what the parser looks at, the text itself or a copy; byte i of it comes from byte
  // `origins[i]` of the text, or from byte i where there are no origins. Borrows both texts.
  Refusal(Dialect dialect, std::string_view text, std::string_view read,
          std::vector<std::size_t> origins = {})
      : dialect_(dialect), text_(text), read_(read), origins_(std::move(origins)) {}
  // `at` is a part of what is read, which may be empty.
  [[noreturn]] void operator()(std::string_view at, std::string why,
                               std::string_view allowed) const;

 private:
  Dialect dialect_;
  std::string_view text_, read_;
  std::vector<std::size_t> origins_;
};

// The parts of `text` between characters of `separators`; empty parts are left out.
std::vector<std::string_view> split(std::string_view text, std::string_view separators);
// ASCII only.
std::string lower(std::string_view text);
// Digits only, and a value up to `limit`.
std::optional<int> number(std::string_view digits, int limit);
// The value of a three-letter English name in lower case: jan is 1, sun is 0. Nothing when it is
// none.
std::optional<int> month_named(std::string_view name);
std::optional<int> weekday_named(std::string_view name);

// The moment at which a clock in `zone` shows `local`, chosen as Go's time.Date chooses when the
// clock shows it twice. When the clock never shows it: what time.Date answers if that lies after
// the gap (east of Greenwich 02:30 becomes 03:30), else the first moment after the gap.
std::chrono::sys_seconds moment_of(std::chrono::local_seconds local, const Zone& zone);
// As Go's time.Date, also where the clock never shows `local`: west of Greenwich it then answers an
// earlier time.
std::chrono::sys_seconds go_moment_of(std::chrono::local_seconds local, const Zone& zone);

}  // namespace holdfast::schedule
