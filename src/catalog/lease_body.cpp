#include "catalog/lease_body.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "catalog/versioned_json.h"

namespace holdfast::catalog {

namespace {
constexpr std::string_view kFormat = "holdfast-lease";
constexpr std::int64_t kLongest = 3'600'000;  // an hour: no lease of ours lives longer
}  // namespace

std::string to_json(const LeaseBody& body) {
  auto millis = [](Duration time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  };
  nlohmann::json json = {
      {"format", kFormat},
      {"min_reader", 1},
      {"state", body.held ? "held" : "free"},
      {"holder", body.holder},
      {"counter", body.counter},
      {"store", body.store},
      {"purpose", body.purpose},
      {"since", body.since},
      {"time_to_live_ms", millis(body.time_to_live)},
      {"longest_request_ms", millis(body.longest_request)},
      {"process",
       {{"host", body.process.host},
        {"boot_id", body.process.boot_id},
        {"pid_namespace", body.process.pid_namespace},
        {"pid", body.process.pid},
        {"start", body.process.start}}},
  };
  return json.dump(2) + "\n";
}

LeaseBody parse_lease_body(std::string_view text) {
  nlohmann::json json = parse_versioned(text, kFormat, 1);
  try {
    LeaseBody body;
    body.held = json.at("state") == "held";
    body.holder = json.at("holder");
    body.counter = json.at("counter");
    body.store = json.at("store");
    body.purpose = json.at("purpose");
    body.since = json.at("since");
    std::int64_t live = json.at("time_to_live_ms"), longest = json.at("longest_request_ms");
    if (live < 0 || live > kLongest || longest < 0 || longest > kLongest) {
      throw Corrupt("lease", "its times are out of bounds");
    }
    body.time_to_live = std::chrono::milliseconds(live);
    body.longest_request = std::chrono::milliseconds(longest);
    const nlohmann::json& process = json.at("process");
    body.process.host = process.at("host");
    body.process.boot_id = process.at("boot_id");
    body.process.pid_namespace = process.at("pid_namespace");
    body.process.pid = process.at("pid");
    body.process.start = process.at("start");
    return body;
  } catch (const nlohmann::json::exception& error) {
    throw Corrupt("lease", error.what());
  }
}

}  // namespace holdfast::catalog
