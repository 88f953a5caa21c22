#include "datastore/elasticsearch/snapshots.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>

#include "base/error.h"
#include "datastore/elasticsearch/names.h"

namespace holdfast::datastore::es {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kShownFailures = 3;
constexpr const char* kDamaged = "its own file in the repository is missing or damaged";
constexpr const char* kAnother = "holdfast list elasticsearch shows the others";

std::optional<WallTime> time_in(const Json& json, const char* name) {
  if (!json.contains(name) || !json.at(name).is_number_integer()) return std::nullopt;
  const auto millis = json.at(name).get<std::int64_t>();
  if (millis <= 0) return std::nullopt;
  return WallTime(std::chrono::milliseconds(millis));
}

std::vector<std::string> texts(const Json& json, const char* name) {
  std::vector<std::string> out;
  if (!json.contains(name) || !json.at(name).is_array()) return out;
  for (const Json& entry : json.at(name)) {
    if (entry.is_string()) out.push_back(entry.get<std::string>());
  }
  return out;
}

std::string shown_failures(const Snapshot& snapshot) {
  std::string text;
  for (std::size_t i = 0; i < std::min(kShownFailures, snapshot.failures.size()); ++i) {
    const SnapshotFailure& failure = snapshot.failures[i];
    text += fmt::format("{}{}: {}", i > 0 ? ", " : "", failure.index, failure.reason);
  }
  if (snapshot.failures.size() > kShownFailures) {
    text += fmt::format(" and {} more", snapshot.failures.size() - kShownFailures);
  }
  return text;
}

std::string why_broken(const Snapshot& snapshot) {
  if (!is_snapshot_name(snapshot.name)) return "none could be called so: its name was changed";
  if (snapshot.state == "SUCCESS" || snapshot.state == "IN_PROGRESS") {
    if (snapshot.state == "SUCCESS" && snapshot.indices.empty()) return "it holds no index";
    return "";
  }
  const std::string failures = shown_failures(snapshot);
  std::string why = fmt::format("its state is {}, {} of {} shards failed", snapshot.state,
                                snapshot.shards_failed, snapshot.shards_total);
  return failures.empty() ? why : why + " (" + failures + ")";
}

Snapshot parse(const Json& json) {
  Snapshot out;
  out.name = text_in(json, "snapshot");
  out.uuid = text_or_empty(json, "uuid");
  out.state = text_in(json, "state");
  out.version = text_or_empty(json, "version");
  out.started = time_in(json, "start_time_in_millis");
  out.ended = time_in(json, "end_time_in_millis");
  out.indices = texts(json, "indices");
  out.data_streams = texts(json, "data_streams");
  if (json.contains("shards") && json.at("shards").is_object()) {
    out.shards_total = number_in(json.at("shards"), "total");
    out.shards_failed = number_in(json.at("shards"), "failed");
  }
  if (json.contains("failures") && json.at("failures").is_array()) {
    for (const Json& failure : json.at("failures")) {
      out.failures.push_back({text_or_empty(failure, "index"), text_or_empty(failure, "reason")});
    }
  }
  if (json.contains("metadata") && json.at("metadata").is_object()) {
    out.policy = text_or_empty(json.at("metadata"), "policy");
  }
  if (json.contains("index_details") && json.at("index_details").is_object()) {
    std::uint64_t bytes = 0;
    for (const auto& [index, details] : json.at("index_details").items()) {
      bytes += number_in(details, "size_in_bytes");
    }
    if (!json.at("index_details").empty()) out.bytes = bytes;
  }
  out.broken_because = why_broken(out);
  return out;
}

std::vector<Snapshot> parse_all(const Json& answer) {
  std::vector<Snapshot> out;
  for (const Json& snapshot : member(answer, "snapshots")) out.push_back(parse(snapshot));
  return out;
}

std::string path_of(const std::string& repository, const std::string& name) {
  return "/_snapshot/" + in_path(repository) + "/" + name;
}

// The long form, without what is damaged; "index_details" is not known by OpenSearch.
std::vector<Snapshot> list_readable(const Context& context, Server& server,
                                    const std::string& repository, const std::string& pattern) {
  const std::string path = path_of(repository, pattern) + "?ignore_unavailable=true";
  try {
    return parse_all(server.get(context, path + "&index_details=true"));
  } catch (const InvalidArgument&) {
    return parse_all(server.get(context, path));
  }
}

// A repository that is not registered is no error of this call.
void require_repository(const Json& answer, const std::string& repository) {
  if (!answer.contains("failures") || !answer.at("failures").is_object()) return;
  for (const auto& [name, failure] : answer.at("failures").items()) {
    throw_error(text_or_empty(failure, "type") == "repository_missing_exception"
                    ? ErrorKind::kNotFound
                    : ErrorKind::kFailed,
                "list the snapshots of " + repository, reason_of(failure), "",
                text_or_empty(failure, "type"));
  }
}

}  // namespace

