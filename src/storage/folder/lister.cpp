#include "storage/folder/lister.h"

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <memory>

#include "base/error.h"
#include "codec/text.h"
#include "storage/folder/key_path.h"
#include "storage/rules.h"

namespace holdfast::storage {

namespace {

constexpr std::size_t kLongestKey = 1024;
constexpr std::size_t kOpenFrames = 8;   // folders on the way that stay open
constexpr std::size_t kFirstLook = 16;   // folders in a folder that are looked into before the rest
constexpr std::size_t kHeldFolders = 8;  // kept open for names that were found and not yet read

bool nothing_there(int error) { return error == ENOENT || error == ENOTDIR || error == ELOOP; }

bool is_object_name(std::string_view name) {
  return name == kSelf || (read_name(name).kind != NameKind::kOther && codec::is_utf8(name));
}

// A place in the tree that only moves forward.
class Walk {
 public:
  struct Found {
    std::string key;   // of an object, or of what is below a folder (with '/' at its end)
    std::string name;  // relative to folder()
    bool below = false;
  };

  Walk(Core& core, NamesCache& names, const std::string& bucket, Descriptor root)
      : core_(core), names_(names) {
    push("", bucket, std::move(root), "");
  }

  // To the first entry whose key, or one below it, is not less than `target`.
  void seek(const std::string& target) {
    while (!frames_.empty() && !target.starts_with(frames_.back().key)) frames_.pop_back();
    while (!frames_.empty()) {
      Frame& frame = frames_.back();
      std::string rest = target.substr(frame.key.size());
      if (!load(frame, rest)) return frames_.pop_back();
      frame.index = frame.names->lower_bound(rest);
      std::size_t slash = rest.find('/');
      if (slash == std::string::npos) return;
      std::string around = rest.substr(0, slash + 1);
      std::size_t index = frame.names->lower_bound(around);
      if (index == frame.names->size() || frame.names->at(index).text != around) return;
      if (frame.index == index) ++frame.index;
      Found found{frame.key + around, std::string(frame.names->at(index).path), true};
      if (!descend(found, target.substr(found.key.size()))) return;
    }
  }

  // The next entry; folders are not entered by themselves. False at the end.
  bool next(Found& found) {
    while (!frames_.empty()) {
      Frame& frame = frames_.back();
      if (frame.index == frame.names->size()) {
        if (frame.names->cut() && load(frame, frame.names->end())) {
          frame.index = 0;
          continue;
        }
        frames_.pop_back();
        continue;
      }
      NameEntry entry = frame.names->at(frame.index++);
      found.key = frame.key + std::string(entry.text);
      found.name = std::string(entry.path);
      found.below = entry.below();
      return true;
    }
    return false;
  }

  // Enters the folder that was found, whose names are needed from `from` on; false when it is gone.
  bool descend(const Found& found, const std::string& from = "") {
    const Frame& frame = frames_.back();
    std::string path = frame.path + "/" + found.name;
    Opened folder = open_folder_at(core_.root.get(), path);
    if (nothing_there(folder.error)) return false;
    check_file(folder.error, "open folder " + path);
    push(found.key, path, std::move(folder.file), from);
    return true;
  }

  // The folder that the last entry was found in; null: it is gone.
  std::shared_ptr<const Descriptor> folder() {
    Frame& frame = frames_.back();
    return open(frame) < 0 ? nullptr : frame.folder;
  }
  std::string path_of(const Found& found) const { return frames_.back().path + "/" + found.name; }

 private:
  struct Frame {
    std::string key, path;  // of the folder: "a/b/", and from the root
    // Null when it is gone, or when many folders deeper ones are open.
    std::shared_ptr<const Descriptor> folder;
    std::shared_ptr<const FolderNames> names;
    std::size_t index = 0;
  };

  void push(std::string key, std::string path, Descriptor folder, const std::string& from) {
    if (frames_.size() >= kOpenFrames) frames_.back().folder.reset();
    auto shared = std::make_shared<const Descriptor>(std::move(folder));
    frames_.push_back({std::move(key), std::move(path), std::move(shared), nullptr, 0});
    if (!load(frames_.back(), from)) frames_.pop_back();
  }

