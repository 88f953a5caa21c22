#include "datastore/elasticsearch/drill.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "base/error.h"
#include "base/random.h"
#include "datastore/elasticsearch/cluster.h"
#include "datastore/elasticsearch/names.h"

namespace holdfast::datastore::es {

namespace {

constexpr Duration kForgotten = std::chrono::hours(24);

std::int64_t seconds_of(WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

// "holdfast-drill-1795417104-0badcafe-3": the id is "1795417104-0badcafe".
std::string drill_of(const std::string& index) {
  const std::string rest = index.substr(std::string_view(kDrillPrefix).size());
  return rest.substr(0, rest.rfind('-'));
}

bool is_forgotten(const Context& context, const std::string& drill) {
  std::int64_t begun = 0;
  std::from_chars(drill.data(), drill.data() + drill.size(), begun);
  return std::chrono::seconds(seconds_of(context.clock().now()) - begun) > kForgotten;
}

void measure_one(const Context& context, Server& server, const std::string& index,
                 const std::string& shown, Measurement& out) {
  server.call(context, "POST", "/" + in_path(index) + "/_refresh", nullptr);
  const nlohmann::json page =
      server.get(context, "/" + in_path(index) + "/_search?size=10&track_total_hits=false");
  if (number_in(member(page, "_shards"), "failed") > 0) {
    throw Corrupt("search " + shown, "a shard did not answer");
  }
  const auto there = find_indices(context, server, {index});
  if (there.empty()) throw Failed("measure " + shown, "the index is gone");
  out.counts[shown + " documents"] = there.at(index).documents;
}

}  // namespace

std::string make_drill_id(const Context& context) {
  return fmt::format("{}-{}", seconds_of(context.clock().now()), random_hex(4));
}

Measurement measure_drill(const Context& context, Server& server, const RestoreState& drill) {
  Measurement out;
  for (const RestoredIndex& index : drill.indices) {
    measure_one(context, server, index.made, index.name, out);
  }
  return out;
}

Measurement measure_live(const Context& context, Server& server,
                         const std::vector<std::string>& patterns) {
  Measurement out;
  for (const auto& [name, index] : look_at_cluster(context, server).indices) {
    if (chosen(patterns, name) && index.is_open) measure_one(context, server, name, name, out);
  }
  return out;
}

std::vector<std::string> remove_drills(const Context& context, Server& server,
                                       const std::vector<std::string>& ended) {
  std::vector<std::string> names;
  std::vector<std::string> lines;
  for (const auto& [name, index] : find_indices_of(context, server, kDrillPrefix)) {
    const std::string drill = drill_of(name);
    const bool has_ended = std::find(ended.begin(), ended.end(), drill) != ended.end();
    if (!has_ended && !is_forgotten(context, drill)) continue;
    names.push_back(name);
    if (!has_ended) lines.push_back("removed " + name + ", left by a drill that was killed");
  }
  delete_indices(context, server, names);
  return lines;
}

}  // namespace holdfast::datastore::es
