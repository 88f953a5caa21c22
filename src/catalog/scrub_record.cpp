#include "catalog/scrub_record.h"

#include <nlohmann/json.hpp>

#include "catalog/versioned_json.h"

namespace holdfast::catalog {

namespace {

constexpr std::string_view kFormat = "holdfast-scrub";
constexpr std::uint64_t kMaxRecord = 4 << 20;

storage::ObjectRef ref_of(const CatalogOptions& catalog) {
  return {catalog.bucket, catalog.prefix + "scrub.json"};
}

nlohmann::json json_of(const ScrubPass& pass) {
  return {{"started", format_iso_millis(pass.started)},
          {"ended", format_iso_millis(pass.ended)},
          {"objects", pass.objects},
          {"bytes", pass.bytes},
          {"objects_without_checksum", pass.objects_without_checksum},
          {"problem_count", pass.problem_count},
          {"problems", pass.problems}};
}

std::optional<ScrubPass> pass_of(const nlohmann::json& json) {
  if (json.is_null()) return std::nullopt;
  ScrubPass pass;
  pass.started = parse_rfc3339(json.at("started").get<std::string>());
  pass.ended = parse_rfc3339(json.at("ended").get<std::string>());
  pass.objects = json.at("objects");
  pass.bytes = json.at("bytes");
  pass.objects_without_checksum = json.at("objects_without_checksum");
  pass.problem_count = json.at("problem_count");
  pass.problems = json.at("problems").get<std::vector<std::string>>();
  return pass;
}

}  // namespace

std::string to_json(const ScrubRecord& record) {
  nlohmann::json json = {{"format", kFormat},
                         {"min_reader", 1},
                         {"last", record.last ? json_of(*record.last) : nlohmann::json()},
                         {"current", record.current ? json_of(*record.current) : nlohmann::json()},
                         {"bucket", record.bucket},
                         {"after", record.after}};
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

ScrubRecord parse_scrub_record(std::string_view text) {
  nlohmann::json json = parse_versioned(text, kFormat, 1);
  try {
    ScrubRecord record;
    record.last = pass_of(json.at("last"));
    record.current = pass_of(json.at("current"));
    record.bucket = json.at("bucket");
    record.after = json.at("after");
    return record;
  } catch (const nlohmann::json::exception& error) {
    throw Corrupt("scrub record", error.what());
  } catch (const InvalidArgument& error) {
    throw Corrupt("scrub record", error.to_string());
  }
}

ScrubRecord read_scrub_record(const Context& context, storage::Storage& storage,
                              const CatalogOptions& catalog) {
  try {
    return parse_scrub_record(get_bytes(storage, context, ref_of(catalog), kMaxRecord));
  } catch (const NotFound&) {
  } catch (const Corrupt&) {
  } catch (const InvalidArgument&) {
  }
  return {};
}

void write_scrub_record(const Context& context, storage::Storage& storage,
                        const CatalogOptions& catalog, const ScrubRecord& record) {
  storage::PutRequest request;
  request.attributes.headers["content-type"] = "application/json";
  put_bytes(storage, context, ref_of(catalog), to_json(record), request);
}

}  // namespace holdfast::catalog
