#include "datastore/victoria_metrics/snapshot.h"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/log.h"
#include "datastore/victoria_metrics/layout.h"

namespace holdfast::datastore::vm {

namespace {

using Json = nlohmann::json;
using std::chrono::seconds;

constexpr auto kTimeToClean = seconds(30);
// A server stamps a snapshot as it begins to make it, which is when our request arrives.
constexpr auto kLongestWay = seconds(5);
constexpr std::uint64_t kLongestNote = 1 << 20;

fs::path note_of(const fs::path& data_path) { return data_path / ".holdfast-snapshot"; }

void note(const fs::path& data_path, const Json& json) {
  write_file_durably(note_of(data_path), json.dump());
}

void forget(const fs::path& data_path) {
  if (remove_file_if_there(note_of(data_path))) sync_folder(data_path);
}

}  // namespace

Snapshot::Snapshot(const Context& context, Server& server, fs::path data_path, std::string name)
    : context_(context),
      server_(&server),
      data_path_(std::move(data_path)),
      name_(std::move(name)) {}

Snapshot::Snapshot(Snapshot&& other) noexcept
    : context_(std::move(other.context_)),
      server_(other.server_),
      data_path_(std::move(other.data_path_)),
      name_(std::exchange(other.name_, {})) {}

Snapshot Snapshot::take(const Context& context, Server& server, const fs::path& data_path) {
  if (!fs::is_directory(data_path)) {
    throw Refused("back up " + data_path.string(), "there is no such data folder",
                  "set dataPath to the server's -storageDataPath");
  }
  std::vector<std::string> before = server.snapshots(context);
  note(data_path,
       {{"format", 1}, {"asked", format_rfc3339(context.clock().now())}, {"before", before}});
  Snapshot snapshot(context, server, data_path, server.create_snapshot(context));
  note(data_path, {{"format", 1}, {"name", snapshot.name_}});
  if (!fs::is_directory(snapshot.folder())) {
    throw Refused("back up " + data_path.string(),
                  "the snapshot that the server made is not in this data folder",
                  "set dataPath to the -storageDataPath of the very server that url names");
  }
  return snapshot;
}

void Snapshot::remove(const Context& context) {
  if (name_.empty()) return;
  server_->remove_snapshot(context, name_);
  name_.clear();
  forget(data_path_);
}

Snapshot::~Snapshot() {
  if (name_.empty()) return;
  try {
    remove(context_.detached().with_timeout(kTimeToClean));
  } catch (const std::exception& error) {
    log::warning(context_, fmt::format("snapshot {} is left for the next run to delete: {}", name_,
                                       error.what()));
  }
}

std::optional<std::string> made_by_dead_run(WallTime asked, const std::vector<std::string>& before,
                                            const std::vector<std::string>& now) {
  WallTime earliest = std::chrono::floor<seconds>(asked), latest = asked + kLongestWay;
  std::vector<std::string> fitting;
  for (const std::string& name : now) {
    if (!is_snapshot_name(name) || std::find(before.begin(), before.end(), name) != before.end()) {
      continue;
    }
    WallTime made = snapshot_time(name);
    if (made >= earliest && made <= latest) fitting.push_back(name);
  }
  if (fitting.size() != 1) return std::nullopt;
  return fitting.front();
}

bool snapshot_was_noted(const fs::path& data_path) { return path_exists(note_of(data_path)); }

std::vector<std::string> remove_leaked_snapshot(const Context& context, Server& server,
                                                const fs::path& data_path) {
  if (!snapshot_was_noted(data_path)) return {};
  Json json = Json::parse(read_file(note_of(data_path), kLongestNote), nullptr, false);
  try {
    std::vector<std::string> now = server.snapshots(context);
    std::optional<std::string> name;
    if (json.is_object() && json.contains("name")) {
      name = json.at("name").get<std::string>();
      if (std::find(now.begin(), now.end(), *name) == now.end()) name.reset();
    } else if (json.is_object()) {
      name = made_by_dead_run(parse_rfc3339(json.at("asked").get<std::string>()),
                              json.at("before").get<std::vector<std::string>>(), now);
    }
    if (name) server.remove_snapshot(context, *name);
    forget(data_path);
    if (!name) return {};
    return {fmt::format("deleted snapshot {} that a killed run left behind", *name)};
  } catch (const Json::exception&) {
    forget(data_path);
    return {"removed an unreadable note about a snapshot"};
  } catch (const Error& error) {
    return {fmt::format("a snapshot of a killed run may be left: {}", error.to_string())};
  }
}

}  // namespace holdfast::datastore::vm