  int open(Frame& frame) {
    if (frame.folder) return frame.folder->get();
    Opened opened = open_folder_at(core_.root.get(), frame.path);
    if (nothing_there(opened.error)) return -1;
    check_file(opened.error, "open folder " + frame.path);
    frame.folder = std::make_shared<const Descriptor>(std::move(opened.file));
    return frame.folder->get();
  }

  // Loads the folder's names from `from` on, unless they are there. False: the folder is gone.
  bool load(Frame& frame, const std::string& from) {
    if (frame.names && frame.names->covers(from)) return true;
    int folder = open(frame);
    if (folder < 0) return false;
    frame.names = names_.names(folder, frame.path, from);
    return true;
  }

  Core& core_;
  NamesCache& names_;
  std::vector<Frame> frames_;
};

// Fills one page.
class PageBuilder {
 public:
  explicit PageBuilder(const ListRequest& request) : request_(request) {}

  std::size_t room() const { return request_.limit - page_.objects.size() - page_.prefixes.size(); }
  // That so many objects come now: memory for all at once.
  void expect(std::size_t objects) {
    const std::size_t all = page_.objects.size() + std::min(objects, room());
    if (all > page_.objects.capacity())
      page_.objects.reserve(std::max(all, 2 * page_.objects.size()));
  }
  // False: the page is full, and there is one more that does not fit.
  bool has_room() {
    if (room() > 0) return true;
    page_.next = last_;
    return false;
  }
  void add_prefix(std::string prefix) {
    last_ = prefix;
    page_.prefixes.push_back(std::move(prefix));
  }
  void add_object(ObjectInfo info) {
    last_ = info.key;
    page_.objects.push_back(std::move(info));
  }
  ListPage take() { return std::move(page_); }

 private:
  const ListRequest& request_;
  ListPage page_;
  std::string last_;
};

}  // namespace

bool Lister::holds_object(const std::string& path) const {
  std::vector<std::string> folders;
  std::size_t looked = 0;
  for (std::size_t most : {kFirstLook, std::size_t(-1)}) {
    bool found = false;
    folders.clear();
    {
      Opened folder = open_folder_at(core_.root.get(), path);
      if (nothing_there(folder.error)) return false;
      check_file(folder.error, "open folder " + path);
      int error = read_folder(std::move(folder.file), [&](const char* name, unsigned char type) {
        if (!is_object_name(name)) return true;
        found = type == DT_REG;
        if (type == DT_DIR) folders.push_back(name);
        return !found && folders.size() < most;
      });
      check_file(error, "read folder " + path);
    }
    if (found) return true;
    for (std::size_t i = looked; i < folders.size(); ++i) {
      if (holds_object(path + "/" + folders[i])) return true;
    }
    looked = folders.size();
    if (looked < most) return false;
  }
  return false;
}

namespace {

// What one list call works on.
class Listing {
 public:
  Listing(Core& core, const ObjectTree& tree, const LabelStore& labels, const Lister& lister,
          NamesCache& names, Helpers& helpers, const ListRequest& request)
      : tree_(tree),
        labels_(labels),
        lister_(lister),
        helpers_(helpers),
        request_(request),
        after_(request.cursor.empty() ? request.after : request.cursor),
        page_(request),
        walk_(core, names, request.bucket, tree.open_bucket(request.bucket)) {}

  ListPage run(const Context& context) {
    std::string start = beginning();
    if (start.empty() && !after_.empty()) return page_.take();
    walk_.seek(std::max(start, request_.prefix));
    Walk::Found found;
    while (walk_.next(found)) {
      context.check("list " + request_.bucket);
      bool related = found.key.starts_with(request_.prefix) ||
                     (found.below && request_.prefix.starts_with(found.key));
      if (!related && found.key > request_.prefix) break;
      if (related && found.key.size() <= kLongestKey && !visit(found)) break;
    }
    add_waiting();
    return page_.take();
  }

