#include <array>
#include <fmt/format.h>
#include <limits>

#include "base/civil.h"
#include "base/error.h"
#include "schedule/calendar.h"
#include "schedule/dialects.h"

namespace holdfast::schedule {

namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

constexpr int kSearchYears = 5;

struct Field {
  std::string_view name;
  int least, most;
  std::string_view allowed;
  std::optional<int> (*named)(std::string_view) = nullptr;
};

constexpr std::array<Field, 5> kFields = {{
    {"minute", 0, 59, "0-59"},
    {"hour", 0, 23, "0-23"},
    {"day of month", 1, 31, "1-31"},
    {"month", 1, 12, "1-12 and JAN-DEC", month_named},
    {"day of week", 0, 6, "0-6 and SUN-SAT", weekday_named},
}};

constexpr std::string_view kForms =
    "minute hour day-of-month month day-of-week, @yearly, @annually, @monthly, @weekly, @daily, "
    "@midnight, @hourly, @every DURATION such as @every 1h30m";

struct Set {
  Bits bits = 0;
  bool star = false;  // does not restrict the day
};

// As Go's strconv.Atoi, for numbers that are not negative.
std::optional<std::int64_t> integer(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  std::int64_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '9' || __builtin_mul_overflow(value, 10, &value) ||
        __builtin_add_overflow(value, c - '0', &value)) {
      return std::nullopt;
    }
  }
  return value;
}

class SetParser {
 public:
  SetParser(const Refusal& refuse, const Field& field) : refuse_(refuse), field_(field) {}

  Set set_of(std::string_view text) const {
    Set set;
    for (std::string_view part : split(text, ",")) add(part, set);
    return set;
  }

 private:
  [[noreturn]] void bad(std::string_view text, std::string_view why) const {
    refuse_(text, fmt::format("'{}' is not a {}: {}", text, field_.name, why),
            fmt::format("*, ?, {}, lists a,b, ranges a-b with a at most b, steps */n, a/n, a-b/n",
                        field_.allowed));
  }

  std::int64_t value_of(std::string_view part, std::string_view text) const {
    if (field_.named) {
      if (auto value = field_.named(lower(text))) return *value;
    }
    auto value = integer(text);
    if (!value) bad(part, "no number");
    return *value;
  }

  void add(std::string_view text, Set& set) const {
    std::size_t slash = text.find('/');
    std::string_view range = text.substr(0, slash);
    std::size_t dash = range.find('-');
    std::string_view low = range.substr(0, dash);
    std::int64_t first = field_.least, last = field_.most, step = 1;
    // Behind a star the program does not look at the rest of the range: *-5 is a star.
    bool star = low == "*" || low == "?";
    if (!star) {
      first = last = value_of(text, low);
      if (dash != std::string_view::npos) last = value_of(text, range.substr(dash + 1));
    }
    if (slash != std::string_view::npos) {
      auto value = integer(text.substr(slash + 1));
      if (!value || *value == 0) bad(text, "the step is no number from 1");
      step = *value;
      if (dash == std::string_view::npos) last = field_.most;
      if (step > 1) star = false;
    }
    if (first < field_.least || last > field_.most) bad(text, "out of range");
    if (first > last) bad(text, "the range ends before it begins");
    set.bits |= bits_of_range(static_cast<int>(first), static_cast<int>(last),
                              static_cast<int>(std::min<std::int64_t>(step, 64)));
    set.star = set.star || star;
  }

  const Refusal& refuse_;
  const Field& field_;
};

// A moment that moves forward, and what the clock shows there. How the program moves decides which
// times it fires around a change of the clock, so the steps are the same as its own.
struct Cursor {
  sys_seconds time;
  const Zone& zone;
  bool cut = false;  // the smaller fields have been set to their least values

  Civil civil() const { return civil_of(zone.to_local(time)); }
  void go_to(const Civil& civil) { time = go_moment_of(time_of(civil), zone); }
  void cut_to(const Civil& civil) {
    if (!cut) go_to(civil);
    cut = true;
  }
  void cut_to(seconds unit) {
    if (!cut) time -= seconds(((time.time_since_epoch() % unit) + unit) % unit);
    cut = true;
  }
};

class FieldsPlan : public Plan {
 public:
  FieldsPlan(const std::array<Set, 5>& sets, std::optional<Zone> zone)
      : minutes_(sets[0].bits),
        hours_(sets[1].bits),
        dates_(sets[2]),
        months_(sets[3].bits),
        weekdays_(sets[4]),
        zone_(std::move(zone)) {}

  std::optional<sys_seconds> next(sys_seconds after, const Zone& zone) const override {
    auto found = search(after, zone);
    // Where clocks were set back at a minute past midnight the program finds the same midnight
    // again, and stays there. What fires does so on whole minutes, so none is missed.
    for (sys_seconds from = after; found && *found <= after;) {
      from += seconds(60);
      found = search(from, zone);
    }
    return found;
  }

