#include "storage/folder/lister.h"

#include <cerrno>
#include <dirent.h>
#include <fcntl.h>

#include "base/error.h"
#include "codec/text.h"
#include "storage/folder/key_path.h"
#include "storage/rules.h"

namespace holdfast::storage {

namespace {

constexpr std::size_t kLongestKey = 1024;
constexpr std::size_t kOpenFrames = 8;  // folders on the way that stay open
constexpr std::size_t kFirstLook = 16;  // folders in a folder that are looked into before the rest

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

  // The folder that the last entry was found in.
  int folder() { return open(frames_.back()); }
  std::string path_of(const Found& found) const { return frames_.back().path + "/" + found.name; }

 private:
  struct Frame {
    std::string key, path;  // of the folder: "a/b/", and from the root
    Descriptor folder;      // closed when many folders deeper ones are open
    std::shared_ptr<const FolderNames> names;
    std::size_t index = 0;
  };

  void push(std::string key, std::string path, Descriptor folder, const std::string& from) {
    if (frames_.size() >= kOpenFrames) frames_.back().folder.close();
    frames_.push_back({std::move(key), std::move(path), std::move(folder), nullptr, 0});
    if (!load(frames_.back(), from)) frames_.pop_back();
  }

  int open(Frame& frame) {
    if (!frame.folder) {
      Opened opened = open_folder_at(core_.root.get(), frame.path);
      if (!opened && !nothing_there(opened.error)) {
        check_file(opened.error, "open folder " + frame.path);
      }
      frame.folder = std::move(opened.file);
    }
    return frame.folder.get();
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

  // False: the page is full, and `name` is the first that does not fit.
  bool has_room() {
    if (page_.objects.size() + page_.prefixes.size() < request_.limit) return true;
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
          NamesCache& names, const ListRequest& request)
      : tree_(tree),
        labels_(labels),
        lister_(lister),
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
    if (found.below) {
      if (!lister_.holds_object(walk_.path_of(found))) return true;
      if (!page_.has_room()) return false;
      page_.add_prefix(*common);
      return pass(*common);
    }
    if (!codec::is_utf8(found.key) || found.key.empty()) return true;
    auto info = info_of(found);
    if (!info) return true;
    if (!page_.has_room()) return false;
    if (common) {
      page_.add_prefix(*common);
      return pass(*common);
    }
    page_.add_object(std::move(*info));
    return true;
  }

  // Over all keys with this prefix.
  bool pass(const std::string& prefix) {
    std::string beyond = after_all_with(prefix);
    if (beyond.empty()) return false;
    walk_.seek(beyond);
    return true;
  }

  std::optional<ObjectInfo> info_of(const Walk::Found& found) {
    const ObjectRef ref{request_.bucket, found.key};
    int folder = walk_.folder();
    if (folder < 0) return std::nullopt;
    for (int attempt = 0; attempt < 100; ++attempt) {
      std::optional<ObjectFile> file;
      bool readable = true;
      try {
        file = tree_.open_in(folder, found.name);
      } catch (const AccessDenied&) {
        readable = false;
        file = tree_.look_in(folder, found.name);
      }
      if (!file) return std::nullopt;
      if (!readable) return LabelStore::by_hand(*file).info(found.key);
      auto object = labels_.read(ref, *file, request_.with_attributes);
      if (object) return object->info(found.key);
    }
    throw Unavailable("list " + ref.text(), "it changes all the time");
  }

  const ObjectTree& tree_;
  const LabelStore& labels_;
  const Lister& lister_;
  const ListRequest& request_;
  const std::string after_;
  PageBuilder page_;
  Walk walk_;
};

}  // namespace

ListPage Lister::list(const Context& context, const ListRequest& request) {
  check_list_request(request);
  return Listing(core_, tree_, labels_, *this, names_, request).run(context);
}

}  // namespace holdfast::storage
