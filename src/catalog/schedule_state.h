// What a scheduler remembers over restarts of one store, and whether it is paused: two small
// objects beside the store's run records. Format: docs/formats/catalog.md.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "catalog/lease.h"

namespace holdfast::catalog {

struct TaskState {
  std::string schedule, zone;  // that `handled` was answered by
  WallTime since;              // when this schedule was first followed
  WallTime handled;            // every due moment up to this one is done with, or recorded
  // Of moments up to `handled`: the one whose run waits to begin, and the one whose run has begun
  // and has not ended.
  std::optional<WallTime> waiting;
  bool is_catch_up = false;  // of the waiting one: it could not begin when it was due
  std::optional<WallTime> begun;
};

struct ScheduleState {
  std::map<std::string, TaskState> tasks;  // by the task's name
  // What was told to people, so that it is told once: by task, the state told and since when.
  std::map<std::string, std::string> told;
};

struct StoredState {
  ScheduleState state;
  std::string revision;  // empty: there is none yet
};

std::string to_json(const ScheduleState& state);
// Corrupt when it is none; Unsupported when it wants a newer reader.
ScheduleState parse_schedule_state(std::string_view json);
// A damaged one counts as none, but for its revision.
StoredState read_schedule_state(const Context& context, storage::Storage& storage,
                                const CatalogOptions& catalog, const std::string& store);
// Replaces exactly what was read. PreconditionFailed: another scheduler has written meanwhile. A
// write of which nobody knows whether it was done is settled by reading.
void write_schedule_state(const Context& context, storage::Storage& storage,
                          const CatalogOptions& catalog, const std::string& store,
                          StoredState& stored);

// Nothing is started by a schedule while there is one. The object is never deleted, since whoever
// backs up may not delete.
struct Pause {
  WallTime since;
  std::string by;      // user@host
  std::string reason;  // as given; may be empty
};

// A damaged one counts as none. Unsupported when it wants a newer reader.
std::optional<Pause> read_pause(const Context& context, storage::Storage& storage,
                                const CatalogOptions& catalog, const std::string& store);
// Without a pause: it goes on.
void write_pause(const Context& context, storage::Storage& storage, const CatalogOptions& catalog,
                 const std::string& store, const std::optional<Pause>& pause);

}  // namespace holdfast::catalog