 private:
  static bool has(Bits bits, int value) { return (bits >> value & 1) != 0; }

  std::optional<sys_seconds> search(sys_seconds after, const Zone& zone) const {
    if (minutes_ == 0 || hours_ == 0 || months_ == 0) return std::nullopt;
    Cursor at{after + seconds(1), zone_ ? *zone_ : zone};
    auto last_year = at.civil().year + kSearchYears;
    // Each step returns false when it ran into a larger field, which must then be looked at again.
    while (at.civil().year <= last_year) {
      if (to_month(at) && to_day(at) && to_hour(at) && to_minute(at) && to_second(at)) {
        return at.time;
      }
    }
    return std::nullopt;
  }

  bool to_month(Cursor& at) const {
    for (Civil now = at.civil(); !has(months_, now.month); now = at.civil()) {
      at.cut_to(Civil{now.year, now.month});
      now = at.civil();
      ++now.month;
      at.go_to(now);
      if (at.civil().month == 1) return false;
    }
    return true;
  }

  bool day_matches(const Civil& now) const {
    bool date = has(dates_.bits, now.day);
    bool weekday = has(weekdays_.bits, weekday_of(time_of(now)));
    return dates_.star || weekdays_.star ? date && weekday : date || weekday;
  }

  bool to_day(Cursor& at) const {
    for (Civil now = at.civil(); !day_matches(now); now = at.civil()) {
      const sys_seconds before = at.time;
      const bool was_cut = at.cut;
      at.cut_to(Civil{now.year, now.month, now.day});
      now = at.civil();
      ++now.day;
      at.go_to(now);
      // A day may have no midnight.
      int hour = at.civil().hour;
      if (hour > 12) at.time += std::chrono::hours(24 - hour);
      if (hour > 0 && hour <= 12) at.time -= std::chrono::hours(hour);
      // A day that the zone left out (Apia, 30 December 2011), from which the program never
      // returns.
      if (was_cut && at.time <= before) at.time = before + std::chrono::hours(24);
      if (at.civil().day == 1) return false;
    }
    return true;
  }

  bool to_hour(Cursor& at) const {
    for (Civil now = at.civil(); !has(hours_, now.hour); now = at.civil()) {
      at.cut_to(Civil{now.year, now.month, now.day, now.hour});
      at.time += std::chrono::hours(1);
      if (at.civil().hour == 0) return false;
    }
    return true;
  }

  bool to_minute(Cursor& at) const {
    while (!has(minutes_, at.civil().minute)) {
      at.cut_to(seconds(60));
      at.time += seconds(60);
      if (at.civil().minute == 0) return false;
    }
    return true;
  }

  static bool to_second(Cursor& at) {
    while (at.civil().second != 0) {
      at.cut = true;
      at.time += seconds(1);
      if (at.civil().second == 0) return false;
    }
    return true;
  }

  Bits minutes_, hours_;
  Set dates_;
  Bits months_;
  Set weekdays_;
  std::optional<Zone> zone_;
};

class EveryPlan : public Plan {
 public:
  explicit EveryPlan(seconds delay) : delay_(delay) {}
  std::optional<sys_seconds> next(sys_seconds after, const Zone&) const override {
    return after + delay_;
  }

 private:
  seconds delay_;
};

// A Go duration such as -1.5h or 1h30m in nanoseconds; nothing when it is none or does not fit 63
// bits.
class DurationReader {
 public:
  static std::optional<std::int64_t> read(std::string_view text) {
    bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    if (text == "0") return 0;
    if (text.empty()) return std::nullopt;
    std::int64_t sum = 0;
    DurationReader reader{text};
    while (!reader.rest_.empty()) {
      auto part = reader.part();
      if (!part || __builtin_add_overflow(sum, *part, &sum)) return std::nullopt;
    }
    return negative ? -sum : sum;
  }

 private:
  explicit DurationReader(std::string_view text) : rest_(text) {}

  std::string_view digits() {
    std::size_t size = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    std::string_view result = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return result;
  }

  std::optional<std::int64_t> part() {
    std::string_view whole = digits(), fraction;
    if (rest_.starts_with('.')) {
      rest_.remove_prefix(1);
      fraction = digits();
    }
    if (whole.empty() && fraction.empty()) return std::nullopt;
    std::size_t size = std::min(rest_.find_first_of(".0123456789"), rest_.size());
    auto unit = unit_of(rest_.substr(0, size));
    rest_.remove_prefix(size);
    auto value = whole.empty() ? 0 : integer(whole);
    std::int64_t result = 0;
    if (!unit || !value || __builtin_mul_overflow(*value, *unit, &result)) return std::nullopt;
    double scale = 1, part = 0;
    for (char c : fraction.substr(0, 18)) {
      scale *= 10;
      part = part * 10 + (c - '0');
    }
    auto more = static_cast<std::int64_t>(part * (static_cast<double>(*unit) / scale));
    if (__builtin_add_overflow(result, more, &result)) return std::nullopt;
    return result;
  }

