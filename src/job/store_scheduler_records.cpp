// What a scheduler writes down: its state, and records of runs that no engine left.
#include <algorithm>
#include <fmt/format.h>

#include "base/log.h"
#include "codec/digest.h"
#include "codec/text.h"
#include "job/store_scheduler.h"

namespace holdfast::job {

namespace {

constexpr std::size_t kMostUnwritten = 1000;
constexpr std::size_t kRecordsToSearch = 100;
constexpr std::string_view kInterrupted = catalog::RunRecord::kInterrupted;

// The same event always has the same one, so that it is never recorded twice.
std::string id_of(std::string_view what, std::string_view task, WallTime due) {
  const std::string text = fmt::format("{} {} {}", what, task, format_iso_millis(due));
  return codec::to_hex(codec::digest_of(codec::DigestAlgorithm::kSha256, text)).substr(0, 12);
}

std::string record_kind(TaskKind kind) {
  if (kind == TaskKind::kFull || kind == TaskKind::kIncremental) return "backup";
  return std::string(name_of(kind));
}

}  // namespace

void StoreScheduler::finish_begun() {
  const bool any = std::any_of(state_.state.tasks.begin(), state_.state.tasks.end(),
                               [](const auto& one) { return one.second.begun.has_value(); });
  if (!any) return;
  const std::vector<catalog::RunRecord> records = catalog::read_records(
      request_context(), storage_, options_.catalog, plan_.store, kRecordsToSearch);
  for (auto& [name, task_state] : state_.state.tasks) {
    if (task_state.begun) finish_begun(name, task_state, records);
  }
}

void StoreScheduler::finish_begun(const std::string& name, catalog::TaskState& task_state,
                                  const std::vector<catalog::RunRecord>& records) {
  const TaskKind kind = *task_named(name);
  LaneState& lane = of(lane_of(kind));
  if (lane.at_work == kind) return;  // by this very process
  const DueRun again{kind, *task_state.begun, true};
  task_state.begun.reset();
  auto found = std::find_if(records.begin(), records.end(), [&](const catalog::RunRecord& record) {
    return record.task == name && record.due == again.due && record.outcome != kInterrupted;
  });
  if (found == records.end()) {
    catalog::RunRecord record;
    record.id = id_of(kInterrupted, name, again.due);
    record.store = plan_.store;
    record.kind = record_kind(kind);
    record.task = name;
    record.trigger = "schedule";
    record.due = record.started = record.ended = again.due;
    record.outcome = kInterrupted;
    record.error = "the run of " + format_rfc3339(again.due) +
                   ": its process ended before it did; nothing half made is shown, and the next "
                   "run clears up";
    log::warning(context_, record.error);
    summary_.note(record);
    keep_record(std::move(record));
  } else if (found->outcome != holdfast::name_of(ErrorKind::kCancelled)) {
    return;
  }
  // A later one that waits stands for it.
  if (task_state.waiting || lane.due.is_too_old(again.due, context_.clock().now())) return;
  DueList::put_back(state_.state, again);
}

void StoreScheduler::keep_state() {
  if (state_is_kept_ || !leads_) return;
  try {
    catalog::write_schedule_state(request_context(), storage_, options_.catalog, plan_.store,
                                  state_);
    state_is_kept_ = true;
  } catch (const PreconditionFailed&) {
    log::warning(context_, "another scheduler works for this store; this one stands by");
    leads_ = false;
  } catch (const Error& error) {
    log::warning(context_, "the schedule's state is not written yet: " + error.to_string());
  }
}

void StoreScheduler::record_missed(const std::vector<MissedRuns>& missed) {
  for (const MissedRuns& one : missed) {
    catalog::RunRecord record;
    const std::string name(name_of(one.kind));
    record.id = id_of("missed", name, one.last);
    record.store = plan_.store;
    record.kind = record_kind(one.kind);
    record.task = name;
    record.trigger = "schedule";
    record.due = record.started = record.ended = one.last;
    record.outcome = catalog::RunRecord::kMissed;
    record.missed = one.count;
    record.first_missed = one.first;
    record.error =
        one.count == 1
            ? fmt::format("{} due {} did not run: {}", name, format_rfc3339(one.last), one.why)
            : fmt::format("{} runs of {} due from {} to {} did not happen: {}", one.count, name,
                          format_rfc3339(one.first), format_rfc3339(one.last), one.why);
    log::warning(context_, record.error);
    summary_.note(record);
    keep_record(std::move(record));
    state_is_kept_ = false;
  }
  write_kept_records();
}

void StoreScheduler::keep_record(catalog::RunRecord record) {
  if (unwritten_.size() >= kMostUnwritten) {
    log::error(context_, "the record of a run is lost: the storage has been away for too long");
    unwritten_.erase(unwritten_.begin());
  }
  unwritten_.push_back(std::move(record));
}

void StoreScheduler::write_kept_records() {
  try {
    while (!unwritten_.empty()) {
      catalog::write_record(request_context(), storage_, options_.catalog, unwritten_.front());
      catalog::add_to_summary(request_context(), storage_, options_.catalog, unwritten_.front());
      unwritten_.erase(unwritten_.begin());
    }
  } catch (const Error& error) {
    log::warning(context_, fmt::format("{} records of runs are not written yet: {}",
                                       unwritten_.size(), error.to_string()));
  }
}

}  // namespace holdfast::job
