#include "job/store_scheduler.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/log.h"

namespace holdfast::job {

namespace {

using namespace std::chrono_literals;

constexpr Duration kRetry = 10s;    // after what the storage or the store refused
constexpr Duration kLongest = 60s;  // between two looks, so that a clock that is set is noticed
constexpr Duration kNoticed = 5min;

std::string in_words(Duration time) {
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(time).count();
  if (minutes < 120) return fmt::format("{} minutes", minutes);
  return fmt::format("{} hours", minutes / 60);
}

}  // namespace

Lane lane_of(TaskKind kind) {
  return kind == TaskKind::kVerify || kind == TaskKind::kDrill ? Lane::kChecks : Lane::kChanges;
}

StoreScheduler::StoreScheduler(const Context& context, StorePlan plan, storage::Storage& storage,
                               StoreSchedulerOptions options)
    : context_(context.named(plan.store)),
      plan_(std::move(plan)),
      storage_(storage),
      options_(std::move(options)) {
  for (Lane lane : {Lane::kChanges, Lane::kChecks}) {
    std::vector<Task> tasks;
    for (const Task& one : plan_.tasks) {
      if (lane_of(one.kind) == lane) tasks.push_back(one);
    }
    lanes_[static_cast<std::size_t>(lane)] =
        std::make_unique<LaneState>(std::move(tasks), options_.starting_deadline, context_);
  }
}

const Task* StoreScheduler::task(TaskKind kind) const {
  for (const Task& one : plan_.tasks) {
    if (one.kind == kind) return &one;
  }
  return nullptr;
}

Context StoreScheduler::request_context() const {
  return context_.detached().with_timeout(options_.longest_request);
}

void StoreScheduler::publish() {
  std::lock_guard lock(view_mutex_);
  view_ = {summary_, state_.state, paused_, leads_, removals_};
}

void StoreScheduler::lead(const std::string& why) {
  std::lock_guard lock(mutex_);
  write_kept_records();
  for (const std::string& line : adopt_state()) log::info(context_, line);
  summary_ = catalog::read_summary(request_context(), storage_, options_.catalog, plan_.store);
  paused_ = catalog::read_pause(request_context(), storage_, options_.catalog, plan_.store);
  finish_begun();
  for (const auto& lane : lanes_) {
    lane->looked = context_.clock().now();
    lane->looked_steady = context_.clock().steady();
    // Of a time when it led: who asked has been told that another scheduler works now.
    if (!lane->at_work) lane->asked.clear();
    // First what came due: it may stand for what waits.
    if (paused_) {
      record_missed(lane->due.skip(state_.state, lane->looked, why_paused()));
    } else {
      record_missed(lane->due.collect(state_.state, lane->looked, false, why));
      record_missed(lane->due.drop_old(state_.state, lane->looked, why));
    }
  }
  leads_ = true;
  state_is_kept_ = false;
  keep_state();
  publish();
}

std::vector<std::string> StoreScheduler::adopt_state() {
  catalog::StoredState stored =
      catalog::read_schedule_state(request_context(), storage_, options_.catalog, plan_.store);
  // What this process could not write is newer, unless another one has led meanwhile.
  if (state_is_kept_ || stored.revision != state_.revision) {
    if (stored.revision != state_.revision) ++adopted_;
    state_ = std::move(stored);
    state_is_kept_ = true;
  }
  return adopt_plan(plan_, state_.state, context_.clock().now());
}

void StoreScheduler::stand_by() {
  std::lock_guard lock(mutex_);
  leads_ = false;
  publish();
}

bool StoreScheduler::leads() const {
  std::lock_guard lock(view_mutex_);
  return view_.leads;
}

Duration StoreScheduler::turn(Lane which, Runner& runner) {
  std::unique_lock lock(mutex_);
  if (!leads_) return kLongest;
  LaneState& lane = of(which);
  look(lane);
  write_kept_records();
  const std::optional<Start> start = choose(lane);
  if (!start) {
    if (!state_is_kept_) {
      keep_state();
      publish();
    }
    return until_next(lane);
  }
  if (!mark_begun(lane, *start)) {
    publish();
    return kRetry;
  }
  publish();
  const std::uint64_t adopted_before = adopted_;
  const RunResult result = run(lock, lane, *start, runner);
  settle(lane, *start, result, adopted_before);
  const bool began = result.record.has_value();
  // Told to stop in the middle: what begun says is for the next process.
  keep_state();
  publish();
  return began || !lane.due.waiting(state_.state) ? Duration::zero() : kRetry;
}

void StoreScheduler::look(LaneState& lane) {
  const WallTime now = context_.clock().now();
  // A clock that was years ahead, and is set right, must not stop backups for years.
  if (is_far_ahead(state_.state, now)) {
    for (const std::string& line : adopt_plan(plan_, state_.state, now)) {
      log::warning(context_, line);
    }
    state_is_kept_ = false;
  }
  const auto next = lane.due.next(state_.state);
  if ((next && *next <= now) || lane.due.waiting(state_.state)) read_pause();
  if (paused_) {
    record_missed(lane.due.skip(state_.state, now, why_paused()));
  } else {
    record_missed(lane.due.collect(state_.state, now, false, why_late(lane)));
  }
  lane.looked = now;
  lane.looked_steady = context_.clock().steady();
}

std::string StoreScheduler::why_paused() const {
  std::string why =
      fmt::format("paused since {} by {}", format_rfc3339(paused_->since), paused_->by);
  if (!paused_->reason.empty()) why += ": " + paused_->reason;
  return why;
}

void StoreScheduler::read_pause() {
  try {
    paused_ = catalog::read_pause(request_context(), storage_, options_.catalog, plan_.store);
  } catch (const Error& error) {
    log::debug(context_, "pause: " + error.to_string());  // as it was known last
  }
}

std::string StoreScheduler::why_late(const LaneState& lane) const {
  const Duration by_wall = context_.clock().now() - lane.looked;
  const Duration by_steady = context_.clock().steady() - lane.looked_steady;
  if (by_wall - by_steady > 1min) {
    return "the clock was set forward by " + in_words(by_wall - by_steady);
  }
  if (by_steady > kNoticed) return "this machine stood still for " + in_words(by_steady);
  return "it could not start in time";
}

std::optional<StoreScheduler::Start> StoreScheduler::choose(LaneState& lane) const {
  if (!lane.asked.empty()) return lane.asked.front();
  const auto due = lane.due.waiting(state_.state);
  if (!due) return std::nullopt;
  return Start{due->kind, due, false, {}};
}

bool StoreScheduler::mark_begun(LaneState& lane, const Start& start) {
  if (start.due) {
    DueList::take(state_.state, start.kind);
    state_.state.tasks.at(std::string(name_of(start.kind))).begun = start.due->due;
    state_is_kept_ = false;
  }
  keep_state();
  if (!leads_) return false;
  if (state_is_kept_ || !start.due) return true;
  RunResult result;
  result.not_begun = "the storage cannot be written";
  give_up(lane, start, result);
  return false;
}

void StoreScheduler::unmark(TaskKind kind) {
  auto found = state_.state.tasks.find(std::string(name_of(kind)));
  if (found == state_.state.tasks.end() || !found->second.begun) return;
  found->second.begun.reset();
  state_is_kept_ = false;
}

RunResult StoreScheduler::run(std::unique_lock<std::mutex>& lock, LaneState& lane,
                              const Start& start, Runner& runner) {
  RunCause cause;
  cause.trigger = start.due ? (start.due->is_catch_up ? "catch-up" : "schedule")
                            : (start.follows ? "schedule" : "request");
  if (start.due) cause.due = start.due->due;
  cause.by = start.by;
  auto& shown = running_[static_cast<std::size_t>(lane_of(start.kind))];
  cause.on_begin = [&](const catalog::RunRecord& record) {
    if (start.due) confirm_leading();
    std::lock_guard view(view_mutex_);
    shown->waits = false;
    shown->since = record.started;
    shown->run_id = record.id;
  };
  lane.at_work = start.kind;
  lane.progress.clear();
  {
    std::lock_guard view(view_mutex_);
    shown = Running{};
    shown->kind = start.kind;
    shown->since = context_.clock().now();
    shown->waits = true;
  }
  lock.unlock();
  RunResult result = runner.run(context_, start.kind, std::move(cause), lane.progress);
  {
    std::lock_guard view(view_mutex_);
    shown.reset();
  }
  lock.lock();
  lane.at_work.reset();
  return result;
}

// A run may have waited for the store's lease for hours, and another scheduler may lead since: its
// first act is to write the state, so that this write fails.
void StoreScheduler::confirm_leading() {
  std::lock_guard lock(mutex_);
  state_is_kept_ = false;
  keep_state();
  if (!leads_) {
    throw Refused("schedule of " + plan_.store, "another scheduler works for this store now",
                  "nothing: that one starts what is due");
  }
  if (!state_is_kept_) {
    throw Unavailable("schedule of " + plan_.store, "its state cannot be written",
                      "check the storage");
  }
}

void StoreScheduler::settle(LaneState& lane, const Start& start, const RunResult& result,
                            std::uint64_t adopted_before) {
  if (!start.due && !lane.asked.empty()) lane.asked.erase(lane.asked.begin());
  if (!leads_ && adopted_ != adopted_before) {
    // The state is another scheduler's, which has made its own of what this one had begun.
    if (!result.record) return;
    summary_.note(*result.record);
    if (!result.is_written) keep_record(*result.record);
    return;
  }
  if (!result.record) {
    give_up(lane, start, result);
  } else {
    note_end(lane, start, result);
  }
  // What came due meanwhile waits, however long that took.
  record_missed(lane.due.collect(state_.state, context_.clock().now(), true, ""));
  lane.looked = context_.clock().now();
  lane.looked_steady = context_.clock().steady();
}

void StoreScheduler::note_end(LaneState& lane, const Start& start, const RunResult& result) {
  const catalog::RunRecord& record = *result.record;
  summary_.note(record, true);
  if (!result.is_written) keep_record(record);
  // A run that was told to stop is for the next process to begin again.
  if (record.outcome != holdfast::name_of(ErrorKind::kCancelled)) unmark(start.kind);
  if (auto removed = record.counts.find("removed");
      start.kind == TaskKind::kPrune && removed != record.counts.end()) {
    removals_ += removed->second;
  }
  if (record.is_success()) {
    for (const Task& one : plan_.tasks) {
      const bool follows =
          std::find(one.follows.begin(), one.follows.end(), start.kind) != one.follows.end();
      if (follows) lane.asked.push_back({one.kind, {}, true, {}});
    }
  }
}

void StoreScheduler::give_up(LaneState& lane, const Start& start, const RunResult& result) {
  // Told to stop while it waited for the lease: the next process finds it as waiting.
  if (context_.cancelled()) {
    if (!start.due) return;
    unmark(start.kind);
    DueList::put_back(state_.state, *start.due);
    return;
  }
  if (!start.due) {
    if (!result.had_nothing_to_do) {
      log::warning(context_,
                   fmt::format("{} did not start: {}", name_of(start.kind), result.not_begun));
    }
    return;
  }
  unmark(start.kind);
  const WallTime due = start.due->due;
  if (result.has_no_subject || lane.due.is_too_old(due, context_.clock().now())) {
    record_missed({{start.kind, due, due, 1, result.not_begun}});
    return;
  }
  log::warning(context_, fmt::format("{} due {} does not start yet: {}", name_of(start.kind),
                                     format_rfc3339(due), result.not_begun));
  DueList::put_back(state_.state, *start.due);
  state_is_kept_ = false;
}

Duration StoreScheduler::until_next(const LaneState& lane) const {
  if (!state_is_kept_ || !unwritten_.empty()) return kRetry;
  const auto next = lane.due.next(state_.state);
  if (!next) return kLongest;
  return std::clamp<Duration>(*next - context_.clock().now(), Duration::zero(), kLongest);
}

void StoreScheduler::refresh() {
  std::lock_guard lock(mutex_);
  catalog::RunSummary read =
      catalog::read_summary(request_context(), storage_, options_.catalog, plan_.store);
  for (const catalog::RunRecord& record : unwritten_) read.note(record);
  summary_ = std::move(read);
  paused_ = catalog::read_pause(request_context(), storage_, options_.catalog, plan_.store);
  if (!leads_) adopt_state();
  publish();
}

void StoreScheduler::request(TaskKind kind, const std::string& by) {
  const std::string what = fmt::format("run {} of {}", name_of(kind), plan_.store);
  if (!task(kind)) throw NotFound(what, "this store has no such task");
  std::lock_guard lock(mutex_);
  if (!leads_) throw Refused(what, "another scheduler works for this store", "ask that one");
  LaneState& lane = of(lane_of(kind));
  for (const Start& start : lane.asked) {
    if (start.kind == kind) return;
  }
  Start start{kind, {}, false, by};
  lane.asked.push_back(std::move(start));
}

void StoreScheduler::pause(const std::string& by, const std::string& reason) {
  std::lock_guard lock(mutex_);
  paused_ = catalog::read_pause(request_context(), storage_, options_.catalog, plan_.store);
  catalog::Pause pause{context_.clock().now(), by, reason};
  if (paused_) pause.since = paused_->since;
  catalog::write_pause(request_context(), storage_, options_.catalog, plan_.store, pause);
  paused_ = pause;
  publish();
  log::info(context_, why_paused());
}

void StoreScheduler::resume(const std::string& by) {
  std::lock_guard lock(mutex_);
  // Another process may have paused it since the last look.
  paused_ = catalog::read_pause(request_context(), storage_, options_.catalog, plan_.store);
  if (!paused_) {
    publish();
    return;
  }
  // What came due until now is told as missed, by whoever leads.
  if (leads_) {
    for (const auto& lane : lanes_) {
      record_missed(lane->due.skip(state_.state, context_.clock().now(), why_paused()));
    }
  }
  catalog::write_pause(request_context(), storage_, options_.catalog, plan_.store, std::nullopt);
  paused_.reset();
  publish();
  log::info(context_, "resumed by " + by);
}

StoreStatus StoreScheduler::status() const {
  std::lock_guard lock(view_mutex_);
  StoreStatus status = status_of(plan_, view_.summary, view_.state, view_.paused,
                                 context_.clock().now(), options_.starting_deadline);
  status.is_standby = !view_.leads;
  status.removals = view_.removals;
  for (std::size_t i = 0; i < running_.size(); ++i) {
    if (!running_[i]) continue;
    Running running = *running_[i];
    const TrackedProgress::Standing standing = lanes_[i]->progress.standing();
    running.phase = standing.phase;
    running.bytes = standing.bytes;
    running.total_bytes = standing.total_bytes;
    running.objects = standing.objects;
    running.total_objects = standing.total_objects;
    status.running.push_back(running);
  }
  return status;
}

std::map<std::string, std::string> StoreScheduler::told() const {
  std::lock_guard lock(view_mutex_);
  return view_.state.told;
}

void StoreScheduler::note_told(const Event& event) {
  std::lock_guard lock(mutex_);
  job::note_told(state_.state.told, event);
  state_is_kept_ = false;
  keep_state();
  publish();
}

}  // namespace holdfast::job