  static std::optional<std::int64_t> unit_of(std::string_view name) {
    struct Unit {
      std::string_view name;
      std::int64_t nanoseconds;
    };
    // The micro sign and the Greek letter are both taken.
    constexpr std::array<Unit, 8> kUnits = {{{"ns", 1},
                                             {"us", 1'000},
                                             {"\u00b5s", 1'000},
                                             {"\u03bcs", 1'000},
                                             {"ms", 1'000'000},
                                             {"s", 1'000'000'000},
                                             {"m", 60'000'000'000},
                                             {"h", 3'600'000'000'000}}};
    for (const Unit& unit : kUnits) {
      if (unit.name == name) return unit.nanoseconds;
    }
    return std::nullopt;
  }

  std::string_view rest_;
};

std::string_view fields_of(std::string_view descriptor, const Refusal& refuse) {
  struct Descriptor {
    std::string_view name, fields;
  };
  constexpr std::array<Descriptor, 7> kDescriptors = {{{"@yearly", "0 0 1 1 *"},
                                                       {"@annually", "0 0 1 1 *"},
                                                       {"@monthly", "0 0 1 * *"},
                                                       {"@weekly", "0 0 * * 0"},
                                                       {"@daily", "0 0 * * *"},
                                                       {"@midnight", "0 0 * * *"},
                                                       {"@hourly", "0 * * * *"}}};
  for (const Descriptor& known : kDescriptors) {
    if (known.name == descriptor) return known.fields;
  }
  refuse(descriptor, fmt::format("no descriptor '{}'", descriptor), kForms);
}

// Takes a prefix "TZ=Zone " off `text`.
std::optional<Zone> take_zone(std::string_view& text, const Refusal& refuse) {
  std::size_t begin = text.find('=') + 1;
  std::size_t blank = text.find(' ');
  if (blank == std::string_view::npos) {
    refuse(text.substr(text.size()), "a time zone without fields", kForms);
  }
  std::string_view name = text.substr(begin, blank - begin);
  constexpr std::string_view kBlanks = " \t\n\v\f\r";
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks, blank), text.size()));
  text = text.substr(0, text.find_last_not_of(kBlanks) + 1);
  if (name.empty()) return Zone::utc();
  if (name == "Local") return std::nullopt;
  try {
    return Zone::named(name);
  } catch (const InvalidArgument&) {
    refuse(name, fmt::format("no time zone '{}' is known", name),
           "a name of the zone database, spelled exactly, such as Europe/Amsterdam");
  }
}

}  // namespace

std::shared_ptr<const Plan> parse_kubernetes(std::string_view text, ZonePrefix prefix) {
  Refusal refuse(Dialect::kKubernetes, text, text);
  std::optional<Zone> zone;
  if (std::size_t at = text.find("TZ");
      prefix == ZonePrefix::kRefuse && at != std::string_view::npos) {
    refuse(text.substr(at), "TZ is not accepted in a schedule",
           "the fields alone; set the time zone beside them");
  }
  if (text.starts_with("TZ=") || text.starts_with("CRON_TZ=")) zone = take_zone(text, refuse);
  constexpr std::string_view kEvery = "@every ";
  if (text.starts_with(kEvery)) {
    auto delay = DurationReader::read(text.substr(kEvery.size()));
    if (!delay) {
      refuse(text.substr(kEvery.size()),
             fmt::format("no duration '{}'", text.substr(kEvery.size())),
             "numbers with the units h, m, s, ms, us, ns, such as 1h30m");
    }
    return std::make_shared<EveryPlan>(seconds(std::max<std::int64_t>(*delay / 1'000'000'000, 1)));
  }
  if (text.starts_with('@')) text = fields_of(text, refuse);
  std::vector<std::string_view> fields = split(text, " \t\n\v\f\r");
  if (fields.size() != kFields.size()) {
    refuse(fields.size() > kFields.size() ? fields[kFields.size()] : text.substr(text.size()),
           fmt::format("{} fields where 5 are wanted", fields.size()), kForms);
  }
  std::array<Set, 5> sets;
  for (std::size_t i = 0; i < sets.size(); ++i) {
    sets[i] = SetParser(refuse, kFields[i]).set_of(fields[i]);
  }
  return std::make_shared<FieldsPlan>(sets, zone);
}

}  // namespace holdfast::schedule
