// Our own answers, in the form in which the programs of the other side give theirs (cron_libraries,
// ElasticsearchRules.java): rules_driver kubernetes|cronexpr|elasticsearch COUNT, or date |
// timevalue | slm.
#include <cstdio>
#include <fmt/format.h>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/zone.h"
#include "retention/date_delta.h"
#include "retention/slm.h"
#include "retention/time_unit.h"
#include "schedule/cron.h"

namespace {

using namespace holdfast;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::sys_seconds;

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

std::string unhex(const std::string& digits) {
  std::string text;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    text += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  }
  return text;
}

const Zone& zone_named(const std::string& name) {
  static std::map<std::string, Zone> zones;
  auto found = zones.find(name);
  if (found == zones.end()) found = zones.emplace(name, Zone::named(name)).first;
  return found->second;
}

std::string fire_times(schedule::Dialect dialect, const std::vector<std::string>& fields,
                       std::size_t count) {
  const auto parsed = schedule::parse(dialect, unhex(fields[2]), schedule::ZonePrefix::kRead);
  const Zone& zone = zone_named(fields[0]);
  WallTime now = sys_seconds(seconds(std::stoll(fields[1])));
  std::vector<std::string> times;
  while (times.size() < count) {
    const auto next = parsed.next(now, zone);
    if (!next) {
      times.emplace_back("end");
      break;
    }
    // Our promise, which no program of the other side is needed for.
    if (*next <= now) return "not later than the question";
    now = *next;
    times.push_back(std::to_string(std::chrono::floor<seconds>(now).time_since_epoch().count()));
  }
  return fmt::format("{}", fmt::join(times, ","));
}

std::string date(const std::vector<std::string>& fields) {
  const auto moment = retention::moment_of_delta(
      unhex(fields[2]), sys_seconds(seconds(std::stoll(fields[1]))), zone_named(fields[0]));
  return std::to_string(moment.time_since_epoch().count());
}

std::string time_value(const std::vector<std::string>& fields) {
  const auto value = retention::parse_time_value(unhex(fields[0]));
  return fmt::format("{} {}", value.duration().count(), value.milliseconds().count());
}

std::string slm(const std::vector<std::string>& fields) {
  auto time = [](const std::string& text) {
    return std::chrono::sys_time<milliseconds>(milliseconds(std::stoll(text)));
  };
  retention::SlmPolicy policy;
  if (fields[0] != "-") policy.expire_after = retention::parse_time_value(fields[0]).milliseconds();
  if (fields[1] != "-") policy.min_count = std::stoi(fields[1]);
  if (fields[2] != "-") policy.max_count = std::stoi(fields[2]);
  std::vector<retention::Snapshot> snapshots;
  if (fields[4] != "-") {
    for (const std::string& one : split(fields[4], ',')) {
      const auto parts = split(one, ':');
      snapshots.push_back({parts[0], retention::snapshot_state_named(parts[1]), time(parts[2])});
    }
  }
  const auto verdicts = retention::apply_slm(policy, snapshots, time(fields[3]));
  std::vector<std::string> names;
  for (std::size_t i = 0; i < snapshots.size(); ++i) {
    if (verdicts[i].remove) names.push_back(snapshots[i].name);
  }
  return fmt::format("{}", fmt::join(names, ","));
}

std::string answer(const std::string& kind, const std::string& line, std::size_t count) {
  const auto fields = split(line, '\t');
  try {
    if (kind == "date") return date(fields);
    if (kind == "timevalue") return time_value(fields);
    if (kind == "slm") return slm(fields);
    return fire_times(schedule::dialect_named(kind), fields, count);
  } catch (const InvalidArgument&) {
    return "invalid";
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const std::size_t count = argc > 2 ? std::stoul(argv[2]) : 0;
  std::ios::sync_with_stdio(false);
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << answer(argv[1], line, count) << '\n';
  }
  std::cout.flush();
  return std::cout ? 0 : 1;
}
