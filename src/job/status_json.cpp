#include "job/status_json.h"

#include <nlohmann/json.hpp>

#include "catalog/run_record_json.h"

namespace holdfast::job {

namespace {

using nlohmann::json;

json seconds_of(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count() / 1000.0;
}

json moment(const std::optional<WallTime>& time) {
  return time ? json(format_iso_millis(*time)) : json();
}

json record(const std::optional<catalog::RunRecord>& run) {
  if (!run) return {};
  json out = catalog::json_of(*run);
  for (const char* of_the_file : {"format", "min_reader", "holdfast"}) out.erase(of_the_file);
  out["duration_seconds"] = seconds_of(run->ended - run->started);
  return out;
}

json json_of(const TaskStatus& task) {
  return {
      {"task", name_of(task.kind)},
      {"health", name_of(task.health)},
      {"schedule", task.schedule.empty() ? json() : json(task.schedule)},
      {"next", moment(task.next)},
      {"lateness_seconds", seconds_of(task.lateness)},
      {"last", record(task.last)},
      {"last_success", record(task.last_success)},
      {"last_missed", record(task.last_missed)},
  };
}

json json_of(const Running& running) {
  return {
      {"task", running.purpose.empty() ? name_of(running.kind) : running.purpose},
      {"run", running.run_id.empty() ? json() : json(running.run_id)},
      {"since", format_iso_millis(running.since)},
      {"waits", running.waits},
      {"phase", running.phase.empty() ? json() : json(running.phase)},
      {"bytes", running.bytes},
      {"total_bytes", running.total_bytes > 0 ? json(running.total_bytes) : json()},
      {"objects", running.objects},
      {"total_objects", running.total_objects > 0 ? json(running.total_objects) : json()},
  };
}

json json_of(const StoreStatus& store, WallTime now) {
  json out = {{"store", store.store},        {"health", name_of(store.health)},
              {"standby", store.is_standby}, {"removals", store.removals},
              {"paused", nullptr},           {"running", json::array()},
              {"newest_backup", nullptr},    {"newest_backup_age_seconds", nullptr},
              {"tasks", json::array()}};
  if (store.paused) {
    out["paused"] = {{"since", format_iso_millis(store.paused->since)},
                     {"by", store.paused->by},
                     {"reason", store.paused->reason}};
  }
  for (const Running& running : store.running) out["running"].push_back(json_of(running));
  if (const catalog::RunRecord* newest = store.newest_backup()) {
    out["newest_backup"] = newest->name;
    out["newest_backup_age_seconds"] = seconds_of(now - newest->started);
  }
  for (const TaskStatus& task : store.tasks) out["tasks"].push_back(json_of(task));
  return out;
}

}  // namespace

std::string status_json(const std::vector<StoreStatus>& stores, WallTime now) {
  json out = {
      {"version", HOLDFAST_VERSION}, {"time", format_iso_millis(now)}, {"stores", json::array()}};
  for (const StoreStatus& store : stores) out["stores"].push_back(json_of(store, now));
  return out.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace holdfast::job
