#include "datastore/clickhouse/unpack.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <map>
#include <mutex>

#include "base/error.h"
#include "base/worker_pool.h"
#include "codec/inflate.h"
#include "codec/tar.h"
#include "datastore/clickhouse/part.h"
#include "datastore/clickhouse/part_check.h"
#include "transfer/ordered_fetch.h"

namespace holdfast::datastore::ch {

namespace {

constexpr std::size_t kBuffer = 256 << 10;
constexpr std::uint64_t kWriteOut = 4 << 20;  // bytes after which the disk is told to begin
constexpr std::size_t kMostKept = 1 << 20;    // bytes of a part's small texts
constexpr unsigned kFileMode = 0640;

// A new file. What it takes is on its way to the disk while more is being fetched, so that little
// is left to the sync of all at the end. Small files are left to that: for them the hint costs
// more.
class ArrivingFile {
 public:
  explicit ArrivingFile(fs::path path)
      : path_(std::move(path)), file_(create_file(path_, kFileMode)) {}

  void write(std::string_view bytes) {
    write_all(file_.get(), bytes, path_);
    written_ += bytes.size();
    if (written_ - begun_ >= kWriteOut) begin_rest();
  }
  void end() {
    if (begun_ > 0) begin_rest();
  }

 private:
  void begin_rest() {
    begin_writing_out(file_.get(), begun_, written_ - begun_);
    begun_ = written_;
  }

  const fs::path path_;
  Descriptor file_;
  std::uint64_t written_ = 0, begun_ = 0;
};

// A part while its files arrive.
class Arriving {
 public:
  Arriving(const Place& place, const UnpackItem& item) : place_(place), item_(item) {
    check_ = std::any_of(item.part->objects.begin(), item.part->objects.end(),
                         [](const PartObject& object) { return !object.digest; });
    if (writes()) make_folders(item.folder);
  }

  // Takes the bytes of a file from `read` until that returns 0.
  template <typename Read>
  void take(const std::string& name, std::uint64_t size, Read read) {
    if (name.empty()) corrupt("an archive has a file without a name");
    bytes_ += size;
    if (item_.part->bytes > 0 && bytes_ > item_.part->bytes) {
      corrupt(fmt::format("it holds more than the {} bytes that are recorded", item_.part->bytes));
    }
    std::optional<ArrivingFile> file = open(name);
    if (check_) part_check_.begin(name, size);
    // Most files are far smaller than what one read should take of a large one.
    std::vector<char> buffer(std::size_t(std::clamp<std::uint64_t>(size, 1, kBuffer)));
    while (std::size_t count = read(std::span<char>(buffer))) {
      std::string_view bytes(buffer.data(), count);
      if (check_) part_check_.add(bytes);
      if (file) file->write(bytes);
      keep(name, bytes);
    }
    if (file) file->end();
    if (writes()) note(name, size);
    if (check_) part_check_.end();
    ++count_;
  }

  void finish() {
    if (count_ == 0) corrupt("no archive holds it");
    if (check_) {
      if (auto problem = part_check_.finish()) corrupt(*problem);
    }
    if (!writes()) return;
    const PartFacts facts = facts_of_arrived();
    const NeededPart& part = *item_.part;
    if (!part.identity.empty() && part.identity != facts.identity) {
      corrupt("its content is not what was recorded");
    }
    if (part.checksum && *part.checksum != facts.checksum) {
      corrupt("its checksums.txt is not what was recorded");
    }
  }

  const std::string& backup() const { return item_.part->backup; }

  [[noreturn]] void corrupt(const std::string& why) const {
    throw Corrupt(
        "read " + place_.object(item_.part->backup, item_.part->objects.front().key).text(),
        fmt::format("part {}: {}", item_.part->stored, why),
        "the stored part is damaged: use another backup");
  }

 private:
  bool writes() const { return !item_.folder.empty(); }

  struct Arrived {
    std::uint64_t size = 0;
    std::string text;  // where the facts need it
  };

  void keep(const std::string& name, std::string_view bytes) {
    if (!writes() || !PartFactsMaker::needs_text(name)) return;
    kept_ += bytes.size();
    if (kept_ <= kMostKept) files_[name].text += bytes;
  }
  void note(const std::string& name, std::uint64_t size) { files_[name].size = size; }

  // What arrived is what lies there: reading the small files again would cost more than they did.
  PartFacts facts_of_arrived() {
    if (kept_ > kMostKept) return look_at_part(item_.folder);
    PartFactsMaker maker;
    for (const auto& [name, file] : files_) maker.add(name, file.size, file.text);
    return maker.finish(item_.folder.string());
  }

  std::optional<ArrivingFile> open(const std::string& name) {
    if (!writes()) return std::nullopt;
    const fs::path path = item_.folder / name;
    if (name.find('/') != std::string::npos) make_folders(path.parent_path());
    return std::optional<ArrivingFile>(std::in_place, path);
  }

  const Place& place_;
  const UnpackItem& item_;
  bool check_ = false;
  PartCheck part_check_;
  std::uint64_t bytes_ = 0, count_ = 0, kept_ = 0;
  std::map<std::string, Arrived> files_;  // of a part that is written
};

// The objects that hold one part, or several parts together.
struct Group {
  std::vector<const UnpackItem*> items;
  const NeededPart& first() const { return *items.front()->part; }
};

class Unpacker {
 public:
  Unpacker(const Context& context, const Place& place, const transfer::TransferOptions& options,
           Progress& progress)
      : context_(context),
        place_(place),
        environment_(*place.storage, options, progress, "download"),
        threads_(environment_.limiter.threads(options.threads)),
        ahead_(context, environment_, threads_) {}

