#include "dashboard/metrics.h"

#include <array>
#include <fmt/format.h>
#include <iterator>
#include <optional>
#include <set>

namespace holdfast::dashboard {

namespace {

using catalog::RunRecord;
using job::Health;
using job::Running;
using job::StoreStatus;
using job::TaskStatus;
using Value = std::optional<double>;

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }
double seconds(WallTime time) { return seconds(time.time_since_epoch()); }
Value seconds(const std::optional<WallTime>& time) {
  return time ? Value(seconds(*time)) : std::nullopt;
}

// Label values come from names of ours and from run records, which anybody with the bucket's
// credentials may have written.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

void head(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
  fmt::format_to(std::back_inserter(out), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void sample(std::string& out, std::string_view name, std::string_view labels, double value) {
  fmt::format_to(std::back_inserter(out), "{}{{{}}} {}\n", name, labels, value);
}

std::string label(std::string_view name, std::string_view value) {
  return fmt::format("{}=\"{}\"", name, escaped(value));
}

std::string labels_of(const StoreStatus& store) { return label("store", store.store); }
std::string labels_of(const StoreStatus& store, const TaskStatus& task) {
  return labels_of(store) + "," + label("task", name_of(task.kind));
}
std::string labels_of(const StoreStatus& store, const Running& running) {
  const std::string_view task =
      running.purpose.empty() ? name_of(running.kind) : std::string_view(running.purpose);
  return labels_of(store) + "," + label("task", task);
}

struct TaskMetric {
  std::string_view name, help;
  Value (*value)(const TaskStatus&);
};
template <auto Member>
Value of_last(const TaskStatus& task) {
  return task.last ? Value(double((*task.last).*Member)) : std::nullopt;
}
const std::array kTaskMetrics = {
    TaskMetric{"holdfast_task_last_start_timestamp_seconds", "When the last run began.",
               [](const TaskStatus& task) {
                 return task.last ? Value(seconds(task.last->started)) : std::nullopt;
               }},
    TaskMetric{"holdfast_task_last_end_timestamp_seconds", "When the last run ended.",
               [](const TaskStatus& task) {
                 return task.last ? Value(seconds(task.last->ended)) : std::nullopt;
               }},
    TaskMetric{
        "holdfast_task_last_success_timestamp_seconds", "When the last successful run began.",
        [](const TaskStatus& task) {
          return task.last_success ? Value(seconds(task.last_success->started)) : std::nullopt;
        }},
    TaskMetric{
        "holdfast_task_last_missed_timestamp_seconds", "The last due moment that no run came of.",
        [](const TaskStatus& task) {
          if (!task.last_missed) return Value();
          return seconds(task.last_missed->due ? task.last_missed->due : task.last_missed->started);
        }},
    TaskMetric{"holdfast_task_last_run_success", "1 when the last run was a success, else 0.",
               [](const TaskStatus& task) {
                 return task.last ? Value(task.last->is_success()) : std::nullopt;
               }},
    TaskMetric{"holdfast_task_last_duration_seconds", "How long the last run took.",
               [](const TaskStatus& task) {
                 return task.last ? Value(seconds(task.last->ended - task.last->started))
                                  : std::nullopt;
               }},
    TaskMetric{"holdfast_task_last_sent_bytes", "Bytes that the last run sent.",
               of_last<&RunRecord::bytes_sent>},
    TaskMetric{"holdfast_task_last_sent_objects", "Objects that the last run sent.",
               of_last<&RunRecord::objects_sent>},
    TaskMetric{"holdfast_task_last_reused_bytes",
               "Bytes that the last run found in the storage already.",
               of_last<&RunRecord::bytes_reused>},
    TaskMetric{"holdfast_task_last_reused_objects",
               "Objects that the last run found in the storage already.",
               of_last<&RunRecord::objects_reused>},
    TaskMetric{"holdfast_task_last_warnings", "Warnings of the last run.",
               [](const TaskStatus& task) {
                 return task.last ? Value(task.last->warnings.size()) : std::nullopt;
               }},
    TaskMetric{"holdfast_task_next_run_timestamp_seconds", "When it is due next.",
               [](const TaskStatus& task) { return seconds(task.next); }},
    TaskMetric{"holdfast_task_lateness_seconds",
               "Since the first due moment that no successful run has come up to; 0: none is "
               "overdue.",
               [](const TaskStatus& task) { return Value(seconds(task.lateness)); }},
};

void write_tasks(std::string& out, const std::vector<StoreStatus>& stores) {
  for (const TaskMetric& metric : kTaskMetrics) {
    head(out, metric.name, "gauge", metric.help);
    for (const StoreStatus& store : stores) {
      for (const TaskStatus& task : store.tasks) {
        if (const Value value = metric.value(task)) {
          sample(out, metric.name, labels_of(store, task), *value);
        }
      }
    }
  }
}

// A set of states: one line each, 1 for the one that holds.
constexpr std::array kHealths = {Health::kUnknown, Health::kFine, Health::kLate, Health::kFailed};

void sample_health(std::string& out, std::string_view name, const std::string& labels,
                   Health holds) {
  for (const Health health : kHealths) {
    sample(out, name, labels + "," + label("health", job::name_of(health)), health == holds);
  }
}

void write_states(std::string& out, const std::vector<StoreStatus>& stores) {
  constexpr std::string_view kOutcome = "holdfast_task_last_outcome";
  head(out, kOutcome, "gauge", "What the last run came to; always 1.");
  for (const StoreStatus& store : stores) {
    for (const TaskStatus& task : store.tasks) {
      if (!task.last) continue;
      sample(out, kOutcome, labels_of(store, task) + "," + label("outcome", task.last->outcome), 1);
    }
  }
  constexpr std::string_view kTask = "holdfast_task_health";
  head(out, kTask, "gauge", "1 for how the task stands, 0 for the other states.");
  for (const StoreStatus& store : stores) {
    for (const TaskStatus& task : store.tasks) {
      sample_health(out, kTask, labels_of(store, task), task.health);
    }
  }
  constexpr std::string_view kStore = "holdfast_store_health";
  head(out, kStore, "gauge", "1 for the worst state of the store's tasks, 0 for the other states.");
  for (const StoreStatus& store : stores) {
    sample_health(out, kStore, labels_of(store), store.health);
  }
}

struct StoreMetric {
  std::string_view name, type, help;
  Value (*value)(const StoreStatus&, WallTime now);
};

Value age_of(const StoreStatus& store, job::TaskKind kind, WallTime now) {
  const TaskStatus* task = store.find(kind);
  if (!task || !task->last_success) return std::nullopt;
  return seconds(now - task->last_success->started);
}

const std::array kStoreMetrics = {
    StoreMetric{"holdfast_store_newest_backup_timestamp_seconds", "gauge",
                "When the newest successful backup began.",
                [](const StoreStatus& store, WallTime) {
                  const RunRecord* newest = store.newest_backup();
                  return newest ? Value(seconds(newest->started)) : std::nullopt;
                }},
    StoreMetric{"holdfast_store_newest_backup_age_seconds", "gauge",
                "How long ago the newest successful backup began.",
                [](const StoreStatus& store, WallTime now) {
                  const RunRecord* newest = store.newest_backup();
                  return newest ? Value(seconds(now - newest->started)) : std::nullopt;
                }},
    StoreMetric{"holdfast_store_verification_age_seconds", "gauge",
                "How long ago the newest successful verification began.",
                [](const StoreStatus& store, WallTime now) {
                  return age_of(store, job::TaskKind::kVerify, now);
                }},
    StoreMetric{"holdfast_store_drill_age_seconds", "gauge",
                "How long ago the newest successful drill began.",
                [](const StoreStatus& store, WallTime now) {
                  return age_of(store, job::TaskKind::kDrill, now);
                }},
    StoreMetric{"holdfast_store_retention_removals_total", "counter",
                "Backups that retention has removed since this process began.",
                [](const StoreStatus& store, WallTime) { return Value(double(store.removals)); }},
    StoreMetric{"holdfast_store_paused", "gauge", "1 while schedules start nothing, else 0.",
                [](const StoreStatus& store, WallTime) { return Value(store.paused.has_value()); }},
    StoreMetric{"holdfast_store_paused_since_timestamp_seconds", "gauge",
                "Since when schedules start nothing.",
                [](const StoreStatus& store, WallTime) {
                  return store.paused ? Value(seconds(store.paused->since)) : std::nullopt;
                }},
    StoreMetric{"holdfast_store_standby", "gauge",
                "1 while another scheduler works for the store, else 0.",
                [](const StoreStatus& store, WallTime) { return Value(store.is_standby); }},
};

void write_stores(std::string& out, const std::vector<StoreStatus>& stores, WallTime now) {
  for (const StoreMetric& metric : kStoreMetrics) {
    head(out, metric.name, metric.type, metric.help);
    for (const StoreStatus& store : stores) {
      if (const Value value = metric.value(store, now)) {
        sample(out, metric.name, labels_of(store), *value);
      }
    }
  }
}

struct RunningMetric {
  std::string_view name, help;
  Value (*value)(const Running&);
};
// A total that is not known has no line.
Value known(std::uint64_t total) { return total > 0 ? Value(double(total)) : std::nullopt; }
const std::array kRunningMetrics = {
    RunningMetric{"holdfast_running_since_timestamp_seconds", "When what runs now began.",
                  [](const Running& running) { return Value(seconds(running.since)); }},
    RunningMetric{"holdfast_running_waits", "1 while it waits for the store's lease, else 0.",
                  [](const Running& running) { return Value(running.waits); }},
    RunningMetric{"holdfast_running_done_bytes", "Bytes that it has done so far.",
                  [](const Running& running) { return Value(double(running.bytes)); }},
    RunningMetric{"holdfast_running_expected_bytes", "Bytes that it will do in all.",
                  [](const Running& running) { return known(running.total_bytes); }},
    RunningMetric{"holdfast_running_done_objects", "Objects that it has done so far.",
                  [](const Running& running) { return Value(double(running.objects)); }},
    RunningMetric{"holdfast_running_expected_objects", "Objects that it will do in all.",
                  [](const Running& running) { return known(running.total_objects); }},
};

void write_running(std::string& out, const std::vector<StoreStatus>& stores) {
  constexpr std::string_view kName = "holdfast_store_running";
  head(out, kName, "gauge", "1 while something runs for the store, else 0.");
  for (const StoreStatus& store : stores) {
    sample(out, kName, labels_of(store), !store.running.empty());
  }
  for (const RunningMetric& metric : kRunningMetrics) {
    head(out, metric.name, "gauge", metric.help);
    std::set<std::string> seen;  // a line twice would make a scraper refuse all of them
    for (const StoreStatus& store : stores) {
      for (const Running& running : store.running) {
        const std::string labels = labels_of(store, running);
        const Value value = metric.value(running);
        if (value && seen.insert(labels).second) sample(out, metric.name, labels, *value);
      }
    }
  }
}

void write_notifications(std::string& out, const std::vector<job::Notifier::Count>& counts) {
  constexpr std::string_view kName = "holdfast_notifications_total";
  head(out, kName, "counter", "Notifications by what came of them, since this process began.");
  for (const job::Notifier::Count& count : counts) {
    const std::string channel = label("channel", count.channel) + ",";
    sample(out, kName, channel + label("result", "told"), double(count.told));
    sample(out, kName, channel + label("result", "given_up"), double(count.given_up));
  }
}

}  // namespace

std::string metrics_text(const std::vector<StoreStatus>& stores, const ProcessFacts& facts,
                         WallTime now) {
  std::string out;
  write_tasks(out, stores);
  write_states(out, stores);
  write_stores(out, stores, now);
  write_running(out, stores);
  write_notifications(out, facts.notifications);
  head(out, "holdfast_scheduler_alive", "gauge",
       "1 when every loop of the scheduler has come round lately, else 0.");
  fmt::format_to(std::back_inserter(out), "holdfast_scheduler_alive {}\n", facts.alive ? 1 : 0);
  head(out, "holdfast_build_info", "gauge", "The version that runs.");
  sample(out, "holdfast_build_info", label("version", HOLDFAST_VERSION), 1);
  return out;
}

}  // namespace holdfast::dashboard
