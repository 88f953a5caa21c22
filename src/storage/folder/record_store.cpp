#include "storage/folder/record_store.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "storage/folder/key_path.h"
#include "storage/lock_rules.h"

namespace holdfast::storage {

namespace {

std::string kept_path(const std::string& bucket, const std::string& revision) {
  return bucket + "/" + revision.substr(0, 2) + "/" + revision;
}

std::string read_record(const ObjectFile& file, const ObjectRef& ref) {
  const auto size = std::uint64_t(file.info.st_size);
  if (size > kRecordLimit) throw Corrupt("read the versions of " + ref.text(), "too large");
  std::string bytes(std::size_t(size), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    ssize_t count = ::pread(file.file.get(), &bytes[done], bytes.size() - done, off_t(done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_file_error(errno, "read the versions of " + ref.text());
    if (count == 0) break;
    done += std::size_t(count);
  }
  bytes.resize(done);
  return bytes;
}

Descriptor duplicate(const Descriptor& from) {
  return from ? Descriptor(::fcntl(from.get(), F_DUPFD_CLOEXEC, 0)) : Descriptor();
}

}  // namespace

RecordStore::RecordStore(Core& core)
    : core_(core),
      tree_(shadow_),
      labels_(shadow_),
      names_(shadow_),
      lister_(shadow_, tree_, labels_, names_) {
  shadow_.options = core.options;
  shadow_.root = duplicate(core.records);
  shadow_.temporary = duplicate(core.record_files);
}

std::shared_ptr<RecordStore::BucketState> RecordStore::load(const std::string& bucket) const {
  auto out = std::make_shared<BucketState>();
  auto settings = std::make_shared<BucketSettings>();
  if (core_.settings) {
    ReadFile read = read_small(core_.settings.get(), bucket, kSettingsLimit);
    if (read.error != ENOENT) {
      check_file(read.error, "read the settings of bucket " + bucket);
      auto found = decode_settings(read.bytes);
      if (!found) {
        throw Corrupt("read the settings of bucket " + bucket, "they are damaged",
                      "restore .hf~sys/buckets from a copy of the folder");
      }
      *settings = std::move(*found);
    }
  }
  out->settings = std::move(settings);
  out->has_records = shadow_.root && open_at(shadow_.root.get(), bucket, O_PATH);
  return out;
}

std::shared_ptr<RecordStore::BucketState> RecordStore::state(const std::string& bucket) const {
  // Another process may be writing while this one only reads.
  if (core_.options.read_only) return load(bucket);
  {
    std::shared_lock lock(mutex_);
    auto found = states_.find(bucket);
    if (found != states_.end()) return found->second;
  }
  check_bucket_name(bucket);
  std::unique_lock lock(mutex_);
  auto found = states_.find(bucket);
  if (found != states_.end()) return found->second;
  return states_[bucket] = load(bucket);
}

std::shared_ptr<const BucketSettings> RecordStore::settings(const std::string& bucket) const {
  auto known = state(bucket);
  std::shared_lock lock(mutex_);
  return known->settings;
}

void RecordStore::change_settings(const std::string& bucket,
                                  const std::function<void(BucketSettings&)>& change) {
  std::lock_guard changing(changing_);
  auto known = state(bucket);
  const BucketSettings before = *settings(bucket);
  BucketSettings after = before;
  change(after);
  if (after == before) return;
  check_settings_change(before, after, bucket);
  write_durably_at(core_, core_.settings.get(), bucket, encode_settings(after));
  std::unique_lock lock(mutex_);
  known->settings = std::make_shared<BucketSettings>(std::move(after));
}

bool RecordStore::has_records(const std::string& bucket) const {
  return state(bucket)->has_records;
}

KeyRecord RecordStore::read(const ObjectRef& ref) const {
  if (!has_records(ref.bucket)) return {};
  auto file = tree_.open_in(shadow_.root.get(), ref.bucket + "/" + path_of_key(ref.key));
  if (!file) return {};
  auto record = decode_key_record(read_record(*file, ref));
  if (!record) {
    throw Corrupt("read the versions of " + ref.text(), "their record is damaged",
                  "restore its file in .hf~sys/records from a copy of the folder");
  }
  return std::move(*record);
}

void RecordStore::write(const ObjectRef& ref, const KeyRecord& record) {
  if (record.entries.empty()) return remove_record(ref);
  const std::string what = "write the versions of " + ref.text();
  auto known = state(ref.bucket);
  if (!known->has_records) {
    Opened bucket = open_or_make_folder(shadow_.root.get(), ref.bucket, true);
    check_file(bucket.error, what);
    known->has_records = true;
  }
  TemporaryFile file(shadow_);
  check_file(write_at(file.file(), encode_key_record(record), 0), what);
  check_file(sync_data(file.file(), file.name()), what);
  tree_.publish({ref.bucket, ref.key}, file, [] { return ObjectTree::Replaced::kGoes; });
}

void RecordStore::remove_record(const ObjectRef& ref) {
  if (!has_records(ref.bucket)) return;
  std::string folder;
  ObjectTree::RemovalHooks hooks{[](ObjectFile&) {}, [] {}};
  if (tree_.remove({ref.bucket, ref.key}, hooks, folder)) tree_.settle(ref.bucket, {folder});
}

ListPage RecordStore::keys(const Context& context, const ListRequest& request) {
  if (!has_records(request.bucket)) return {};
  return lister_.list(context, request);
}

void RecordStore::keep_file(const ObjectRef& ref, const ObjectFile& file,
                            const std::string& revision) {
  const std::string what = "keep the version before of " + ref.text();
  Opened bucket = open_or_make_folder(core_.old.get(), ref.bucket, true);
  check_file(bucket.error, what);
  Opened folder = open_or_make_folder(bucket.file.get(), revision.substr(0, 2), true);
  check_file(folder.error, what);
  int error = link_open_file(file.file.get(), folder.file.get(), revision);
  if (error != EEXIST) check_file(error, what);
  core_.folder_sync.sync(folder.file.get(), revision);
}

std::optional<ObjectFile> RecordStore::open_kept(const std::string& bucket,
                                                 const std::string& revision) const {
  if (!core_.old) return std::nullopt;
  return ObjectTree(core_).open_in(core_.old.get(), kept_path(bucket, revision));
}

TemporaryFile RecordStore::link_kept(const ObjectRef& ref, const std::string& revision) {
  const std::string name = core_.unique_name(), what = "bring back a version of " + ref.text();
  Opened folder = open_folder_at(core_.old.get(), ref.bucket + "/" + revision.substr(0, 2));
  check_file(folder.error, what);
  check_file(link_at(folder.file.get(), revision, core_.temporary.get(), name), what);
  return {core_, name, Descriptor()};
}

void RecordStore::remove_kept(const std::string& bucket, const std::string& revision) {
  Opened folder = open_folder_at(core_.old.get(), bucket + "/" + revision.substr(0, 2));
  if (folder.error == ENOENT) return;
  check_file(folder.error, "remove an old version in bucket " + bucket);
  int error = remove_at(folder.file.get(), revision);
  if (error != ENOENT) check_file(error, "remove an old version in bucket " + bucket);
}

bool RecordStore::knows(const std::string& bucket) const {
  return open_at(core_.settings.get(), bucket, O_PATH) ||
         open_at(core_.records.get(), bucket, O_PATH) || open_at(core_.old.get(), bucket, O_PATH);
}

void RecordStore::forget_bucket(const std::string& bucket) {
  std::lock_guard changing(changing_);
  const Context context = Context::background();
  ListRequest request{.bucket = bucket};
  do {  // what is left of records that tell of no version
    ListPage page = keys(context, request);
    for (const ObjectInfo& key : page.objects) remove_record({bucket, key.key});
    request.cursor = page.next;
  } while (!request.cursor.empty());
  check_file(remove_all_at(core_.records.get(), bucket), "forget bucket " + bucket);
  check_file(remove_all_at(core_.old.get(), bucket), "forget bucket " + bucket);
  int error = remove_at(core_.settings.get(), bucket);
  if (error != ENOENT) check_file(error, "forget bucket " + bucket);
  core_.folder_sync.sync(core_.settings.get(), bucket);
  std::unique_lock lock(mutex_);
  states_.erase(bucket);
}

}  // namespace holdfast::storage
