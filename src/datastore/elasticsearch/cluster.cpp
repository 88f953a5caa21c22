#include "datastore/elasticsearch/cluster.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "base/error.h"
#include "datastore/elasticsearch/names.h"

namespace holdfast::datastore::es {

namespace {

using Json = nlohmann::json;

constexpr const char* kIndexRows =
    "?format=json&bytes=b&expand_wildcards=all&h=index,uuid,health,status,pri,rep,docs.count,"
    "store.size";
constexpr const char* kShardLimit = "cluster.max_shards_per_node";
constexpr const char* kLowWatermark = "cluster.routing.allocation.disk.watermark.low";
constexpr const char* kThreshold = "cluster.routing.allocation.disk.threshold_enabled";
constexpr Duration kLongestDelete = std::chrono::minutes(2);

std::uint64_t number_or(const Json& row, const char* name) {
  return text_or_empty(row, name).empty() ? 0 : number_in(row, name);
}

void require_index_name(const std::string& name) {
  if (is_index_name(name)) return;
  throw Corrupt("look for an index", fmt::format("{} is no name that one could have", name));
}

LiveIndex live_index(const Json& row) {
  LiveIndex index;
  index.name = text_in(row, "index");
  index.uuid = text_or_empty(row, "uuid");
  index.is_open = text_or_empty(row, "status") != "close";
  index.primaries = number_or(row, "pri");
  index.replicas = number_or(row, "rep");
  index.documents = number_or(row, "docs.count");
  index.bytes = number_or(row, "store.size");
  return index;
}

void read_aliases(const Context& context, Server& server, Cluster& out) {
  const Json all = server.get(context, "/_all/_alias?expand_wildcards=all");
  for (const auto& [index, entry] : all.items()) {
    for (const auto& [name, details] : member(entry, "aliases").items()) {
      Cluster::Alias& alias = out.aliases[name];
      alias.indices.insert(index);
      if (flag_or_false(details, "is_write_index")) alias.write_index = index;
    }
  }
}

void read_data_streams(const Context& context, Server& server, Cluster& out) {
  try {
    const Json answer = server.get(context, "/_data_stream");
    for (const Json& stream : member(answer, "data_streams")) {
      out.data_streams.insert(text_in(stream, "name"));
    }
  } catch (const Unavailable&) {
    throw;
  } catch (const AccessDenied&) {
    throw;
  } catch (const Error&) {
    // A cluster without them takes the path for the name of an index.
  }
}

void read_room(const Context& context, Server& server, Cluster& out) {
  const Json settings =
      server.get(context, "/_cluster/settings?include_defaults=true&flat_settings=true");
  std::string limit;
  std::string watermark = "85%";
  bool watches_disk = true;
  for (const char* level : {"defaults", "persistent", "transient"}) {
    const Json& part = member_or_null(settings, level);
    if (part.contains(kShardLimit)) limit = text_or_empty(part, kShardLimit);
    if (part.contains(kLowWatermark)) watermark = text_or_empty(part, kLowWatermark);
    if (part.contains(kThreshold)) watches_disk = text_or_empty(part, kThreshold) != "false";
  }
  const Json stats = server.get(context, "/_nodes/data:true/stats/fs?filter_path=nodes.*.fs.total");
  std::uint64_t nodes = 0;
  const Json& all = member_or_null(stats, "nodes");
  for (const auto& [id, node] : all.items()) {
    const Json& total = member(member(node, "fs"), "total");
    const std::uint64_t free = number_in(total, "available_in_bytes");
    const std::uint64_t leave =
        watches_disk ? bytes_to_leave(watermark, number_in(total, "total_in_bytes")) : 0;
    out.bytes_free += free - std::min(free, leave);
    out.knows_disk = watches_disk;
    ++nodes;
  }
  std::uint64_t each = 0;
  std::from_chars(limit.data(), limit.data() + limit.size(), each);
  out.most_shards = each * nodes;
}

}  // namespace

std::uint64_t bytes_to_leave(const std::string& watermark, std::uint64_t total) {
  double number = 0;
  const char* end = watermark.data() + watermark.size();
  auto [at, error] = std::from_chars(watermark.data(), end, number);
  if (error != std::errc() || number < 0) return 0;
  std::string unit(at, end);
  std::transform(unit.begin(), unit.end(), unit.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  if (unit == "%" || unit.empty()) {
    const double used = unit == "%" ? number / 100 : number;
    return used >= 1 ? 0 : std::uint64_t((1 - used) * double(total));
  }
  const std::map<std::string, double> sizes = {{"b", 1},       {"kb", 0x1p10}, {"mb", 0x1p20},
                                               {"gb", 0x1p30}, {"tb", 0x1p40}, {"pb", 0x1p50}};
  auto size = sizes.find(unit);
  if (size == sizes.end()) return 0;
  return std::uint64_t(std::min(number * size->second, 0x1p62));
}

Cluster look_at_cluster(const Context& context, Server& server) {
  Cluster out;
  for (const Json& row : server.get(context, std::string("/_cat/indices") + kIndexRows)) {
    LiveIndex index = live_index(row);
    if (index.is_open) out.shards += index.primaries * (1 + index.replicas);
    out.indices.emplace(index.name, std::move(index));
  }
  read_aliases(context, server, out);
  read_data_streams(context, server, out);
  read_room(context, server, out);
  return out;
}

std::map<std::string, LiveIndex> find_indices(const Context& context, Server& server,
                                              const std::vector<std::string>& names) {
  std::map<std::string, LiveIndex> out;
  for (const std::string& name : names) require_index_name(name);
  // A name that is not there makes the whole request fail; a pattern that fits nothing does not.
  for (const std::string& path : in_paths(names)) {
    try {
      for (const Json& row : server.get(context, "/_cat/indices/" + path + kIndexRows)) {
        LiveIndex index = live_index(row);
        // An alias of that name shows its indices.
        if (std::find(names.begin(), names.end(), index.name) == names.end()) continue;
        out.emplace(index.name, std::move(index));
      }
    } catch (const NotFound&) {
      if (names.size() == 1) return out;
      for (const std::string& name : names) out.merge(find_indices(context, server, {name}));
      return out;
    }
  }
  return out;
}

std::map<std::string, LiveIndex> find_indices_of(const Context& context, Server& server,
                                                 const std::string& prefix) {
  std::map<std::string, LiveIndex> out;
  for (const Json& row :
       server.get(context, "/_cat/indices/" + in_path(prefix) + "*" + kIndexRows)) {
    LiveIndex index = live_index(row);
    if (index.name.starts_with(prefix)) out.emplace(index.name, std::move(index));
  }
  return out;
}

std::map<std::string, std::string> settings_of(const Context& context, Server& server,
                                               const std::string& index) {
  const Json answer = server.get(context, "/" + in_path(index) + "/_settings?flat_settings=true");
  std::map<std::string, std::string> out;
  for (const auto& [name, value] : member(member(answer, index.c_str()), "settings").items()) {
    if (value.is_string()) out[name] = value.get<std::string>();
    if (value.is_array()) out[name] = value.dump();
  }
  return out;
}

namespace {

Json shard_rows(const Context& context, Server& server, const std::string& index) {
  return server.get(context, "/_cat/shards/" + in_path(index) +
                                 "?format=json&h=index,shard,prirep,state,unassigned.reason,"
                                 "unassigned.details");
}

}  // namespace

bool primaries_are_up(const Context& context, Server& server, const std::string& index) {
  bool any = false;
  for (const Json& row : shard_rows(context, server, index)) {
    if (text_or_empty(row, "prirep") != "p") continue;
    const std::string state = text_or_empty(row, "state");
    if (state != "STARTED" && state != "RELOCATING") return false;
    any = true;
  }
  return any;
}

std::vector<std::string> why_down(const Context& context, Server& server,
                                  const std::string& index) {
  std::vector<std::string> out;
  for (const Json& row : shard_rows(context, server, index)) {
    const std::string state = text_or_empty(row, "state");
    if (text_or_empty(row, "prirep") != "p" || state == "STARTED" || state == "RELOCATING")
      continue;
    std::string details = text_or_empty(row, "unassigned.details");
    // "failed shard on node [...]: failed recovery, failure RecoveryFailedException[...]; nested:"
    constexpr std::size_t kMost = 400;
    if (std::size_t last = details.rfind("nested: "); last != std::string::npos) {
      details.erase(0, last + std::string_view("nested: ").size());
    }
    if (details.size() > kMost) details.resize(kMost);
    if (details.empty()) details = text_or_empty(row, "unassigned.reason");
    out.push_back(fmt::format("shard {} is {}{}{}", text_or_empty(row, "shard"), state,
                              details.empty() ? "" : ": ", details));
  }
  return out;
}

bool waits_for_snapshot(const Context& context, Server& server, const std::string& index,
                        const std::string& repository, const std::string& snapshot) {
  const Json answer = server.get(context, "/_cluster/state/routing_table/" + in_path(index));
  const Json& table = member(member(answer, "routing_table"), "indices");
  for (const auto& [number, copies] : member(member(table, index.c_str()), "shards").items()) {
    for (const Json& copy : copies) {
      const Json& source = member_or_null(copy, "recovery_source");
      if (text_or_empty(source, "type") == "SNAPSHOT" &&
          text_or_empty(source, "repository") == repository &&
          text_or_empty(source, "snapshot") == snapshot) {
        return true;
      }
    }
  }
  return false;
}

void lift_blocks(const Context& context, Server& server, const std::vector<std::string>& names) {
  for (const auto& [name, index] : find_indices(context, server, names)) {
    Json lifted = Json::object();
    for (const auto& [setting, value] : settings_of(context, server, name)) {
      const bool keeps = setting == "index.blocks.read_only" ||
                         setting == "index.blocks.read_only_allow_delete" ||
                         setting == "index.blocks.metadata";
      if (keeps && value == "true") lifted[setting] = nullptr;
    }
    if (lifted.empty()) continue;
    server.call(context, "PUT", "/" + in_path(name) + "/_settings", lifted);
  }
}

void delete_indices(const Context& context, Server& server, const std::vector<std::string>& names) {
  if (names.empty()) return;
  for (const std::string& name : names) require_index_name(name);
  lift_blocks(context, server, names);
  for (const std::string& path : in_paths(names)) {
    server.call(context, "DELETE", "/" + path + "?ignore_unavailable=true", nullptr);
  }
  const Context patient = context.with_timeout(kLongestDelete);
  Pause pause;
  while (!find_indices(patient, server, names).empty()) {
    pause.take(patient, "wait until the indices are gone");
  }
}

}  // namespace holdfast::datastore::es
