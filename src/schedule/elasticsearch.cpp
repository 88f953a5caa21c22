#include <array>
#include <cstdint>
#include <fmt/format.h>

#include "schedule/calendar.h"
#include "schedule/dialects.h"

namespace holdfast::schedule {

namespace {

enum class Kind { kSecond, kMinute, kHour, kDay, kMonth, kWeekday, kYear };

struct Field {
  Kind kind;
  std::string_view name;
  int least, most, most_step;
  std::string_view allowed;
};

// The year has no upper limit of its own; what lies beyond the search is dropped.
constexpr int kNoLimit = INT32_MAX;
constexpr std::array<Field, 7> kFields = {{
    {Kind::kSecond, "second", 0, 59, 59, "0-59"},
    {Kind::kMinute, "minute", 0, 59, 59, "0-59"},
    {Kind::kHour, "hour", 0, 23, 23, "0-23"},
    {Kind::kDay, "day of month", 1, 31, 31, "1-31, L, L-3, LW, L-3W, 15W, or ?"},
    {Kind::kMonth, "month", 1, 12, 12, "1-12 or JAN-DEC"},
    {Kind::kWeekday, "day of week", 1, 7, 7, "1-7 (1 is Sunday) or SUN-SAT, 6L, 6#1 to 6#5, or ?"},
    {Kind::kYear, "year", kFirstYear, kNoLimit, kNoLimit, "1970-2126"},
}};

struct Expression {
  std::array<Bits, 6> sets{};  // by kind, without the year
  Years years;
  bool any_date = false, any_weekday = false;  // "?"
  bool last_day = false;                       // "L", with
  int before_last = 0;                         // "L-3"
  bool nearest_weekday = false;                // "W"
  bool last_weekday = false;                   // "6L"
  int nth_weekday = 0;                         // "6#3"
};

// Reads one entry of one field's list. The class that is imitated looks only at the characters that
// it needs, so junk behind a complete value passes, and which junk passes follows from the order of
// the tests here.
class EntryParser {
 public:
  EntryParser(const Refusal& refuse, const Field& field, std::string_view text,
              Expression& expression)
      : refuse_(refuse), field_(field), text_(text), expression_(expression) {}

  void parse() {
    char c = text_[0];
    if (c >= 'A' && c <= 'Z' && !is_last_day()) return name();
    if (c == '?') return any();
    if (c == '*' || c == '/') return star();
    if (c == 'L') return last();
    if (c >= '0' && c <= '9') return value();
    bad("unexpected character");
  }

 private:
  [[noreturn]] void bad(std::string_view why) const {
    refuse_(text_, fmt::format("'{}' is not a {}: {}", text_, field_.name, why),
            fmt::format("*, {}, lists a,b, ranges a-b, steps */n, a/n, a-b/n", field_.allowed));
  }

  bool at_end() const { return position_ >= text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[position_]; }
  bool take(char c) {
    if (peek() != c) return false;
    ++position_;
    return true;
  }

  // At least one digit.
  int digits() {
    std::size_t size = 0;
    while (position_ + size < text_.size() && text_[position_ + size] >= '0' &&
           text_[position_ + size] <= '9') {
      ++size;
    }
    auto value = number(text_.substr(position_, size), kNoLimit);
    if (!value) bad("a number is missing or too large");
    position_ += size;
    return *value;
  }

  // "L", "LW", "L-3", "L-3W": not names although they begin with a letter.
  bool is_last_day() const {
    if (text_ == "L" || text_ == "LW") return true;
    if (!text_.starts_with("L-")) return false;
    std::size_t rest = std::min(text_.find_first_not_of("0123456789", 2), text_.size());
    return text_.substr(rest).empty() || text_.substr(rest) == "W";
  }

  int name_at(std::size_t position) const {
    std::string_view letters = position < text_.size() ? text_.substr(position) : "";
    if (letters.size() < 3) bad("no name of three letters");
    std::string lowered = lower(letters.substr(0, 3));
    auto value = field_.kind == Kind::kMonth ? month_named(lowered) : weekday_named(lowered);
    if (!value) bad("no such name");
    return field_.kind == Kind::kMonth ? *value : *value + 1;
  }

