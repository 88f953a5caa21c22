#include <array>
#include <fmt/format.h>

#include "base/civil.h"
#include "schedule/calendar.h"
#include "schedule/dialects.h"

namespace holdfast::schedule {

namespace {

constexpr int kCronexprLastYear = 2099;

enum class Kind { kSecond, kMinute, kHour, kDay, kMonth, kWeekday, kYear };

struct Field {
  Kind kind;
  std::string_view name;
  int least, most;
  std::string_view allowed;
};

constexpr std::array<Field, 7> kFields = {{
    {Kind::kSecond, "second", 0, 59, "0-59"},
    {Kind::kMinute, "minute", 0, 59, "0-59"},
    {Kind::kHour, "hour", 0, 23, "0-23"},
    {Kind::kDay, "day of month", 1, 31, "1-31, L, LW, and a day with W such as 15W"},
    {Kind::kMonth, "month", 1, 12, "1-12 and JAN-DEC"},
    {Kind::kWeekday, "day of week", 0, 6, "0-7 (0 and 7 are Sunday), SUN-SAT, 5L, and 5#1 to 5#5"},
    {Kind::kYear, "year", 1970, kCronexprLastYear, "1970-2099"},
}};

constexpr std::array<std::string_view, 12> kLongMonths = {
    "january", "february", "march",     "april",   "may",      "june",
    "july",    "august",   "september", "october", "november", "december"};
constexpr std::array<std::string_view, 7> kLongWeekdays = {
    "sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"};

// One entry of a comma-separated list.
struct Entry {
  enum class Form { kAll, kOne, kRange, kOther } form = Form::kOther;
  int first = 0, last = 0, step = 1;
  std::string_view text;
};

template <std::size_t N>
std::optional<int> position_in(const std::array<std::string_view, N>& names,
                               std::string_view name) {
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == name) return static_cast<int>(i);
  }
  return std::nullopt;
}

std::optional<int> value_of(const Field& field, std::string_view text) {
  switch (field.kind) {
    case Kind::kMonth:
      if (auto month = month_named(text)) return month;
      if (auto month = position_in(kLongMonths, text)) return *month + 1;
      break;
    case Kind::kWeekday: {
      if (auto day = weekday_named(text)) return day;
      if (auto day = position_in(kLongWeekdays, text)) return day;
      auto day = text.size() <= 2 ? number(text, 7) : std::nullopt;
      // With a leading zero the program reads every day as Sunday, 05 too.
      if (day && text.size() == 2) return 0;
      return day ? std::optional(*day % 7) : std::nullopt;
    }
    default:
      break;
  }
  std::size_t most_digits = field.kind == Kind::kYear ? 4 : 2;
  auto value = text.size() <= most_digits ? number(text, field.most) : std::nullopt;
  return value && *value >= field.least ? value : std::nullopt;
}

class Parser {
 public:
  explicit Parser(Refusal refuse) : refuse_(std::move(refuse)) {}

  Bits set_of(const Field& field, std::string_view text) const {
    Bits bits = 0;
    for (const Entry& entry : entries_of(field, text)) {
      // What follows a star is not looked at.
      if (entry.form == Entry::Form::kAll) return bits_of_range(field.least, field.most);
      if (entry.form == Entry::Form::kOther) bad_entry(field, entry.text);
      bits |= bits_of_range(entry.first, entry.last, entry.step);
    }
    if (bits == 0) bad_entry(field, text);
    return bits;
  }

  Years years_of(const Field& field, std::string_view text) const {
    Years years;
    for (const Entry& entry : entries_of(field, text)) {
      if (entry.form == Entry::Form::kOther) bad_entry(field, entry.text);
      for (int year = entry.first; year <= entry.last; year += entry.step) {
        years.set(static_cast<std::size_t>(year - kFirstYear));
      }
      if (entry.form == Entry::Form::kAll) break;
    }
    return years;
  }