std::vector<Snapshot> list_snapshots(const Context& context, Server& server,
                                     const std::string& repository) {
  const Json names = server.get(context, path_of(repository, "_all") + "?verbose=false");
  require_repository(names, repository);
  std::vector<Snapshot> out;
  try {
    out = list_readable(context, server, repository, "_all");
  } catch (const Failed&) {
    // One that is cut short makes the whole list fail: ask for each by itself.
    for (const Json& entry : member(names, "snapshots")) {
      try {
        out.push_back(find_snapshot(context, server, repository, text_in(entry, "snapshot")));
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::kFailed && error.kind() != ErrorKind::kNotFound) throw;
      }
    }
  }
  std::set<std::string> known;
  for (const Snapshot& snapshot : out) known.insert(snapshot.name);
  for (const Json& entry : member(names, "snapshots")) {
    Snapshot damaged;
    damaged.name = text_in(entry, "snapshot");
    if (known.contains(damaged.name)) continue;
    damaged.uuid = text_or_empty(entry, "uuid");
    damaged.state = text_or_empty(entry, "state");
    if (damaged.state == "IN_PROGRESS") continue;
    damaged.indices = texts(entry, "indices");
    damaged.broken_because = kDamaged;
    out.push_back(std::move(damaged));
  }
  std::stable_sort(out.begin(), out.end(), [](const Snapshot& a, const Snapshot& b) {
    return a.started.value_or(WallTime{}) < b.started.value_or(WallTime{});
  });
  return out;
}

Snapshot find_snapshot(const Context& context, Server& server, const std::string& repository,
                       const std::string& name) {
  std::vector<Snapshot> found =
      parse_all(get_patiently(context, server, path_of(repository, in_path(name))));
  if (found.size() != 1 || found.front().name != name) {
    throw NotFound("snapshot " + name, fmt::format("{} snapshots have that name", found.size()));
  }
  return std::move(found.front());
}

Snapshot wanted_snapshot(const Context& context, Server& server, const std::string& repository,
                         const std::string& name) {
  try {
    return find_snapshot(context, server, repository, name);
  } catch (const NotFound& error) {
    if (error.code() == "repository_missing_exception") throw;
  } catch (const Failed&) {
    // Its file is cut short, or the name is none; the names alone are told all the same.
  }
  const Json names = server.get(context, path_of(repository, "_all") + "?verbose=false");
  for (const Json& entry : member(names, "snapshots")) {
    if (text_in(entry, "snapshot") == name) throw Corrupt("snapshot " + name, kDamaged, kAnother);
  }
  throw NotFound("snapshot " + name, "there is none in the repository " + repository,
                 "holdfast list elasticsearch shows what there is");
}

std::vector<std::string> running_snapshots(const Context& context, Server& server) {
  const Json answer = server.get(context, "/_snapshot/_status");
  std::vector<std::string> out;
  for (const Json& one : member(answer, "snapshots")) {
    out.push_back(text_in(one, "repository") + ":" + text_in(one, "snapshot"));
  }
  return out;
}

std::vector<Snapshot> find_snapshots(const Context& context, Server& server,
                                     const std::string& repository, const std::string& pattern) {
  return list_readable(context, server, repository, pattern);
}

SnapshotStatus status_of(const Context& context, Server& server, const std::string& repository,
                         const std::string& name) {
  const Json answer = server.get(context, path_of(repository, in_path(name)) + "/_status");
  const Json& all = member(answer, "snapshots");
  if (!all.is_array() || all.empty()) throw NotFound("snapshot " + name, "it has no status");
  const Json& one = all.at(0);
  SnapshotStatus out;
  const Json& stats = member(one, "stats");
  auto sizes = [&stats](const char* which, std::uint64_t& files, std::uint64_t& bytes) {
    if (!stats.contains(which)) return;
    files = number_in(stats.at(which), "file_count");
    bytes = number_in(stats.at(which), "size_in_bytes");
  };
  sizes("total", out.files_total, out.bytes_total);
  sizes("incremental", out.files_new, out.bytes_new);
  sizes("processed", out.files_done, out.bytes_done);
  if (one.contains("indices") && one.at("indices").is_object()) {
    for (const auto& [index, details] : one.at("indices").items()) {
      out.bytes_of_index[index] =
          number_in(member(member(details, "stats"), "total"), "size_in_bytes");
    }
  }
  return out;
}

void require_success(const Snapshot& snapshot) {
  if (snapshot.state == "SUCCESS" && snapshot.shards_failed == 0 && !snapshot.indices.empty()) {
    return;
  }
  std::string why = snapshot.broken_because;
  if (why.empty()) why = fmt::format("{} shards failed", snapshot.shards_failed);
  throw Corrupt("snapshot " + snapshot.name, why);
}

}  // namespace holdfast::datastore::es