  void name() {
    if (field_.kind != Kind::kMonth && field_.kind != Kind::kWeekday) bad("no name is known here");
    int first = name_at(0);
    position_ = 3;
    if (take('-')) return add_range(first, name_at(4), 1);
    if (field_.kind == Kind::kWeekday) {
      if (take('#')) set_nth();
      if (take('L')) expression_.last_weekday = true;
    }
    add(first);
  }

  void any() {
    // One character of junk is let through, two are not.
    if (text_.size() > 2) bad("characters behind ?");
    if (field_.kind == Kind::kDay) {
      expression_.any_date = true;
    } else if (field_.kind == Kind::kWeekday) {
      if (expression_.any_date) bad("only one of day of month and day of week may be ?");
      expression_.any_weekday = true;
    } else {
      bad("? is for day of month and day of week");
    }
  }

  void star() {
    bool star = take('*');
    int step = 1;
    if (take('/')) {
      step = digits();
      if (!at_end()) bad("the step is no number");
      if (step > field_.most_step) bad("the step is too large");
    } else if (!star) {
      bad("unexpected character");
    }
    add_range(field_.least, field_.kind == Kind::kYear ? kLastYear : field_.most,
              std::max(step, 1));
  }

  void last() {
    take('L');
    if (field_.kind == Kind::kWeekday) return add(7);
    if (field_.kind != Kind::kDay) bad("L is for day of month and day of week");
    expression_.last_day = true;
    if (take('-')) {
      expression_.before_last = peek() == 'W' ? 0 : digits();
      if (expression_.before_last > 30) bad("at most 30 days before the last");
    }
    if (take('W')) expression_.nearest_weekday = true;
  }

  void set_nth() {
    int nth = digits();
    if (!at_end() || nth < 1 || nth > 5) bad("a number from 1 to 5 must follow #");
    expression_.nth_weekday = nth;
  }

  void value() {
    int first = digits();
    if (take('L')) {
      if (field_.kind != Kind::kWeekday) bad("L may follow a day of week only");
      expression_.last_weekday = true;
    } else if (take('W')) {
      if (field_.kind != Kind::kDay) bad("W may follow a day of month only");
      expression_.nearest_weekday = true;
    } else if (take('#')) {
      if (field_.kind != Kind::kWeekday) bad("# may follow a day of week only");
      set_nth();
    } else if (take('-')) {
      int end = digits();
      int step = take('/') ? digits() : 1;
      return add_range(first, end, step);
    } else if (take('/')) {
      std::size_t begin = position_;
      int step = digits();
      // Behind a step of one digit the class looks for more of it, behind a longer one it does not
      // look.
      if (!at_end() && position_ == begin + 1) bad("the step is no number");
      return add_range(first, field_.kind == Kind::kYear ? kLastYear : field_.most, step);
    }
    add(first);
  }

  void check(int value) const {
    // Marks inside the class: a year of 99 would be every year.
    if (field_.kind == Kind::kYear && (value == 98 || value == 99)) bad("no such year");
    if (field_.kind != Kind::kYear && (value < field_.least || value > field_.most)) {
      bad("out of range");
    }
  }

  void add(int value) {
    check(value);
    include(value);
  }

  void add_range(int first, int last, int step) {
    check(first);
    // A range may end with 0, one below the least day or month: it then runs to the largest.
    if (last != 0) check(last);
    if (step == 0) return include(first);
    if (first <= last) {
      for (std::int64_t i = first; i <= std::min(last, kNoLimit); i += step) {
        if (i > kLastYear) break;
        include(static_cast<int>(i));
      }
      return;
    }
    if (field_.kind == Kind::kYear) bad("the range ends before it begins");
    // Past the largest value the range goes on with the least.
    int size = field_.most - field_.least + 1;
    for (int i = first; i <= last + size; i += step) include(i > field_.most ? i - size : i);
  }

  void include(int value) {
    if (field_.kind != Kind::kYear) {
      expression_.sets[static_cast<std::size_t>(field_.kind)] |= Bits{1} << value;
    } else if (value >= kFirstYear && value <= kLastYear) {
      expression_.years.set(static_cast<std::size_t>(value - kFirstYear));
    }
  }

