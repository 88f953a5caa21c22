#include "datastore/victoria_metrics/swap.h"

#include <algorithm>
#include <cerrno>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <set>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file_journal.h"
#include "base/operation.h"
#include "datastore/victoria_metrics/data_folder.h"
#include "datastore/victoria_metrics/local.h"

namespace holdfast::datastore::vm {

namespace {

using Json = nlohmann::json;

// The live folders that a backup replaces, or whose content means nothing beside other data.
const std::vector<std::string>& replaced_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all = data_names();
    all.insert(all.end(), cache_names().begin(), cache_names().end());
    std::sort(all.begin(), all.end());
    return all;
  }();
  return names;
}

std::uint64_t inode_of(const fs::path& path) {
  struct stat info{};
  if (::lstat(path.c_str(), &info) == 0) return info.st_ino;
  if (errno != ENOENT) throw_errno(errno, "look at " + path.string());
  return 0;
}

// One name; an inode is 0 where there is nothing of that name.
struct Exchange {
  std::string name;
  std::uint64_t restored = 0, live = 0;
};

class Swap {
 public:
  explicit Swap(const fs::path& data_path)
      : data_path_(data_path),
        staged_(staged_data_of(data_path)),
        journal_(staging_of(data_path) / "journal") {}

  void plan() {
    std::set<std::string> names(replaced_names().begin(), replaced_names().end());
    for (const auto& entry : fs::directory_iterator(staged_)) {
      names.insert(entry.path().filename().string());
    }
    Json lines = Json::array();
    for (const std::string& name : names) {
      Exchange one{name, inode_of(staged_ / name), inode_of(data_path_ / name)};
      if (one.restored == 0 && one.live == 0) continue;
      lines.push_back({name, one.restored, one.live});
      exchanges_.push_back(std::move(one));
    }
    was_protected_ = path_exists(data_path_ / kInProgressName);
    journal_.append("plan " + Json{{"names", lines}, {"protected", was_protected_}}.dump());
  }

  // The last line of the journal says how far it came: "" (nothing), "plan", "swap", "undo",
  // "done".
  std::string load() {
    std::string stage;
    for (const std::string& line : journal_.lines()) {
      stage = line.substr(0, line.find(' '));
      if (stage != "plan") continue;
      Json plan = Json::parse(line.substr(5), nullptr, false);
      try {
        was_protected_ = plan.at("protected").get<bool>();
        for (const Json& one : plan.at("names")) {
          exchanges_.push_back({one.at(0).get<std::string>(), one.at(1).get<std::uint64_t>(),
                                one.at(2).get<std::uint64_t>()});
        }
      } catch (const Json::exception& error) {
        throw Corrupt("read the journal in " + staging_of(data_path_).string(), error.what());
      }
    }
    return stage;
  }

  // No server starts from here on.
  void protect() {
    fs::path flag = data_path_ / kInProgressName;
    if (!path_exists(flag)) create_file(flag);
    sync_folder(data_path_);
  }

  void forward() {
    journal_.append("swap");
    for (const Exchange& one : exchanges_) move(one, one.restored, one.live);
    sync_folder(data_path_);
    sync_folder(staged_);
    journal_.append("done");
    was_protected_ = false;  // whatever an earlier, interrupted restore had left is replaced
  }

  void backward() {
    journal_.append("undo");
    for (const Exchange& one : exchanges_) move(one, one.live, one.restored);
    sync_folder(data_path_);
    if (path_exists(staged_)) sync_folder(staged_);
  }

  void clean() {
    if (!was_protected_ && remove_file_if_there(data_path_ / kInProgressName)) {
      sync_folder(data_path_);
    }
    // The journal goes last: while it is there, a rerun comes back here.
    if (path_exists(staged_)) remove_tree(staged_);
    journal_.clear();
    remove_tree(staging_of(data_path_));
  }

 private:
  // Makes the live name be the inode `wanted` (0: nothing), and the staged one `other`.
  void move(const Exchange& one, std::uint64_t wanted, std::uint64_t other) {
    fs::path live = data_path_ / one.name, staged = staged_ / one.name;
    if (inode_of(live) == wanted) return;
    Operation operation("vm.swap", live.native());
    if (wanted == 0) {
      rename_new(live, staged);
    } else if (other == 0) {
      rename_new(staged, live);
    } else {
      exchange_paths(live, staged);
    }
  }

  fs::path data_path_, staged_;
  FileJournal journal_;
  std::vector<Exchange> exchanges_;
  bool was_protected_ = false;  // by an earlier restore that was interrupted
};

}  // namespace

fs::path staging_of(const fs::path& data_path) { return data_path / kStagingName; }
fs::path staged_data_of(const fs::path& data_path) { return staging_of(data_path) / "new"; }

std::string swap_obstacle(const fs::path& data_path) {
  struct stat top{};
  if (::stat(data_path.c_str(), &top) < 0) return "";
  for (const std::string& name : replaced_names()) {
    struct stat info{};
    fs::path path = data_path / name;
    if (::lstat(path.c_str(), &info) < 0) continue;
    if (S_ISLNK(info.st_mode)) return path.string() + " is a symlink";
    if (info.st_dev != top.st_dev) return path.string() + " is a file system of its own";
  }
  return "";
}

void swap_in(const fs::path& data_path) {
  Swap swap(data_path);
  swap.plan();
  try {
    swap.protect();
    swap.forward();
  } catch (const Error&) {
    swap.backward();
    swap.clean();
    throw;
  }
  swap.clean();
}

bool swap_is_pending(const fs::path& data_path) {
  std::string stage = Swap(data_path).load();
  return stage == "swap" || stage == "undo" ||
         (stage == "plan" && path_exists(data_path / kInProgressName));
}

std::vector<std::string> recover_swap(const fs::path& data_path) {
  if (!path_exists(staging_of(data_path))) return {};
  Swap swap(data_path);
  std::string stage = swap.load();
  if (stage == "swap") {
    swap.protect();
    swap.forward();
    swap.clean();
    return {"finished a restore that was killed while it swapped folders"};
  }
  if (stage == "undo") swap.backward();
  swap.clean();
  if (stage == "undo") return {"undid a restore whose swap of folders had failed"};
  if (stage == "done") return {"removed the data that an earlier restore replaced"};
  return {"removed what a killed restore had fetched into " + staging_of(data_path).string()};
}

}  // namespace holdfast::datastore::vm
