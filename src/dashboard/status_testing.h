// For the tests of this room: how stores stand, by the functions that the scheduler uses.
#pragma once

#include <string>
#include <vector>

#include "job/status.h"

namespace holdfast::dashboard {

inline WallTime at(const char* rfc3339) { return parse_rfc3339(rfc3339); }

inline catalog::RunRecord run(const std::string& store, const std::string& task,
                              const char* started, const std::string& outcome = "success") {
  catalog::RunRecord record;
  record.id = "0123456789ab";
  record.store = store;
  record.kind = task == "full" || task == "incremental" ? "backup" : task;
  record.task = task;
  record.trigger = "schedule";
  record.name = store + "-20240617030000";
  record.started = at(started);
  record.ended = record.started + std::chrono::seconds(90);
  record.outcome = outcome;
  if (outcome != "success") record.error = "backup " + store + ": no such host; check the URL";
  record.bytes_sent = 1000, record.objects_sent = 3;
  record.bytes_reused = 9000, record.objects_reused = 12;
  return record;
}

inline job::Task task(job::TaskKind kind, const char* schedule) {
  return {kind, schedule::parse(schedule::Dialect::kKubernetes, schedule), Zone::utc()};
}

// StackGraph was backed up and verified; ClickHouse has failed, is paused and its full backup runs;
// Elasticsearch is new.
inline std::vector<job::StoreStatus> three_stores(WallTime now) {
  using job::TaskKind;
  const catalog::Pause pause{at("2024-06-17T01:00:00Z"), "ann@host", "disk \"full\"\nagain"};
  std::vector<job::StoreStatus> stores;
  catalog::RunSummary graph;
  graph.note(run("stackgraph", "backup", "2024-06-17T03:00:00Z"));
  graph.note(run("stackgraph", "verify", "2024-06-17T06:00:00Z"));
  stores.push_back(job::status_of({"stackgraph",
                                   {task(TaskKind::kBackup, "0 3 * * *"),
                                    task(TaskKind::kVerify, "0 6 * * *"),
                                    task(TaskKind::kDrill, "0 7 * * 0"),
                                    {TaskKind::kPrune, std::nullopt}}},
                                  graph, {}, std::nullopt, now, std::chrono::hours(1)));
  stores.back().removals = 2;
  catalog::RunSummary house;
  house.note(run("clickhouse", "full", "2024-06-16T00:45:00Z"));
  house.note(run("clickhouse", "full", "2024-06-17T00:45:00Z", "unavailable"));
  stores.push_back(job::status_of({"clickhouse", {task(TaskKind::kFull, "45 0 * * *")}}, house, {},
                                  pause, now, std::chrono::hours(1)));
  stores.back().running = {job::Running{.kind = TaskKind::kFull,
                                        .since = now - std::chrono::seconds(5),
                                        .phase = "upload",
                                        .bytes = 512,
                                        .total_bytes = 2048}};
  stores.push_back(job::status_of({"elasticsearch", {task(TaskKind::kBackup, "0 3 * * *")}}, {}, {},
                                  std::nullopt, now, std::chrono::hours(1)));
  stores.back().is_standby = true;
  return stores;
}

}  // namespace holdfast::dashboard