  // Fill their half of `days`; true when the field restricts the day at all.
  bool dates_of(const Field& field, std::string_view text, Days& days) const {
    bool restricted = true;
    for (const Entry& entry : entries_of(field, text)) {
      std::string_view rest = entry.text;
      if (entry.form == Entry::Form::kAll) {
        restricted = false;
      } else if (entry.form != Entry::Form::kOther) {
        days.days |= bits_of_range(entry.first, entry.last, entry.step);
      } else if (rest == "l") {
        days.before_last = 1;
      } else if (rest == "lw") {
        days.weekday_before_last = 1;
      } else {
        auto day =
            rest.ends_with('w') ? value_of(field, rest.substr(0, rest.size() - 1)) : std::nullopt;
        if (!day) bad_entry(field, rest);
        days.nearest_weekdays |= Bits{1} << *day;
      }
    }
    return restricted;
  }

  bool weekdays_of(const Field& field, std::string_view text, Days& days) const {
    bool restricted = true;
    for (const Entry& entry : entries_of(field, text)) {
      std::string_view rest = entry.text;
      if (entry.form == Entry::Form::kAll) {
        restricted = false;
      } else if (entry.form != Entry::Form::kOther) {
        days.weekdays |= bits_of_range(entry.first, entry.last, entry.step);
      } else if (auto last = rest.ends_with('l') ? value_of(field, rest.substr(0, rest.size() - 1))
                                                 : std::nullopt) {
        days.last_weekdays |= Bits{1} << *last;
      } else {
        std::size_t mark = rest.find('#');
        auto day = value_of(field, rest.substr(0, mark));
        auto nth = mark == std::string_view::npos || rest.size() != mark + 2
                       ? std::nullopt
                       : number(rest.substr(mark + 1), 5);
        if (!day || !nth || *nth < 1) bad_entry(field, rest);
        days.nth_weekdays |= Bits{1} << (8 * *nth + *day);
      }
    }
    return restricted;
  }

 private:
  [[noreturn]] void bad_entry(const Field& field, std::string_view text) const {
    refuse_(text, fmt::format("'{}' is not a {}", text, field.name),
            fmt::format("*, ?, {}, lists a,b, ranges a-b, steps */n, a/n, a-b/n", field.allowed));
  }

  std::vector<Entry> entries_of(const Field& field, std::string_view text) const {
    std::vector<Entry> entries;
    for (std::string_view part : split(text, ",")) entries.push_back(entry_of(field, part));
    if (entries.empty()) bad_entry(field, text);
    return entries;
  }

  Entry entry_of(const Field& field, std::string_view text) const {
    Entry entry;
    entry.text = text;
    std::size_t slash = text.find('/');
    std::string_view range = text.substr(0, slash);
    std::size_t dash = range.find('-');
    auto first = value_of(field, range.substr(0, dash));
    auto last =
        dash == std::string_view::npos ? std::nullopt : value_of(field, range.substr(dash + 1));
    bool whole = range == "*" || (range == "?" && slash == std::string_view::npos);
    if (!whole && (!first || (dash != std::string_view::npos && !last))) return entry;
    bool stepped = slash != std::string_view::npos;
    entry.first = whole ? field.least : *first;
    entry.last = last ? *last : whole || stepped ? field.most : *first;
    if (stepped) {
      std::string_view digits = text.substr(slash + 1);
      if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos) {
        return entry;
      }
      entry.step = step_of(field, text, digits);
    } else if (last && *last < *first) {
      refuse_(text, fmt::format("'{}': the {} range ends before it begins", text, field.name),
              "ranges a-b with a at most b; 7 and SUN are 0 at either end");
    }
    entry.form = stepped || last ? Entry::Form::kRange
                 : whole         ? Entry::Form::kAll
                                 : Entry::Form::kOne;
    return entry;
  }

  int step_of(const Field& field, std::string_view text, std::string_view digits) const {
    // The program looks steps up in a table of numbers of one, two and, for years, four digits.
    std::optional<int> step;
    if (digits.size() <= 2) step = number(digits, 59);
    if (digits.size() == 4) step = number(digits, kCronexprLastYear);
    bool known = step && *step >= 1 && *step <= field.most;
    if (!known || (digits.size() == 4 && *step < kFirstYear)) {
      refuse_(digits, fmt::format("'{}': the {} step {} is out of range", text, field.name, digits),
              fmt::format("steps from 1 to {}", std::min(field.most, 59)));
    }
    return *step;
  }

  Refusal refuse_;
};