  const Refusal& refuse_;
  const Field& field_;
  std::string_view text_;
  Expression& expression_;
  std::size_t position_ = 0;
};

void parse_field(const Refusal& refuse, const Field& field, std::string_view text,
                 Expression& expression) {
  bool list = text.find(',') != std::string_view::npos;
  bool by_day = field.kind == Kind::kDay || field.kind == Kind::kWeekday;
  if (by_day && list && text.find('L') != std::string_view::npos) {
    refuse(text.substr(text.find('L')), fmt::format("'{}': L in a list of {}s", text, field.name),
           "L alone");
  }
  if (field.kind == Kind::kWeekday && text.find('#') != text.rfind('#')) {
    refuse(text.substr(text.rfind('#')), fmt::format("'{}': more than one #", text),
           "one n#k alone");
  }
  std::vector<std::string_view> entries = split(text, ",");
  // A year field without a year is taken, and no year is in it.
  if (entries.empty() && field.kind != Kind::kYear) {
    refuse(text, fmt::format("'{}' is no {}", text, field.name), field.allowed);
  }
  for (std::string_view entry : entries) EntryParser(refuse, field, entry, expression).parse();
}

Days days_of(const Expression& expression) {
  Days days;
  Bits dates = expression.sets[static_cast<std::size_t>(Kind::kDay)];
  // Bit 0 is Sunday from here on.
  Bits weekdays = expression.sets[static_cast<std::size_t>(Kind::kWeekday)] >> 1;
  if (expression.any_weekday) {
    days.match = Days::Match::kDate;
    Bits back = Bits{1} << expression.before_last;
    if (expression.last_day) {
      (expression.nearest_weekday ? days.weekday_before_last : days.before_last) = back;
    } else if (expression.nearest_weekday) {
      // Of several days the class looks at the first.
      days.nearest_weekdays = dates & (~dates + 1);
      days.nearest_from_next_month = true;
    } else {
      days.days = dates;
    }
    return days;
  }
  days.match = Days::Match::kWeekday;
  Bits first = weekdays & (~weekdays + 1);
  if (expression.last_weekday) {
    days.last_weekdays = first;
  } else if (expression.nth_weekday > 0) {
    days.nth_weekdays = first << (8 * expression.nth_weekday);
  } else {
    days.weekdays = weekdays;
  }
  return days;
}

class ElasticsearchPlan : public Plan {
 public:
  explicit ElasticsearchPlan(const Calendar& calendar) : calendar_(calendar) {}

  std::optional<std::chrono::sys_seconds> next(std::chrono::sys_seconds after,
                                               const Zone&) const override {
    auto found = calendar_.next(std::chrono::local_seconds(after.time_since_epoch()));
    if (!found) return std::nullopt;
    return std::chrono::sys_seconds(found->time_since_epoch());
  }

 private:
  Calendar calendar_;
};

}  // namespace

std::shared_ptr<const Plan> parse_elasticsearch(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  const std::string_view whole = upper;
  const Refusal refuse(Dialect::kElasticsearch, text, whole);
  std::vector<std::string_view> fields = split(whole, " \t");
  if (fields.size() < 6) {
    refuse(whole.substr(whole.size()),
           fmt::format("{} fields where 6 or 7 are wanted", fields.size()),
           "second minute hour day-of-month month day-of-week [year]");
  }
  if (fields.size() < 7) fields.emplace_back("*");
  for (std::string_view& field : fields) {
    // Java's trim: a line's end behind the last field does no harm.
    while (!field.empty() && static_cast<unsigned char>(field.back()) < ' ') field.remove_suffix(1);
  }
  Expression expression;
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    parse_field(refuse, kFields[i], fields[i], expression);
  }
  if (expression.any_date == expression.any_weekday) {
    refuse(fields[5],
           expression.any_date ? "both day of month and day of week are ?"
                               : "both day of month and day of week are given",
           "? for exactly one of them, as in 0 0 3 * * ?");
  }
  const auto& sets = expression.sets;
  Calendar calendar{sets[0], sets[1], sets[2], sets[4], expression.years, days_of(expression)};
  return std::make_shared<ElasticsearchPlan>(calendar);
}

}  // namespace holdfast::schedule
