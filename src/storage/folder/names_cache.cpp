#include "storage/folder/names_cache.h"

#include <algorithm>
#include <cerrno>
#include <dirent.h>

#include "storage/folder/key_path.h"

namespace holdfast::storage {

namespace {

// A folder whose time is younger than this may change again without a change of its time (clocks of
// file systems tick every few milliseconds), so what was read of it is not kept.
constexpr Duration kSettled = std::chrono::milliseconds(50);

struct RawName {
  std::string text, path;
  friend bool operator<(const RawName& a, const RawName& b) { return a.text < b.text; }
};

}  // namespace

NameEntry FolderNames::at(std::size_t index) const {
  const Place& place = places_[index];
  std::string_view arena = arena_;
  return {arena.substr(place.text, place.text_size), arena.substr(place.path, place.path_size)};
}

std::size_t FolderNames::lower_bound(std::string_view text) const {
  std::string_view arena = arena_;
  auto found =
      std::lower_bound(places_.begin(), places_.end(), text, [&](const Place& place, auto wanted) {
        return arena.substr(place.text, place.text_size) < wanted;
      });
  return std::size_t(found - places_.begin());
}

// Collects names while a folder is read; when they are too many it keeps the least.
class NamesReader {
 public:
  NamesReader(std::string from, std::size_t most) : from_(std::move(from)), most_(most) {}

  void read(int folder) { read_into(folder, "", "", 0); }

  // A name that may be there in either form.
  void add_announced(const std::string& name) {
    FoundName found = read_name(name);
    if (found.kind != NameKind::kComponent) return;
    add(found.text, name);
    add(found.text + "/", name);
  }

  std::shared_ptr<const FolderNames> take() {
    std::sort(names_.begin(), names_.end());
    auto same = [](const RawName& a, const RawName& b) { return a.text == b.text; };
    names_.erase(std::unique(names_.begin(), names_.end(), same), names_.end());
    if (names_.size() > most_) cut();
    std::sort(names_.begin(), names_.end());
    auto out = std::make_shared<FolderNames>();
    out->begin_ = begin_;
    out->end_ = end_;
    std::size_t bytes = 0;
    for (const RawName& name : names_) bytes += place_bytes(name);
    out->arena_.reserve(bytes);
    out->places_.reserve(names_.size());
    for (const RawName& name : names_) append(*out, name);
    return out;
  }

 private:
  // Most entries stand for themselves, so that text and path share their bytes.
  static bool shares(const RawName& name) { return name.text.starts_with(name.path); }
  static std::size_t place_bytes(const RawName& name) {
    return name.text.size() + (shares(name) ? 0 : name.path.size());
  }

  static void append(FolderNames& out, const RawName& name) {
    FolderNames::Place place{};
    place.text = place.path = std::uint32_t(out.arena_.size());
    place.text_size = std::uint16_t(name.text.size());
    place.path_size = std::uint16_t(name.path.size());
    out.arena_ += name.text;
    if (!shares(name)) {
      place.path = std::uint32_t(out.arena_.size());
      out.arena_ += name.path;
    }
    out.places_.push_back(place);
  }

  void read_into(int folder, const std::string& text, const std::string& path, int depth) {
    int error = read_folder(folder, [&](const char* name, unsigned char type) {
      if (type != DT_REG && type != DT_DIR) return true;
      FoundName found = read_name(name);
      std::string whole = text + found.text, where = path + name;
      if (found.kind == NameKind::kContinued && type == DT_DIR && depth < 5) {
        Opened inside = open_folder_at(folder, name);
        if (inside) read_into(inside.file.get(), whole, where + "/", depth + 1);
        return true;
      }
      bool right = depth == 0 ? found.kind == NameKind::kComponent
                              : found.kind == NameKind::kRest && path_of_key(whole) == where;
      if (!right) return true;
      if (type == DT_DIR) add(whole + "/", where);
      add(std::move(whole), std::move(where));
      return true;
    });
    if (error != 0 && error != ENOENT) throw_file_error(error, "read folder " + path);
  }

  bool wanted(const std::string& text) const {
    bool around = !text.empty() && text.back() == '/' && begin_.starts_with(text);
    return (text >= begin_ || around) && (end_.empty() || text < end_);
  }

  void add(std::string text, std::string path) {
    if (!wanted(text)) return;
    names_.push_back({std::move(text), std::move(path)});
    if (names_.size() >= 2 * most_ + 1024) cut();
  }

  // Too many to keep: what lies before the wanted beginning goes first, then the greatest.
  void cut() {
    begin_ = from_;
    std::erase_if(names_, [&](const RawName& name) { return !wanted(name.text); });
    if (names_.size() <= most_) return;
    auto last = names_.begin() + std::ptrdiff_t(most_);
    std::nth_element(names_.begin(), last, names_.end());
    end_ = last->text;
    names_.erase(last, names_.end());
  }

  const std::string from_;
  const std::size_t most_;
  std::string begin_, end_;
  std::vector<RawName> names_;
};

NamesCache::Stamp NamesCache::stamp_of(int folder, const std::string& path) {
  struct stat info{};
  if (::fstat(folder, &info) < 0) throw_file_error(errno, "look at folder " + path);
  return {modified_of(info), std::int64_t(info.st_ctim.tv_sec) * 1000000000 + info.st_ctim.tv_nsec,
          info.st_ino, core_.changes.generation(path)};
}

std::shared_ptr<const FolderNames> NamesCache::names(int folder, const std::string& path,
                                                     const std::string& from) {
  Stamp stamp = stamp_of(folder, path);
  {
    std::lock_guard lock(mutex_);
    auto found = by_path_.find(path);
    if (found != by_path_.end()) {
      const Kept& kept = *found->second;
      if (kept.stamp == stamp && kept.names->covers(from)) {
        kept_.splice(kept_.begin(), kept_, found->second);
        return kept_.front().names;
      }
    }
  }
  ++reads_;
  WallTime started = system_clock().now();
  ChangeLog::Scan scan(core_.changes, path);
  NamesReader reader(from, most_names_);
  reader.read(folder);
  std::vector<std::string> announced = scan.take();
  for (const std::string& name : announced) reader.add_announced(name);
  auto names = reader.take();
  Duration age = started.time_since_epoch() - Duration(stamp.modified);
  bool settled = announced.empty() && age > kSettled && stamp_of(folder, path) == stamp;
  if (settled && names->size() > 0) keep({path, stamp, names});
  return names;
}

void NamesCache::keep(Kept kept) {
  std::lock_guard lock(mutex_);
  auto found = by_path_.find(kept.path);
  if (found != by_path_.end()) {
    bytes_ -= found->second->names->bytes();
    kept_.erase(found->second);
    by_path_.erase(found);
  }
  bytes_ += kept.names->bytes();
  kept_.push_front(std::move(kept));
  by_path_[kept_.front().path] = kept_.begin();
  while (bytes_ > most_bytes_ && kept_.size() > 1) {
    bytes_ -= kept_.back().names->bytes();
    by_path_.erase(kept_.back().path);
    kept_.pop_back();
  }
}

}  // namespace holdfast::storage
