// Schedules as three programs read them, so that a schedule taken from an existing installation
// fires when it did.
//
// kKubernetes     batch/v1 CronJob (robfig/cron 3.0.1, ParseStandard): minute hour day-of-month
// month day-of-week,
//                 or @daily and the like, or @every 1h30m.
// kCronexpr       supercronic 0.2.48: [second] minute hour day-of-month month day-of-week [year],
// with L, W and #. kElasticsearch  x-pack 7.17: second minute hour day-of-month month day-of-week
// [year], with L, W, # and one ?,
//                 always in UTC.
// docs/design/schedules.md tells where they differ from each other, and where holdfast differs from
// them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/zone.h"

namespace holdfast::schedule {

enum class Dialect { kKubernetes, kCronexpr, kElasticsearch };

// "kubernetes", "cronexpr", "elasticsearch".
std::string_view name_of(Dialect dialect);
// Throws InvalidArgument when there is no such dialect.
Dialect dialect_named(std::string_view name);

// What to do with "TZ=Zone " or "CRON_TZ=Zone " before a kubernetes schedule: its parser reads the
// prefix, but the Kubernetes API refuses to create a CronJob with it.
enum class ZonePrefix { kRefuse, kRead };

// What a text was compiled to; each dialect has its own.
class Plan;

// A value; copies share what was parsed. May be used from any thread.
class Schedule {
 public:
  // The first time strictly later than `after` at which the schedule fires, in whole seconds;
  // nothing when it never fires again. How far it looks: kubernetes five years on, cronexpr to the
  // end of 2099, elasticsearch to the end of 2126. `zone` tells what the fields mean; elasticsearch
  // ignores it, and so does @every.
  std::optional<WallTime> next(WallTime after, const Zone& zone) const;

  Dialect dialect() const { return dialect_; }
  // As it was written.
  const std::string& text() const { return text_; }

 private:
  friend Schedule parse(Dialect, std::string_view, ZonePrefix);
  Schedule(Dialect dialect, std::string text, std::shared_ptr<const Plan> plan)
      : dialect_(dialect), text_(std::move(text)), plan_(std::move(plan)) {}

  Dialect dialect_;
  std::string text_;
  std::shared_ptr<const Plan> plan_;
};

// Throws InvalidArgument: what is wrong, and what is allowed there. Text above 1 KiB is refused.
Schedule parse(Dialect dialect, std::string_view text, ZonePrefix prefix = ZonePrefix::kRefuse);

}  // namespace holdfast::schedule
