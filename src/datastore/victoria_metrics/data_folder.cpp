#include "datastore/victoria_metrics/data_folder.h"

#include <algorithm>
#include <set>

#include "datastore/victoria_metrics/layout.h"

namespace holdfast::datastore::vm {

namespace {

std::set<std::string> names_in(const fs::path& folder) {
  std::set<std::string> out;
  for (const auto& entry : fs::directory_iterator(folder)) {
    out.insert(entry.path().filename().string());
  }
  return out;
}

bool is_nobodys(const std::string& name) {
  return name == "lost+found" || name.starts_with(".holdfast") || is_never_backed_up(name);
}

}  // namespace

// One of these is enough, and no other program is known to make any: ClickHouse has data and
// metadata, too, but not these in them.
bool is_data_folder(const fs::path& path) {
  for (const char* folder : {"data/small", "data/big", "data/indexdb", "indexdb"}) {
    if (fs::is_directory(path / folder)) return true;
  }
  return path_exists(path / "metadata/minTimestampForCompositeIndex");
}

const std::vector<std::string>& data_names() {
  static const std::vector<std::string> names = {"data", "indexdb", "metadata"};
  return names;
}

const std::vector<std::string>& cache_names() {
  static const std::vector<std::string> names = {"cache", "snapshots", "tmp"};
  return names;
}

const std::vector<std::string>& server_folders() {
  static const std::vector<std::string> names = {"data/small", "data/big", "data/indexdb",
                                                 "indexdb", "metadata"};
  return names;
}

bool belongs_to_server(std::string_view path) {
  auto holds = [](std::string_view above, std::string_view below) {
    return below.starts_with(above) && (below.size() == above.size() || below[above.size()] == '/');
  };
  return std::any_of(
      server_folders().begin(), server_folders().end(),
      [&](const std::string& folder) { return holds(folder, path) || holds(path, folder); });
}

std::string not_a_data_folder_because(const fs::path& path) {
  if (!path_exists(path)) return "";
  if (!fs::is_directory(path)) return path.string() + " is no folder";
  if (is_data_folder(path)) return "";
  std::set<std::string> names = names_in(path);
  // A server that ran here left its lock: then its caches may be all that remains of it.
  const bool served = names.contains("flock.lock");
  for (const std::string& name : names) {
    bool cache = std::count(cache_names().begin(), cache_names().end(), name) > 0;
    if (is_nobodys(name) || (served && cache)) continue;
    std::error_code ignored;
    bool named_as_data = std::count(data_names().begin(), data_names().end(), name) > 0;
    if (named_as_data && fs::is_empty(path / name, ignored)) continue;
    return path.string() + " holds " + name + ", but no data of VictoriaMetrics";
  }
  return "";
}

std::string stranger_in_data(const fs::path& data_path) {
  if (!fs::is_directory(data_path / "data")) return "";
  for (const std::string& name : names_in(data_path / "data")) {
    if (!is_nobodys(name) && !belongs_to_server("data/" + name)) {
      return (data_path / "data" / name).string();
    }
  }
  return "";
}

std::string linked_name(const fs::path& data_path) {
  for (const std::string& name : data_names()) {
    if (fs::is_symlink(data_path / name)) return (data_path / name).string();
  }
  return "";
}

}  // namespace holdfast::datastore::vm
