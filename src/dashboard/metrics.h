// How the stores stand, as Prometheus reads it. docs/guide/metrics.md names each metric, and
// monitoring/ has the rules and the dashboard that use them. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "job/notify/notifier.h"
#include "job/status.h"

namespace holdfast::dashboard {

// What the process knows of itself.
struct ProcessFacts {
  bool alive = true;  // every loop of the scheduler has come round lately
  std::vector<job::Notifier::Count> notifications;
};

// Prometheus' text format 0.0.4. What is not known has no line: a task that never ran has no last
// start, one without a schedule no next run.
std::string metrics_text(const std::vector<job::StoreStatus>& stores, const ProcessFacts& facts,
                         WallTime now);
inline constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace holdfast::dashboard