  void run(const std::vector<UnpackItem>& items,
           const std::function<void(const std::string&)>* problem);

 private:
  static std::vector<Group> group(const std::vector<UnpackItem>& items);
  void unpack_group(const Context& context, const Group& group);
  void read_archive(const Context& context, const Group& group, const PartObject& object,
                    std::map<std::string, Arriving>& arriving);
  void read_file(const Context& context, const PartObject& object, Arriving& arriving);

  const Context& context_;
  const Place& place_;
  transfer::FetchEnvironment environment_;
  const unsigned threads_;
  transfer::FetchAhead ahead_;
};

std::vector<Group> Unpacker::group(const std::vector<UnpackItem>& items) {
  std::map<std::string, Group> shared;
  std::vector<Group> groups;
  for (const UnpackItem& item : items) {
    if (!item.part->shares_objects) {
      groups.push_back({{&item}});
    } else {
      shared[item.part->backup + "/" + item.part->objects.front().key].items.push_back(&item);
    }
  }
  for (auto& [key, group] : shared) groups.push_back(std::move(group));
  // The largest first, so that the last ones are short.
  std::stable_sort(groups.begin(), groups.end(), [](const Group& a, const Group& b) {
    return a.first().bytes > b.first().bytes;
  });
  return groups;
}

void Unpacker::read_archive(const Context& context, const Group& group, const PartObject& object,
                            std::map<std::string, Arriving>& arriving) {
  const NeededPart& part = group.first();
  const storage::ObjectRef ref = place_.object(part.backup, object.key);
  const std::string what = "read " + ref.text();
  transfer::OrderedFetch fetched(context, ahead_, ref, object.size, object.digest, object.revision);
  std::unique_ptr<codec::InflateSource> plain;
  if (part.format != Format::kTar) {
    plain = std::make_unique<codec::InflateSource>(
        fetched,
        part.format == Format::kGzip ? codec::Compression::kGzip : codec::Compression::kZstd, what);
  }
  Source& source = plain ? static_cast<Source&>(*plain) : fetched;
  codec::TarReader tar(source, {}, what);
  while (auto entry = tar.next()) {
    std::string_view name = entry->name;
    if (name.starts_with("./")) name.remove_prefix(2);
    if (name.starts_with('/')) name.remove_prefix(1);
    const std::size_t slash = name.find('/');
    if (slash == std::string_view::npos) throw Corrupt(what, "a file of it is in no part's folder");
    auto found = arriving.find(std::string(name.substr(0, slash)));
    if (found == arriving.end()) {
      if (part.shares_objects) continue;
      throw Corrupt(what, "it holds another part");
    }
    found->second.take(std::string(name.substr(slash + 1)), entry->size,
                       [&](std::span<char> into) { return tar.read(into); });
  }
  // The digest is compared where the object ends.
  std::array<char, 1024> rest;
  while (fetched.read(rest) > 0) {
  }
}

void Unpacker::read_file(const Context& context, const PartObject& object, Arriving& arriving) {
  const std::string_view bad = codec::why_bad_tar_name(object.file);
  if (!bad.empty()) arriving.corrupt(std::string(bad));
  transfer::OrderedFetch fetched(context, ahead_, place_.object(arriving.backup(), object.key),
                                 object.size, object.digest, object.revision);
  arriving.take(object.file, object.size, [&](std::span<char> into) { return fetched.read(into); });
}

void Unpacker::unpack_group(const Context& context, const Group& group) {
  std::map<std::string, Arriving> arriving;
  for (const UnpackItem* item : group.items)
    arriving.try_emplace(item->part->stored, place_, *item);
  for (const PartObject& object : group.first().objects) {
    if (group.first().format == Format::kFiles) {
      read_file(context, object, arriving.begin()->second);
    } else {
      read_archive(context, group, object, arriving);
    }
  }
  for (auto& [name, part] : arriving) part.finish();
}

void Unpacker::run(const std::vector<UnpackItem>& items,
                   const std::function<void(const std::string&)>* problem) {
  WorkerPool pool(context_, threads_);
  for (Group& each : group(items)) {
    pool.submit([this, &pool, problem, group = std::move(each)] {
      try {
        unpack_group(pool.context(), group);
      } catch (const Corrupt& error) {
        if (problem) {
          (*problem)(fmt::format("{}: {}", error.subject(), error.reason()));
        } else {
          throw Corrupt(error.subject(), error.reason(), "use another backup");
        }
      } catch (const Error& error) {
        const bool is_damage = error.kind() == ErrorKind::kCorrupt ||
                               error.kind() == ErrorKind::kNotFound ||
                               error.kind() == ErrorKind::kPreconditionFailed;
        if (!problem || !is_damage) throw;
        (*problem)(fmt::format("{}: {}", error.subject(), error.reason()));
      }
    });
  }
  pool.finish();
}

}  // namespace

void unpack(const Context& context, const Place& place, const std::vector<UnpackItem>& items,
            const transfer::TransferOptions& options, Progress& progress) {
  Unpacker(context, place, options, progress).run(items, nullptr);
}

void check_parts(const Context& context, const Place& place,
                 const std::vector<const NeededPart*>& parts,
                 const transfer::TransferOptions& options, Progress& progress,
                 const std::function<void(const std::string&)>& problem) {
  std::vector<UnpackItem> items;
  for (const NeededPart* part : parts) items.push_back({part, {}});
  std::mutex mutex;
  const std::function<void(const std::string&)> one_by_one = [&](const std::string& text) {
    std::lock_guard lock(mutex);
    problem(text);
  };
  Unpacker(context, place, options, progress).run(items, &one_by_one);
}

}  // namespace holdfast::datastore::ch
