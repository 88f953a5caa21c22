#include "catalog/schedule_state.h"

#include <nlohmann/json.hpp>

#include "base/log.h"
#include "catalog/versioned_json.h"

namespace holdfast::catalog {

namespace {

constexpr std::string_view kStateFormat = "holdfast-schedule";
constexpr std::string_view kPauseFormat = "holdfast-pause";
constexpr std::uint64_t kMaxState = 1 << 20;

storage::ObjectRef ref_of(const CatalogOptions& catalog, const std::string& store,
                          const char* what) {
  return {catalog.bucket, catalog.prefix + "runs/" + store + what};
}

storage::ObjectRef state_of(const CatalogOptions& catalog, const std::string& store) {
  return ref_of(catalog, store, ".schedule.json");
}

storage::ObjectRef pause_of(const CatalogOptions& catalog, const std::string& store) {
  return ref_of(catalog, store, ".paused.json");
}

storage::PutRequest json_request() {
  storage::PutRequest request;
  request.attributes.headers["content-type"] = "application/json";
  return request;
}

std::string dump(const nlohmann::json& json) {
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

// Runs `read`, whose errors all mean that the object is damaged.
template <typename Read>
auto reading(const char* what, Read read) {
  try {
    return read();
  } catch (const nlohmann::json::exception& error) {
    throw Corrupt(what, error.what());
  } catch (const InvalidArgument& error) {
    throw Corrupt(what, error.to_string());
  }
}

}  // namespace

std::string to_json(const ScheduleState& state) {
  nlohmann::json tasks = nlohmann::json::object();
  for (const auto& [name, task] : state.tasks) {
    tasks[name] = {{"schedule", task.schedule},
                   {"zone", task.zone},
                   {"since", format_iso_millis(task.since)},
                   {"handled", format_iso_millis(task.handled)}};
    if (task.waiting) {
      tasks[name]["waiting"] = format_iso_millis(*task.waiting);
      tasks[name]["catch_up"] = task.is_catch_up;
    }
    if (task.begun) tasks[name]["begun"] = format_iso_millis(*task.begun);
  }
  return dump(
      {{"format", kStateFormat}, {"min_reader", 1}, {"tasks", tasks}, {"told", state.told}});
}

ScheduleState parse_schedule_state(std::string_view text) {
  const nlohmann::json json = parse_versioned(text, kStateFormat, 1);
  return reading("schedule state", [&] {
    ScheduleState state;
    for (const auto& [name, one] : json.at("tasks").items()) {
      TaskState& task = state.tasks[name];
      task.schedule = one.at("schedule");
      task.zone = one.at("zone");
      task.since = time_in(one.at("since"));
      task.handled = time_in(one.at("handled"));
      if (one.contains("waiting")) {
        task.waiting = time_in(one.at("waiting"));
        task.is_catch_up = one.at("catch_up");
      }
      if (one.contains("begun")) task.begun = time_in(one.at("begun"));
    }
    state.told = json.at("told").get<std::map<std::string, std::string>>();
    return state;
  });
}

StoredState read_schedule_state(const Context& context, storage::Storage& storage,
                                const CatalogOptions& catalog, const std::string& store) {
  StoredState stored;
  storage::ObjectInfo info;
  try {
    const std::string text =
        get_bytes(storage, context, state_of(catalog, store), kMaxState, {}, &info);
    stored.revision = info.revision;
    stored.state = parse_schedule_state(text);
  } catch (const NotFound& error) {
    if (error.code() == storage::kNoSuchBucket) throw;
  } catch (const Corrupt& error) {
    stored.revision = info.revision;
    log::warning(context, "schedule state: " + error.reason() + "; it is made again");
  } catch (const InvalidArgument& error) {  // far too large
    stored.revision = storage.head(context, state_of(catalog, store), {}).revision;
    log::warning(context, "schedule state: " + error.reason() + "; it is made again");
  }
  return stored;
}

void write_schedule_state(const Context& context, storage::Storage& storage,
                          const CatalogOptions& catalog, const std::string& store,
                          StoredState& stored) {
  storage::PutRequest request = json_request();
  if (stored.revision.empty()) {
    request.condition.must_not_exist = true;
  } else {
    request.condition.revision_is = stored.revision;
  }
  const std::string text = to_json(stored.state);
  try {
    stored.revision = put_bytes(storage, context, state_of(catalog, store), text, request).revision;
  } catch (const Unavailable&) {
    // It may have been written all the same: what is there tells.
    storage::ObjectInfo info;
    if (get_bytes(storage, context, state_of(catalog, store), kMaxState, {}, &info) != text) throw;
    stored.revision = info.revision;
  }
}

std::optional<Pause> read_pause(const Context& context, storage::Storage& storage,
                                const CatalogOptions& catalog, const std::string& store) {
  try {
    const std::string text = get_bytes(storage, context, pause_of(catalog, store), kMaxState);
    const nlohmann::json json = parse_versioned(text, kPauseFormat, 1);
    return reading("pause", [&]() -> std::optional<Pause> {
      if (!json.at("paused").get<bool>()) return std::nullopt;
      return Pause{time_in(json.at("since")), json.at("by"), json.at("reason")};
    });
  } catch (const NotFound& error) {
    if (error.code() == storage::kNoSuchBucket) throw;
    return std::nullopt;
  } catch (const Corrupt& error) {
    // Backups matter more, and whoever pauses or resumes again mends it.
    log::warning(context, "pause of " + store + ": " + error.reason() + "; it counts as none");
    return std::nullopt;
  } catch (const InvalidArgument& error) {  // far too large
    log::warning(context, "pause of " + store + ": " + error.reason() + "; it counts as none");
    return std::nullopt;
  }
}

void write_pause(const Context& context, storage::Storage& storage, const CatalogOptions& catalog,
                 const std::string& store, const std::optional<Pause>& pause) {
  nlohmann::json json = {
      {"format", kPauseFormat}, {"min_reader", 1}, {"paused", pause.has_value()}};
  if (pause) {
    json["since"] = format_iso_millis(pause->since);
    json["by"] = pause->by;
    json["reason"] = pause->reason;
  }
  put_bytes(storage, context, pause_of(catalog, store), dump(json), json_request());
}

}  // namespace holdfast::catalog
