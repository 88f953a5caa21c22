#include "catalog/run_summary.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "catalog/run_record_json.h"
#include "catalog/versioned_json.h"

namespace holdfast::catalog {

namespace {

constexpr std::string_view kFormat = "holdfast-run-summary";
constexpr std::uint64_t kMaxSummary = 4 << 20;
// Of a lost summary: a week of hourly runs, so that the last drill is among them.
constexpr std::size_t kRecordsToRead = 400;
constexpr int kTries = 10;

storage::ObjectRef ref_of(const CatalogOptions& catalog, const std::string& store) {
  return {catalog.bucket, catalog.prefix + "runs/" + store + ".summary.json"};
}

void keep_newer(std::optional<RunRecord>& kept, const RunRecord& record, bool is_latest) {
  if (!kept || is_latest || kept->started <= record.started) kept = record;
}

void put_into(nlohmann::json& json, const char* name, const std::optional<RunRecord>& record) {
  if (record) json[name] = json_of(*record);
}

std::optional<RunRecord> take_from(const nlohmann::json& json, const char* name) {
  auto found = json.find(name);
  if (found == json.end()) return std::nullopt;
  return record_of(*found);
}

struct Stored {
  RunSummary summary;
  std::string revision;  // empty: there is none
};

Stored read_stored(const Context& context, storage::Storage& storage, const CatalogOptions& catalog,
                   const std::string& store) {
  Stored stored;
  storage::ObjectInfo info;
  try {
    const std::string text =
        get_bytes(storage, context, ref_of(catalog, store), kMaxSummary, {}, &info);
    stored.revision = info.revision;
    stored.summary = parse_summary(text);
    return stored;
  } catch (const NotFound& error) {
    if (error.code() == storage::kNoSuchBucket) throw;
  } catch (const Corrupt& error) {
    stored.revision = info.revision;
    log::warning(context, "summary of runs: " + error.reason() + "; it is made again");
  } catch (const InvalidArgument& error) {  // far too large
    stored.revision = storage.head(context, ref_of(catalog, store), {}).revision;
    log::warning(context, "summary of runs: " + error.reason() + "; it is made again");
  }
  for (const RunRecord& record : read_records(context, storage, catalog, store, kRecordsToRead)) {
    stored.summary.note(record);
  }
  return stored;
}

}  // namespace

void RunSummary::note(const RunRecord& record, bool has_just_ended) {
  TaskRuns& runs = tasks[record.task.empty() ? record.kind : record.task];
  if (record.is_missed()) {
    keep_newer(runs.last_missed, record, false);
    return;
  }
  keep_newer(runs.last, record, has_just_ended);
  if (record.is_success()) keep_newer(runs.last_success, record, has_just_ended);
}

std::string to_json(const RunSummary& summary) {
  nlohmann::json tasks = nlohmann::json::object();
  for (const auto& [name, runs] : summary.tasks) {
    nlohmann::json& one = tasks[name] = nlohmann::json::object();
    put_into(one, "last", runs.last);
    put_into(one, "last_success", runs.last_success);
    put_into(one, "last_missed", runs.last_missed);
  }
  const nlohmann::json json = {{"format", kFormat}, {"min_reader", 1}, {"tasks", tasks}};
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

RunSummary parse_summary(std::string_view text) {
  const nlohmann::json json = parse_versioned(text, kFormat, 1);
  try {
    RunSummary summary;
    for (const auto& [name, one] : json.at("tasks").items()) {
      summary.tasks[name] = {take_from(one, "last"), take_from(one, "last_success"),
                             take_from(one, "last_missed")};
    }
    return summary;
  } catch (const nlohmann::json::exception& error) {
    throw Corrupt("summary of runs", error.what());
  }
}

RunSummary read_summary(const Context& context, storage::Storage& storage,
                        const CatalogOptions& catalog, const std::string& store) {
  return read_stored(context, storage, catalog, store).summary;
}

void add_to_summary(const Context& context, storage::Storage& storage,
                    const CatalogOptions& catalog, const RunRecord& record) {
  for (int tries = 1;; ++tries) {
    Stored stored = read_stored(context, storage, catalog, record.store);
    // What is written late or stands for an older moment is no run that has just ended.
    stored.summary.note(record, record.outcome != RunRecord::kInterrupted);
    storage::PutRequest request;
    request.attributes.headers["content-type"] = "application/json";
    if (stored.revision.empty()) {
      request.condition.must_not_exist = true;
    } else {
      request.condition.revision_is = stored.revision;
    }
    try {
      put_bytes(storage, context, ref_of(catalog, record.store), to_json(stored.summary), request);
      return;
    } catch (const PreconditionFailed&) {
      if (tries == kTries) throw;
    }
  }
}

}  // namespace holdfast::catalog
