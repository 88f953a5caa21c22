#include "catalog/run_record.h"

#include <algorithm>

#include "base/random.h"
#include "catalog/run_record_json.h"
#include "catalog/versioned_json.h"

namespace holdfast::catalog {

namespace {

constexpr std::string_view kFormat = "holdfast-run";
constexpr std::uint64_t kMaxRecord = 256 * 1024;

std::string folder_of(const CatalogOptions& catalog, const std::string& store) {
  return catalog.prefix + "runs/" + store + "/";
}

std::optional<WallTime> time_of(const nlohmann::json& json, const char* member) {
  auto found = json.find(member);
  if (found == json.end()) return std::nullopt;
  return time_in(*found);
}

}  // namespace

std::string new_run_id() { return random_hex(6); }

nlohmann::json json_of(const RunRecord& record) {
  nlohmann::json json = {
      {"format", kFormat},
      {"min_reader", 1},
      {"id", record.id},
      {"store", record.store},
      {"kind", record.kind},
      {"task", record.task},
      {"trigger", record.trigger},
      {"name", record.name},
      {"started", format_iso_millis(record.started)},
      {"ended", format_iso_millis(record.ended)},
      {"outcome", record.outcome},
      {"error", record.error},
      {"bytes_sent", record.bytes_sent},
      {"objects_sent", record.objects_sent},
      {"bytes_reused", record.bytes_reused},
      {"objects_reused", record.objects_reused},
      {"changed", record.changed},
      {"warnings", record.warnings},
      {"counts", record.counts},
      {"hashes", record.hashes},
      {"holdfast", HOLDFAST_VERSION},
  };
  if (!record.by.empty()) json["by"] = record.by;
  if (record.due) json["due"] = format_iso_millis(*record.due);
  if (record.missed > 0) json["missed"] = record.missed;
  if (record.first_missed) json["first_missed"] = format_iso_millis(*record.first_missed);
  return json;
}

std::string to_json(const RunRecord& record) {
  return json_of(record).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

RunRecord parse_record(std::string_view text) {
  return record_of(parse_versioned(text, kFormat, 1));
}

RunRecord record_of(const nlohmann::json& json) {
  try {
    RunRecord record;
    record.id = json.at("id");
    record.store = json.at("store");
    record.kind = json.at("kind");
    record.name = json.at("name");
    record.started = time_in(json.at("started"));
    record.ended = time_in(json.at("ended"));
    record.outcome = json.at("outcome");
    record.error = json.at("error");
    record.bytes_sent = json.at("bytes_sent");
    record.objects_sent = json.at("objects_sent");
    record.bytes_reused = json.at("bytes_reused");
    record.objects_reused = json.at("objects_reused");
    record.changed = json.at("changed");
    record.warnings = json.at("warnings").get<std::vector<std::string>>();
    record.counts = json.at("counts").get<std::map<std::string, std::uint64_t>>();
    // Older records lack these.
    record.task = json.value("task", record.kind);
    record.trigger = json.value("trigger", record.trigger);
    record.by = json.value("by", record.by);
    record.due = time_of(json, "due");
    record.missed = json.value("missed", record.missed);
    record.first_missed = time_of(json, "first_missed");
    record.hashes = json.value("hashes", record.hashes);
    return record;
  } catch (const nlohmann::json::exception& error) {
    throw Corrupt("run record", error.what());
  } catch (const InvalidArgument& error) {
    throw Corrupt("run record", error.to_string());
  }
}

void write_record(const Context& context, storage::Storage& storage, const CatalogOptions& catalog,
                  const RunRecord& record) {
  storage::PutRequest request;
  request.attributes.headers["content-type"] = "application/json";
  std::string name = format_basic_iso(record.started) + "-" + record.id + ".json";
  put_bytes(storage, context, {catalog.bucket, folder_of(catalog, record.store) + name},
            to_json(record), request);
}

std::vector<RunRecord> read_records(const Context& context, storage::Storage& storage,
                                    const CatalogOptions& catalog, const std::string& store,
                                    std::size_t limit) {
  std::vector<std::string> keys;
  list_all(storage, context, catalog.bucket, folder_of(catalog, store),
           [&](const storage::ObjectInfo& object) { keys.push_back(object.key); });
  std::vector<RunRecord> records;
  // Names begin with the start time, so the last ones are the newest.
  for (auto key = keys.rbegin(); key != keys.rend() && records.size() < limit; ++key) {
    try {
      records.push_back(
          parse_record(get_bytes(storage, context, {catalog.bucket, *key}, kMaxRecord)));
    } catch (const Corrupt&) {
    } catch (const Unsupported&) {
    } catch (const NotFound&) {  // pruned meanwhile
    } catch (const InvalidArgument&) {
    }
  }
  return records;
}

}  // namespace holdfast::catalog
