// `status`: how every scheduled store stands, read from the catalog alone, so that it answers also
// when no scheduler runs.
#include <cstdio>
#include <fmt/format.h>
#include <memory>

#include "base/error.h"
#include "catalog/lease.h"
#include "catalog/run_summary.h"
#include "catalog/schedule_state.h"
#include "cli/program.h"
#include "cli/text.h"
#include "job/status.h"
#include "job/status_json.h"

namespace holdfast::cli {

namespace {

using job::StoreStatus;
using job::TaskStatus;

struct Arguments {
  std::vector<std::string> stores;
  bool direct = false, is_long = false;
};

StoreStatus read_status(Program& program, storage::Storage& storage, config::Store store) {
  const Context& context = program.context();
  const catalog::CatalogOptions catalog = program.catalog();
  const std::string name(config::name_of(store));
  const job::StorePlan plan = program.plan_of(store);
  const WallTime now = context.clock().now();
  catalog::ScheduleState state =
      catalog::read_schedule_state(context, storage, catalog, name).state;
  StoreStatus status = status_of(plan, catalog::read_summary(context, storage, catalog, name),
                                 state, catalog::read_pause(context, storage, catalog, name), now,
                                 program.values().holdfast.run.starting_deadline);
  if (const auto holder = catalog::holder_of(context, storage, catalog, name)) {
    job::Running running;
    running.purpose = holder->purpose;
    running.since = holder->since;
    status.running.push_back(running);
  }
  return status;
}

// What stands in the bucket is shown without control characters.
std::string plain(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text;
}

std::string state_of(const StoreStatus& store) {
  std::string text(name_of(store.health));
  if (store.paused) text += ", paused";
  return text;
}

std::string next_of(const StoreStatus& store, WallTime now) {
  const TaskStatus* first = nullptr;
  for (const TaskStatus& task : store.tasks) {
    if (task.next && (!first || *task.next < *first->next)) first = &task;
  }
  if (!first) return "-";
  const std::string when =
      *first->next <= now ? "now" : "in " + format_duration(*first->next - now);
  return fmt::format("{} {}", name_of(first->kind), when);
}

std::string running_of(const StoreStatus& store, WallTime now) {
  if (store.running.empty()) return "-";
  const job::Running& running = store.running.front();
  return fmt::format("{} for {}", plain(running.purpose), format_duration(now - running.since));
}

void print_table(const std::vector<StoreStatus>& stores, WallTime now) {
  std::vector<std::vector<std::string>> rows = {
      {"STORE", "STATE", "LAST BACKUP", "AGE", "SENT", "NEXT", "RUNNING"}};
  for (const StoreStatus& store : stores) {
    const catalog::RunRecord* newest = store.newest_backup();
    rows.push_back({store.store, state_of(store), newest ? plain(newest->name) : "-",
                    newest ? format_duration(now - newest->started) : "-",
                    newest ? format_bytes(newest->bytes_sent) : "-", next_of(store, now),
                    running_of(store, now)});
  }
  std::printf("%s", format_table(rows).c_str());
}

void print_tasks(const std::vector<StoreStatus>& stores, WallTime now) {
  std::vector<std::vector<std::string>> rows = {
      {"STORE", "TASK", "STATE", "SCHEDULE", "LAST GOOD", "LATE BY", "NEXT"}};
  for (const StoreStatus& store : stores) {
    for (const TaskStatus& task : store.tasks) {
      rows.push_back(
          {store.store, std::string(name_of(task.kind)), std::string(name_of(task.health)),
           task.schedule.empty() ? "after others" : task.schedule,
           task.last_success ? format_duration(now - task.last_success->started) + " ago" : "-",
           task.lateness > Duration::zero() ? format_duration(task.lateness) : "-",
           task.next ? format_rfc3339(*task.next) : "-"});
    }
  }
  std::printf("%s", format_table(rows).c_str());
}

// A miss from before the last success is not why it is late now.
bool explains_lateness(const TaskStatus& task) {
  if (!task.last_missed) return false;
  return !task.last_success || task.last_success->started < task.last_missed->started;
}

// What is wrong, a line each.
std::vector<std::string> complaints(const std::vector<StoreStatus>& stores) {
  std::vector<std::string> lines;
  for (const StoreStatus& store : stores) {
    for (const TaskStatus& task : store.tasks) {
      const std::string what = fmt::format("{} {}", store.store, name_of(task.kind));
      if (task.health == job::Health::kFailed) {
        lines.push_back(fmt::format("{} failed at {}: {}", what, format_rfc3339(task.last->started),
                                    task.last->error));
      } else if (task.health == job::Health::kLate) {
        lines.push_back(fmt::format(
            "{} is late by {}: {}", what, format_duration(task.lateness),
            explains_lateness(task) ? task.last_missed->error
                                    : "no run has come; is holdfast run at work for this store?"));
      }
    }
    if (store.paused) {
      lines.push_back(fmt::format("{} is paused since {} by {}{}{}", store.store,
                                  format_rfc3339(store.paused->since), store.paused->by,
                                  store.paused->reason.empty() ? "" : ": ", store.paused->reason));
    }
  }
  return lines;
}

int run(Program& program, const Arguments& arguments) {
  std::vector<config::Store> stores;
  for (const std::string& name : arguments.stores) stores.push_back(store_named(name));
  if (stores.empty()) stores = program.scheduled_stores();
  if (stores.empty()) {
    throw InvalidArgument("status", "no store is scheduled",
                          "switch one on in the values: config show tells which are");
  }
  const auto storage = program.open_storage(!arguments.direct);
  std::vector<StoreStatus> all;
  for (config::Store store : stores) all.push_back(read_status(program, *storage, store));
  const WallTime now = program.context().clock().now();
  bool is_well = true;
  for (const StoreStatus& store : all) {
    if (store.health == job::Health::kLate || store.health == job::Health::kFailed) is_well = false;
  }
  if (program.global().json()) {
    std::printf("%s", job::status_json(all, now).c_str());
    return is_well ? 0 : 1;
  }
  arguments.is_long ? print_tasks(all, now) : print_table(all, now);
  for (const std::string& line : complaints(all)) std::printf("%s\n", plain(line).c_str());
  return is_well ? 0 : 1;
}

}  // namespace

Command make_status_command(Program& program) {
  auto arguments = std::make_shared<Arguments>();
  Command command;
  command.name = "status";
  command.summary = "tell whether all is well";
  command.description =
      "Per store: the last good backup and its age, what is due next, what runs now, and what is "
      "wrong. Exits with 1 when a store is late or its last run failed, for use in monitoring. "
      "Read from the bucket: any machine with the values can ask.";
  command.examples = {"holdfast -c values.yaml status", "holdfast -c values.yaml status --long",
                      "holdfast -c values.yaml --output json status clickhouse"};
  command.options = {
      {"STORE", "which stores (default: all that are scheduled)", &arguments->stores},
      {"--long", "each task of each store", &arguments->is_long},
      {"--direct", "straight from the configured storage, for when the gateway is down",
       &arguments->direct},
  };
  command.run = [&program, arguments] { return run(program, *arguments); };
  return command;
}

}  // namespace holdfast::cli
