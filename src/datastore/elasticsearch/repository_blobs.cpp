#include "datastore/elasticsearch/repository_blobs.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"

namespace holdfast::datastore::es {

namespace {

constexpr std::string_view kEnlarge = "a repository of that size cannot be looked at as a whole";

std::string trimmed(std::string path) {
  while (path.ends_with('/')) path.pop_back();
  path.erase(0,
             path.find_first_not_of('/') == path.npos ? path.size() : path.find_first_not_of('/'));
  return path;
}

void check_count(std::size_t count, const std::string& place) {
  if (count < kMostBlobs) return;
  throw Refused("list " + place, fmt::format("there are more than {} blobs", kMostBlobs),
                std::string(kEnlarge));
}

[[noreturn]] void too_large(const std::string& place, const std::string& name, std::uint64_t most) {
  throw Corrupt(fmt::format("read {}/{}", place, name),
                fmt::format("it has more than {} bytes", most));
}

class BucketBlobs : public RepositoryBlobs {
 public:
  BucketBlobs(storage::Storage& storage, std::string bucket, const std::string& base_path)
      : storage_(storage), bucket_(std::move(bucket)), base_(trimmed(base_path)) {
    place_ = base_.empty() ? bucket_ : bucket_ + "/" + base_;
    if (!base_.empty()) base_ += '/';
  }

  const std::string& place() const override { return place_; }

  std::optional<std::string> read(const Context& context, const std::string& name,
                                  std::uint64_t most) override {
    auto reader = get(context, name);
    if (!reader) return std::nullopt;
    if (reader->length() > most) too_large(place_, name, most);
    return read_all(*reader, most);
  }

  std::unique_ptr<Source> open(const Context& context, const std::string& name) override {
    return get(context, name);
  }

  std::map<std::string, std::uint64_t> list(const Context& context,
                                            const std::string& prefix) override {
    std::map<std::string, std::uint64_t> found;
    storage::list_all(
        storage_, context, bucket_, base_ + prefix, [&](const storage::ObjectInfo& object) {
          check_count(found.size(), place_);
          found.emplace_hint(found.end(), object.key.substr(base_.size()), object.size);
        });
    return found;
  }

 private:
  std::unique_ptr<storage::Reader> get(const Context& context, const std::string& name) {
    try {
      return storage_.get(context, {bucket_, base_ + name}, {});
    } catch (const NotFound& error) {
      // A missing bucket is no missing blob.
      if (error.code() == storage::kNoSuchBucket) throw;
      return nullptr;
    }
  }

  storage::Storage& storage_;
  const std::string bucket_;
  std::string base_;  // empty, or with a slash at its end
  std::string place_;
};

// A stream that keeps its file open.
class FileStream : public Source {
 public:
  FileStream(Descriptor file, std::uint64_t size, const fs::path& path)
      : file_(std::move(file)), source_({file_.get(), 0, size}, path.string()) {}
  std::size_t read(std::span<char> into) override { return source_.read(into); }
  std::optional<std::uint64_t> size() const override { return source_.size(); }

 private:
  Descriptor file_;
  FileSource source_;
};

class FolderBlobs : public RepositoryBlobs {
 public:
  explicit FolderBlobs(const fs::path& folder) : folder_(folder), place_(folder.string()) {
    if (!fs::is_directory(folder_)) {
      throw NotFound::with_code(kNoSuchFile, "open " + place_, "there is no such folder",
                                "name the repository's folder as this machine sees it");
    }
  }

  const std::string& place() const override { return place_; }

  std::optional<std::string> read(const Context& context, const std::string& name,
                                  std::uint64_t most) override {
    auto source = open(context, name);
    if (!source) return std::nullopt;
    if (source->size().value_or(0) > most) too_large(place_, name, most);
    return read_all(*source, most);
  }

  std::unique_ptr<Source> open(const Context& context, const std::string& name) override {
    context.check("read " + place_);
    const fs::path path = folder_ / name;
    try {
      Descriptor file = open_for_reading(path);
      const std::uint64_t size = size_of_file(path);
      return std::make_unique<FileStream>(std::move(file), size, path);
    } catch (const NotFound&) {
      return nullptr;
    }
  }

  std::map<std::string, std::uint64_t> list(const Context& context,
                                            const std::string& prefix) override {
    context.check("list " + place_);
    const std::string below = prefix.substr(0, prefix.rfind('/') + 1);
    std::map<std::string, std::uint64_t> found;
    if (!fs::is_directory(folder_ / below)) return found;
    auto add = [&](std::string name, std::uint64_t size) {
      check_count(found.size(), place_);
      found.emplace(std::move(name), size);
    };
    for (const fs::directory_entry& entry : fs::directory_iterator(folder_ / below)) {
      const std::string name = below + entry.path().filename().string();
      if (entry.is_regular_file()) {
        if (name.starts_with(prefix)) add(name, size_of_file(entry.path()));
      } else if (entry.is_directory() && name.starts_with(prefix)) {
        for (const WalkedFile& file : walk_files(entry.path(), Links::kFollowFolders)) {
          add(name + "/" + file.relative, file.size);
        }
      }
    }
    return found;
  }

 private:
  const fs::path folder_;
  const std::string place_;
};

}  // namespace

std::unique_ptr<RepositoryBlobs> blobs_in_bucket(storage::Storage& storage, std::string bucket,
                                                 const std::string& base_path) {
  return std::make_unique<BucketBlobs>(storage, std::move(bucket), base_path);
}

std::unique_ptr<RepositoryBlobs> blobs_in_folder(const fs::path& folder) {
  return std::make_unique<FolderBlobs>(folder);
}

}  // namespace holdfast::datastore::es
