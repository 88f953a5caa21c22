#include "config/schedules.h"

#include <chrono>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/zone.h"
#include "config/scalars.h"
#include "retention/date_delta.h"
#include "retention/time_unit.h"
#include "schedule/cron.h"

namespace holdfast::config {

namespace {

// Any moment would do: what is asked of it here does not hang on the day.
const std::chrono::sys_seconds kSomeDay =
    std::chrono::sys_days(std::chrono::year(2026) / 6 / 15) + std::chrono::hours(12);

schedule::Dialect dialect_of(CronDialect dialect) {
  switch (dialect) {
    case CronDialect::kKubernetes:
      return schedule::Dialect::kKubernetes;
    case CronDialect::kCronexpr:
      return schedule::Dialect::kCronexpr;
    case CronDialect::kElasticsearch:
      return schedule::Dialect::kElasticsearch;
  }
  return schedule::Dialect::kKubernetes;
}

// Runs `read`, whose error's reason and advice become the value's.
template <class Read>
auto reading(Read&& read) {
  try {
    return read();
  } catch (const InvalidArgument& error) {
    constexpr std::string_view kAllowed = "allowed: ";  // beside what the key allows at large
    std::string advice = error.advice();
    if (advice.starts_with(kAllowed)) advice.replace(0, kAllowed.size(), "in detail: ");
    throw BadValue{error.reason(), std::move(advice)};
  }
}

}  // namespace

std::string_view allowed_by(CronDialect dialect) {
  switch (dialect) {
    case CronDialect::kKubernetes:
      return "a Kubernetes schedule: minute hour day month weekday, such as 0 3 * * *";
    case CronDialect::kCronexpr:
      return "a cronexpr schedule: minute hour day month weekday, such as 25 * * * *";
    case CronDialect::kElasticsearch:
      return "an Elasticsearch schedule: second minute hour day month weekday, such as 0 0 3 * * ?";
  }
  return "";
}

void check_schedule(CronDialect dialect, std::string_view text) {
  reading([&] { return schedule::parse(dialect_of(dialect), text); });
}

bool ever_fires(CronDialect dialect, std::string_view text) {
  return schedule::parse(dialect_of(dialect), text).next(kSomeDay, Zone::utc()).has_value();
}

std::string take_retention_delta(std::string_view text) {
  const auto moment =
      reading([&] { return retention::moment_of_delta(text, kSomeDay, Zone::utc()); });
  if (moment > kSomeDay) {
    throw BadValue{"means a moment in the future, and every backup is older than that",
                   "write 30 days ago for 30 days"};
  }
  return std::string(text);
}

std::string take_time_value(std::string_view text) {
  const retention::TimeValue value = reading([&] { return retention::parse_time_value(text); });
  if (value.count <= 0) throw BadValue{"no time at all"};
  return std::string(text);
}

void check_zone_exists(std::string_view name) {
  if (name == "local") return;
  reading([&] { return Zone::named(name); });
}

}  // namespace holdfast::config
