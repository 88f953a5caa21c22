// `holdfast run`: every scheduled store with two engines of its own, the scheduler over them, and
// the HTTP server that tells of it.
#include <fmt/format.h>
#include <optional>
#include <thread>

#include "app/listen_address.h"
#include "app/program.h"
#include "app/stopper.h"
#include "app/store_plans.h"
#include "app/teller.h"
#include "base/error.h"
#include "base/log.h"
#include "config/switches.h"
#include "dashboard/server.h"
#include "http/server.h"
#include "job/scheduler.h"

namespace holdfast::app {

namespace {

// A scheduled run waits for whoever holds the store's lease, for as long as that takes.
constexpr Duration kForAsLongAsItTakes = std::chrono::hours(24 * 365);

// A store with two engines: one for what changes its backups, one for checks.
struct WorkingStore {
  cli::OpenStore changes, checks;
  std::optional<job::EngineRunner> change_runner, check_runner;
};

class SchedulerControl : public dashboard::Control {
 public:
  SchedulerControl(job::Scheduler& scheduler, const Teller& teller)
      : scheduler_(scheduler), teller_(teller) {}
  std::vector<job::StoreStatus> status() override { return scheduler_.status(); }
  bool alive() override { return scheduler_.alive(); }
  void run_now(const std::string& store, job::TaskKind kind, const std::string& who) override {
    scheduler_.store(store).request(kind, who);
    scheduler_.wake();
  }
  void pause(const std::string& store, const std::string& reason, const std::string& who) override {
    scheduler_.store(store).pause(who, reason);
  }
  void resume(const std::string& store, const std::string& who) override {
    scheduler_.store(store).resume(who);
    scheduler_.wake();
  }
  std::vector<job::Notifier::Count> notifications() override { return teller_.counts(); }

 private:
  job::Scheduler& scheduler_;
  const Teller& teller_;
};

std::vector<config::Store> chosen(const config::Values& values,
                                  const std::vector<std::string>& names) {
  if (names.empty()) return scheduled_stores(values);
  std::vector<config::Store> stores;
  for (const std::string& name : names) {
    const config::Store store = cli::store_named(name);
    config::require_backup(values, store);
    if (plan_of(values, store).tasks.empty()) {
      throw Refused("run " + name, "nothing is scheduled for it",
                    "switch its schedule on in the values, or leave the store out");
    }
    stores.push_back(store);
  }
  return stores;
}

http::ServerOptions server_options(const config::Run& values) {
  http::ServerOptions options;
  split_address("holdfast.run.listen", values.listen, options);
  options.max_workers = 16;
  options.max_connections = 256;
  options.stop_grace = std::chrono::seconds(2);
  options.urgent = dashboard::Dashboard::is_urgent;
  options.refusal = dashboard::Dashboard::refusal;
  return options;
}

std::vector<std::unique_ptr<WorkingStore>> open_stores(cli::Program& program,
                                                       const std::vector<config::Store>& stores) {
  std::vector<std::unique_ptr<WorkingStore>> opened;
  for (config::Store store : stores) {
    auto one = std::make_unique<WorkingStore>();
    const cli::OpenRequest request{store, false, false, kForAsLongAsItTakes};
    one->changes = program.open(request);
    one->checks = program.open(request);
    one->change_runner.emplace(*one->changes.engine);
    one->check_runner.emplace(*one->checks.engine);
    opened.push_back(std::move(one));
  }
  return opened;
}

}  // namespace

int HoldfastProgram::run_scheduler(const std::vector<std::string>& names, bool single) {
  config::require_master_switch(values(), "run");
  const std::vector<config::Store> stores = chosen(values(), names);
  if (stores.empty()) {
    throw InvalidArgument("run", "no store is scheduled",
                          "switch one on in the values: config show tells which are");
  }
  Context running = Context::with_clock(context_.clock());
  const auto opened = open_stores(*this, stores);
  std::vector<job::ScheduledStore> scheduled;
  for (std::size_t i = 0; i < stores.size(); ++i) {
    WorkingStore& one = *opened[i];
    scheduled.push_back(
        {plan_of(stores[i]), one.changes.storage.get(), &*one.change_runner, &*one.check_runner});
  }
  const config::Run& settings = values().holdfast.run;
  job::SchedulerOptions options;
  options.store.catalog = catalog();
  options.store.starting_deadline = settings.starting_deadline;
  options.single = single;
  Teller teller(running, values().holdfast.notifications, settings.starting_deadline);
  options.on_status = [&](const job::StoreStatus& status,
                          const std::map<std::string, std::string>& told) {
    teller.look(status, told);
  };
  job::Scheduler scheduler(running, std::move(scheduled), options);
  teller.keep_in(scheduler);
  SchedulerControl control(scheduler, teller);
  dashboard::Dashboard dashboard({settings.token}, control);
  Context serving = running.named("run");
  http::Server server(serving, server_options(settings),
                      [&](const Context& context, http::ServerRequest& request) {
                        return dashboard.handle(context, request);
                      });
  scheduler.start();
  log::info(serving,
            fmt::format("listening on {}:{}", settings.listen.substr(0, settings.listen.rfind(':')),
                        server.port()));
  {
    Stopper stopper(context_, server);
    server.run();
  }
  teller.end();
  log::info(serving, "stopping: runs that have begun may end");
  scheduler.stop(settings.stop_grace);
  log::info(serving, "stopped");
  return 0;
}

}  // namespace holdfast::app