class CronexprPlan : public Plan {
 public:
  explicit CronexprPlan(const Calendar& calendar) : calendar_(calendar) {}

  std::optional<std::chrono::sys_seconds> next(std::chrono::sys_seconds after,
                                               const Zone& zone) const override {
    auto local = zone.to_local(after);
    // In an hour that the clock shows twice, each time belongs to one of the passes only; times
    // that lie before `after` for that reason are passed over.
    while (auto found = calendar_.next(local)) {
      auto time = moment_of(*found, zone);
      if (time > after) return time;
      local = *found;
    }
    return std::nullopt;
  }

 private:
  Calendar calendar_;
};

// What the program reads: in lower case, and with macros replaced anywhere in the text before it
// looks for fields.
struct Expanded {
  std::string text;
  std::vector<std::size_t> origins;  // of each byte, and of the end
};

Expanded expanded(const std::string_view original) {
  struct Macro {
    std::string_view name, fields;
  };
  constexpr std::array<Macro, 6> kMacros = {{{"@yearly", "0 0 0 1 1 * *"},
                                             {"@annually", "0 0 0 1 1 * *"},
                                             {"@monthly", "0 0 0 1 * * *"},
                                             {"@weekly", "0 0 0 * * 0 *"},
                                             {"@daily", "0 0 0 * * * *"},
                                             {"@hourly", "0 0 * * * * *"}}};
  Expanded result;
  std::string_view text = original;
  while (!text.empty()) {
    std::size_t size = 1;
    std::string_view replacement = text.substr(0, 1);
    for (const Macro& macro : kMacros) {
      if (text.starts_with(macro.name)) {
        size = macro.name.size();
        replacement = macro.fields;
      }
    }
    result.text += replacement;
    result.origins.resize(result.text.size(), original.size() - text.size());
    text.remove_prefix(size);
  }
  result.origins.push_back(original.size());
  result.text = lower(result.text);
  return result;
}

}  // namespace

std::shared_ptr<const Plan> parse_cronexpr(std::string_view text) {
  const Expanded plain = expanded(text);
  const std::string_view whole = plain.text;
  const Refusal refuse(Dialect::kCronexpr, text, whole, plain.origins);
  const Parser parser(refuse);
  std::vector<std::string_view> fields = split(whole, " \t\n\f\r");
  if (fields.size() < 5 || fields.size() > 7) {
    refuse(fields.size() > 7 ? fields[7] : whole.substr(whole.size()),
           fmt::format("{} fields where 5 to 7 are wanted", fields.size()),
           "[second] minute hour day-of-month month day-of-week [year] (6 fields: with the year), "
           "@yearly, @annually, @monthly, @weekly, @daily, @hourly");
  }
  if (fields.size() < 7) fields.insert(fields.begin(), "0");
  if (fields.size() < 7) fields.emplace_back("*");
  Calendar calendar;
  calendar.seconds = parser.set_of(kFields[0], fields[0]);
  calendar.minutes = parser.set_of(kFields[1], fields[1]);
  calendar.hours = parser.set_of(kFields[2], fields[2]);
  bool by_date = parser.dates_of(kFields[3], fields[3], calendar.days);
  calendar.months = parser.set_of(kFields[4], fields[4]);
  bool by_weekday = parser.weekdays_of(kFields[5], fields[5], calendar.days);
  calendar.years = parser.years_of(kFields[6], fields[6]);
  calendar.days.match = by_date && by_weekday ? Days::Match::kEither
                        : by_date             ? Days::Match::kDate
                        : by_weekday          ? Days::Match::kWeekday
                                              : Days::Match::kEvery;
  return std::make_shared<CronexprPlan>(calendar);
}

}  // namespace holdfast::schedule
