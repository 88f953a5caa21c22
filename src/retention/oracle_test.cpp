#include "support/oracle.h"

#include <charconv>
#include <gtest/gtest.h>
#include <set>

#include "base/clock.h"
#include "base/error.h"
#include "retention/date_delta.h"
#include "retention/slm.h"
#include "retention/time_unit.h"

namespace holdfast::retention {
namespace {

using std::chrono::milliseconds;
using support::oracle_rows;
using support::split_at;

std::int64_t number(const std::string& text) {
  std::int64_t value = 0;
  auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  EXPECT_EQ(result.ptr, text.data() + text.size()) << text;
  return value;
}

TEST(RetentionOracle, gnu_date) {
  for (const auto& row : oracle_rows("gnu-date.tsv", 5)) {
    SCOPED_TRACE(row[1] + " " + row[2] + " '" + row[3] + "'");
    Zone zone = Zone::named(row[1]);
    auto now = std::chrono::floor<std::chrono::seconds>(parse_rfc3339(row[2]));
    if (row[0] == "invalid") {
      EXPECT_THROW(moment_of_delta(row[3], now, zone), InvalidArgument);
      continue;
    }
    try {
      EXPECT_EQ(format_rfc3339(moment_of_delta(row[3], now, zone), zone, true), row[4]);
    } catch (const InvalidArgument& error) {
      ADD_FAILURE() << error.to_string();
    }
  }
}

TEST(RetentionOracle, elasticsearch_time_values) {
  for (const auto& row : oracle_rows("es-timevalue.tsv", 4)) {
    SCOPED_TRACE("'" + row[1] + "'");
    if (row[0] == "invalid") {
      EXPECT_THROW(parse_time_value(row[1]), InvalidArgument);
      continue;
    }
    try {
      TimeValue value = parse_time_value(row[1]);
      EXPECT_EQ(value.duration().count(), number(row[2]));
      EXPECT_EQ(value.to_string(), row[3]);
    } catch (const InvalidArgument& error) {
      ADD_FAILURE() << error.to_string();
    }
  }
}

TEST(RetentionOracle, snapshot_policies) {
  for (const auto& row : oracle_rows("slm-retention.tsv", 6)) {
    SCOPED_TRACE(row[0] + " " + row[1] + " " + row[2] + " " + row[4]);
    SlmPolicy policy;
    if (row[0] != "-") policy.expire_after = parse_time_value(row[0]).milliseconds();
    if (row[1] != "-") policy.min_count = static_cast<int>(number(row[1]));
    if (row[2] != "-") policy.max_count = static_cast<int>(number(row[2]));
    std::vector<Snapshot> snapshots;
    for (const std::string& item : split_at(row[4] == "-" ? "" : row[4], ',')) {
      auto parts = split_at(item, ':');
      if (parts.size() != 3) continue;
      snapshots.push_back({parts[0], snapshot_state_named(parts[1]),
                           std::chrono::sys_time<milliseconds>(milliseconds(number(parts[2])))});
    }
    auto verdicts = apply_slm(policy, snapshots,
                              std::chrono::sys_time<milliseconds>(milliseconds(number(row[3]))));
    std::set<std::string> removed, expected;
    for (std::size_t i = 0; i < snapshots.size(); ++i) {
      if (verdicts[i].remove) removed.insert(snapshots[i].name);
      EXPECT_FALSE(verdicts[i].reason.empty());
    }
    if (row[5] != "-") {
      for (const std::string& name : split_at(row[5], ',')) expected.insert(name);
    }
    EXPECT_EQ(removed, expected);
  }
}

}  // namespace
}  // namespace holdfast::retention