 private:
  // The least key that can be on the page; empty with an `after` that nothing is behind.
  std::string beginning() const {
    if (after_.empty()) return "";
    if (after_.starts_with(request_.prefix)) {
      auto common = common_prefix(after_, request_.prefix, request_.delimiter);
      if (common) return after_all_with(*common);
    }
    return after_ + std::string(1, '\0');
  }

  // False ends the list.
  bool visit(const Walk::Found& found) {
    std::optional<std::string> common;
    if (found.key.starts_with(request_.prefix)) {
      common = common_prefix(found.key, request_.prefix, request_.delimiter);
    }
    if (common && *common <= after_) return pass(*common);
    if (found.below && !common) {
      walk_.descend(found);
      return true;
    }
    if (common) return visit_common(found, *common);
    if (!codec::is_utf8(found.key) || found.key.empty()) return true;
    auto folder = walk_.folder();
    if (!folder) return true;
    if (waiting_.empty() || waiting_.back().folder != folder) ++held_folders_;
    waiting_.push_back({found.key, found.name, std::move(folder)});
    // One more than there is room for, to know whether there is another page.
    if (waiting_.size() <= page_.room() && held_folders_ < kHeldFolders) return true;
    return add_waiting();
  }

  // The page gets `common` when what was found is an object, or holds one.
  bool visit_common(const Walk::Found& found, const std::string& common) {
    if (!add_waiting()) return false;
    if (found.below) {
      if (!lister_.holds_object(walk_.path_of(found))) return true;
    } else {
      if (!codec::is_utf8(found.key) || found.key.empty()) return true;
      const auto folder = walk_.folder();
      if (!folder || !info_of(found.key, found.name, folder->get())) return true;
    }
    if (!page_.has_room()) return false;
    page_.add_prefix(common);
    return pass(common);
  }

  // Reads what was found and not yet read, and adds what is still there to the page. False when
  // the page is full.
  bool add_waiting() {
    std::vector<std::optional<ObjectInfo>> infos(waiting_.size());
    helpers_.each(waiting_.size(), [&](std::size_t i) {
      const Waiting& each = waiting_[i];
      infos[i] = info_of(each.key, each.name, each.folder->get());
    });
    page_.expect(infos.size());
    bool fits = true;
    for (auto& info : infos) {
      if (!info) continue;
      fits = page_.has_room();
      if (!fits) break;
      page_.add_object(std::move(*info));
    }
    waiting_.clear();
    held_folders_ = 0;
    return fits;
  }

  // Over all keys with this prefix.
  bool pass(const std::string& prefix) {
    std::string beyond = after_all_with(prefix);
    if (beyond.empty()) return false;
    walk_.seek(beyond);
    return true;
  }

  // On any thread.
  std::optional<ObjectInfo> info_of(const std::string& key, const std::string& name,
                                    int folder) const {
    const ObjectRef ref{request_.bucket, key};
    if (auto object = labels_.read_closed(ref, folder, name, request_.with_attributes)) {
      return object->info(key);
    }
    for (int attempt = 0; attempt < 100; ++attempt) {
      std::optional<ObjectFile> file;
      bool readable = true;
      try {
        file = tree_.open_in(folder, name);
      } catch (const AccessDenied&) {
        readable = false;
        file = tree_.look_in(folder, name);
      }
      if (!file) return std::nullopt;
      if (!readable) return LabelStore::by_hand(*file).info(key);
      auto object = labels_.read(ref, *file, request_.with_attributes);
      if (object) return object->info(key);
    }
    throw Unavailable("list " + ref.text(), "it changes all the time");
  }

  // An object on its way to the page.
  struct Waiting {
    std::string key, name;
    std::shared_ptr<const Descriptor> folder;
  };

  const ObjectTree& tree_;
  const LabelStore& labels_;
  const Lister& lister_;
  Helpers& helpers_;
  const ListRequest& request_;
  const std::string after_;
  PageBuilder page_;
  Walk walk_;
  std::vector<Waiting> waiting_;
  std::size_t held_folders_ = 0;  // of those that wait
};

}  // namespace

ListPage Lister::list(const Context& context, const ListRequest& request) {
  check_list_request(request);
  return Listing(core_, tree_, labels_, *this, names_, helpers_, request).run(context);
}

}  // namespace holdfast::storage
