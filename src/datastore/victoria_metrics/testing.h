// For tests: a data folder as VictoriaMetrics 1.79 lays it out, and a server that makes snapshots
// of it, without a process.
#pragma once

#include <fmt/format.h>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "datastore/victoria_metrics/layout.h"
#include "datastore/victoria_metrics/server.h"

namespace holdfast::datastore::vm::testing {

// Relative path -> content of every file of a data set, as a restore must bring it back.
using Files = std::map<std::string, std::string>;

inline void write_plain(const fs::path& path, std::string_view content) {
  fs::create_directories(path.parent_path());
  fs::remove(path);  // a new inode: snapshots keep the old one
  Descriptor file = create_file(path);
  write_all(file.get(), content, path);
}

// The files below `root`, but for the names that no backup holds.
inline Files files_in(const fs::path& root) {
  Files out;
  for (const char* top : {"data", "indexdb", "metadata"}) {
    if (!fs::exists(root / top)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
      std::string relative = entry.path().lexically_relative(root).string();
      if (!entry.is_regular_file() || relative.find("/snapshots/") != std::string::npos) continue;
      if (is_never_backed_up(entry.path().filename().string())) continue;
      out[relative] = read_file(entry.path(), 1 << 30);
    }
  }
  return out;
}

// The folders that a server would take for index tables.
inline std::set<std::string> index_tables(const fs::path& root) {
  std::set<std::string> out;
  for (const auto& entry : fs::directory_iterator(root / "indexdb")) {
    if (entry.path().filename() != "snapshots") out.insert(entry.path().filename().string());
  }
  return out;
}

class Volume {
 public:
  explicit Volume(fs::path path, const std::string& index = "18EA6C7B6710549") : path_(path) {
    for (const char* folder : {"data/small/snapshots", "data/big/snapshots", "indexdb/snapshots",
                               "metadata", "snapshots", "cache", "tmp"}) {
      fs::create_directories(path_ / folder);
    }
    write_plain(path_ / "flock.lock", "");
    write_plain(path_ / "cache/curr_hour_metric_ids", "cached");
    write_plain(path_ / "metadata/minTimestampForCompositeIndex", "12345678");
    for (const char* last : {"9", "A"}) {
      write_plain(path_ / "indexdb" / (index + last) / "converted-to-v1.28.0", "{}");
      write_plain(path_ / "indexdb" / (index + last) / "flock.lock", "");
      fs::create_directories(path_ / "indexdb" / (index + last) / "tmp");
      fs::create_directories(path_ / "indexdb" / (index + last) / "txn");
    }
    write_plain(path_ / "data/flock.lock", "");
    table_ = index + "9";
    add_index_part(7);
  }

  const fs::path& path() const { return path_; }

  // Returns the part's folder, relative. Days count from the month's first.
  std::string add_part(const std::string& month, int first_day, int last_day, int rows = 1000,
                       const std::string& content = "samples") {
    std::string digits = month.substr(0, 4) + month.substr(5);
    std::string folder =
        fmt::format("data/small/{}/{}_1_{}{:02}000000.000_{}{:02}120000.000_{:016X}", month, rows,
                    digits, first_day, digits, last_day, ++serial_);
    for (const char* file : {"index.bin", "metaindex.bin", "timestamps.bin", "values.bin"}) {
      write_plain(path_ / folder / file, content + " of " + file + std::to_string(serial_));
    }
    write_plain(path_ / folder / "min_dedup_interval", "0s");
    return folder;
  }

  std::string add_index_part(int rows) {
    std::string folder = fmt::format("indexdb/{}/{}_1_{:016X}", table_, rows, ++serial_);
    for (const char* file :
         {"index.bin", "items.bin", "lens.bin", "metaindex.bin", "metadata.json"}) {
      write_plain(path_ / folder / file, std::string("index ") + file + std::to_string(serial_));
    }
    return folder;
  }

  void remove(const std::string& folder) { fs::remove_all(path_ / folder); }
  void write(const std::string& file, std::string_view content) {
    write_plain(path_ / file, content);
  }

  // As the server does it: hard links below data and indexdb, symlinks to them, a copy of metadata.
  void snapshot(const std::string& name) const {
    fs::path root = path_ / "snapshots" / name;
    fs::create_directories(root / "data");
    for (const char* part : {"data/small", "data/big", "indexdb"}) {
      fs::path links = path_ / part / "snapshots" / name;
      fs::create_directories(links);
      for (const auto& [file, content] : files_in(path_)) {
        if (!file.starts_with(std::string(part) + "/")) continue;
        fs::path to = links / file.substr(std::string(part).size() + 1);
        fs::create_directories(to.parent_path());
        fs::create_hard_link(path_ / file, to);
      }
      fs::create_directory_symlink(fs::relative(links, (root / part).parent_path()), root / part);
    }
    fs::copy(path_ / "metadata", root / "metadata", fs::copy_options::recursive);
  }

  void delete_snapshot(const std::string& name) const {
    for (const char* part : {"data/small", "data/big", "indexdb"}) {
      fs::remove_all(path_ / part / "snapshots" / name);
    }
    fs::remove_all(path_ / "snapshots" / name);
  }

 private:
  fs::path path_;
  std::string table_;
  static inline int serial_ = 0x1000;
};

// What the server was asked, and what it shall answer; shared between a test and the driver.
struct ServerScript {
  Volume* volume = nullptr;
  Clock* clock = nullptr;
  std::set<std::string> snapshots;
  std::vector<std::string> created, removed;
  bool reachable = true;
  bool fails_to_remove = false;
  std::uint64_t series = 42;
  ServerFacts facts{"1.79.5", Duration(std::chrono::hours(10 * 365 * 24)), 0};
};

class FakeServer : public Server {
 public:
  explicit FakeServer(ServerScript& script) : script_(script) {}

  std::string create_snapshot(const Context& context) override {
    check();
    std::string name = fmt::format("{}-{:016X}", format_compact(context.clock().now()), ++counter_);
    script_.volume->snapshot(name);
    script_.snapshots.insert(name);
    script_.created.push_back(name);
    return name;
  }
  std::vector<std::string> snapshots(const Context&) override {
    check();
    return {script_.snapshots.begin(), script_.snapshots.end()};
  }
  void remove_snapshot(const Context&, const std::string& name) override {
    check();
    if (script_.fails_to_remove) throw Unavailable("delete a snapshot", "made to fail by a test");
    script_.volume->delete_snapshot(name);
    script_.snapshots.erase(name);
    script_.removed.push_back(name);
  }
  ServerFacts facts(const Context&) override {
    check();
    return script_.facts;
  }
  std::uint64_t series(const Context&) override {
    check();
    return script_.series;
  }

 private:
  void check() const {
    if (!script_.reachable) throw Unavailable("ask the server", "connection refused");
  }
  ServerScript& script_;
  std::uint64_t counter_ = 0x18EA000000000000;
};

}  // namespace holdfast::datastore::vm::testing
