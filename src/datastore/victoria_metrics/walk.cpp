#include "datastore/victoria_metrics/walk.h"

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <memory>
#include <sys/stat.h>

#include "base/error.h"
#include "datastore/victoria_metrics/data_folder.h"
#include "datastore/victoria_metrics/layout.h"

namespace holdfast::datastore::vm {

namespace {

constexpr std::size_t kDeepest = 32;

// Every entry's object names begin with its own name and a slash: that is what decides the order.
bool before_as_folder(const std::string& a, const std::string& b) { return a + '/' < b + '/'; }

std::vector<std::string> names_in(const fs::path& folder) {
  std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(folder.c_str()), &::closedir);
  if (!stream) throw_errno(errno, "list " + folder.string());
  std::vector<std::string> names;
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) break;
    std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) throw_errno(errno, "list " + folder.string());
  std::sort(names.begin(), names.end(), before_as_folder);
  return names;
}

}  // namespace

Walk::Walk(fs::path root, WalkOf what) : root_(std::move(root)), what_(what) {
  struct stat info{};
  if (::stat(root_.c_str(), &info) < 0 || !S_ISDIR(info.st_mode)) {
    throw NotFound("walk " + root_.string(), "no such folder");
  }
  enter("", root_);
}

void Walk::enter(const std::string& relative, const fs::path& path) {
  if (levels_.size() >= kDeepest) {
    throw Refused("walk " + path.string(), "folders are nested too deeply");
  }
  levels_.push_back({relative, path, names_in(path)});
  if (what_ != WalkOf::kLiveData) return;
  std::erase_if(levels_.back().names,
                [&](const std::string& name) { return !belongs_to_server(relative + name); });
}

std::optional<LocalFile> Walk::next() {
  while (!levels_.empty()) {
    Level& level = levels_.back();
    if (level.position == level.names.size()) {
      levels_.pop_back();
      continue;
    }
    const std::string name = level.names[level.position++];
    const fs::path path = level.path / name;
    const std::string relative = level.relative + name;
    struct stat info{};
    if (::lstat(path.c_str(), &info) < 0) throw_errno(errno, "look at " + path.string());
    if (S_ISLNK(info.st_mode)) {
      if (what_ == WalkOf::kLiveData) continue;
      if (::stat(path.c_str(), &info) < 0) {
        if (errno == ENOENT) continue;
        throw_errno(errno, "look at " + path.string());
      }
      if (!S_ISDIR(info.st_mode)) continue;
      followed_.push_back(path);
    }
    if (S_ISDIR(info.st_mode)) {
      enter(relative + "/", path);
    } else if (S_ISREG(info.st_mode) && !is_never_backed_up(name)) {
      return LocalFile{relative, path, std::uint64_t(info.st_size)};
    }
  }
  return std::nullopt;
}

void Walk::check_still_there() const {
  struct stat info{};
  bool there = ::stat(root_.c_str(), &info) == 0;
  for (const fs::path& folder : followed_) there = there && ::stat(folder.c_str(), &info) == 0;
  if (!there) {
    throw Failed("read " + root_.string(), "it was deleted while it was being read",
                 "look for another program that deletes snapshots, and at -snapshotsMaxAge");
  }
}

}  // namespace holdfast::datastore::vm
