#include "storage/folder/folder_multipart.h"

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>

#include "base/error.h"
#include "base/log.h"
#include "base/random.h"
#include "codec/text.h"
#include "storage/folder/sealed_object.h"
#include "storage/rules.h"

namespace holdfast::storage {

namespace {

constexpr std::size_t kRecent = 64;  // uploads whose files stay open
constexpr std::size_t kStartLimit = 64 << 10;
constexpr const char* kMarks = "marks";  // file in an upload's folder

bool is_upload_id(const std::string& id) {
  auto raw = id.size() == 2 * kIdSize ? codec::from_hex(id) : std::nullopt;
  return raw && codec::to_hex(*raw) == id;
}

}  // namespace

std::string FolderMultipart::create(const Context& context, const ObjectRef& ref,
                                    const Attributes& attributes,
                                    std::optional<Checksum> checksum_kind,
                                    const EncryptionRequest& encryption) {
  check_key(ref.key);
  core_.check_writable("begin the upload of " + ref.text());
  objects_.tree().check_bucket(ref.bucket);
  core_.check_space(0);
  const std::string id = random_hex(kIdSize), what = "begin the upload of " + ref.text();
  std::string seal;
  if (!encryption.empty()) {
    seal = begin_sealed_upload(sealing_key(core_.options, encryption, what));
  }
  Opened bucket = open_or_make_folder(core_.uploads.get(), ref.bucket, true);
  check_file(bucket.error, what);
  UploadStart start{ref.key, Duration(context.clock().now().time_since_epoch()).count(), attributes,
                    std::move(checksum_kind), std::move(seal)};
  check_file(make_folder_at(bucket.file.get(), id), what);
  try {
    Opened folder = open_folder_at(bucket.file.get(), id);
    check_file(folder.error, what);
    auto upload = Upload::make(core_, std::move(folder.file), std::move(start));
    core_.folder_sync.sync(bucket.file.get(), id);
    std::lock_guard lock(mutex_);
    remember(id, std::move(upload));
  } catch (...) {
    remove_all_at(bucket.file.get(), id);
    throw;
  }
  return id;
}

void FolderMultipart::mark(const ObjectRef& ref, const std::string& upload_id, const Marks& marks) {
  auto upload = find(ref, upload_id);
  std::lock_guard completing(upload->completing());
  Opened folder = open_folder_at(core_.uploads.get(), ref.bucket + "/" + upload_id);
  if (folder.error == ENOENT) throw_no_such_upload(ref);
  check_file(folder.error, "mark the upload of " + ref.text());
  write_durably_at(core_, folder.file.get(), kMarks, encode_marks(marks));
}

Marks FolderMultipart::marks_of(const ObjectRef& ref, const std::string& upload_id) const {
  const std::string path = ref.bucket + "/" + upload_id + "/" + kMarks;
  ReadFile read = read_small(core_.uploads.get(), path, kUploadMarksLimit);
  if (read.error == ENOENT) return {};
  check_file(read.error, "read the marks of the upload of " + ref.text());
  auto marks = decode_marks(read.bytes);
  if (!marks) throw Corrupt("complete " + ref.text(), "the upload's marks are damaged");
  return std::move(*marks);
}

void FolderMultipart::remember(const std::string& upload_id, std::shared_ptr<Upload> upload) {
  known_[upload_id] = upload;
  recent_.push_front(std::move(upload));
  if (recent_.size() > kRecent) recent_.pop_back();
  if (known_.size() > 4 * kRecent) {
    std::erase_if(known_, [](const auto& each) { return each.second.expired(); });
  }
}

std::shared_ptr<Upload> FolderMultipart::find(const ObjectRef& ref, const std::string& upload_id) {
  check_key(ref.key);
  check_bucket_name(ref.bucket);
  if (!is_upload_id(upload_id)) throw_no_such_upload(ref);
  std::lock_guard lock(mutex_);
  auto known = known_.find(upload_id);
  std::shared_ptr<Upload> upload = known == known_.end() ? nullptr : known->second.lock();
  if (upload) {
    auto place = std::find(recent_.begin(), recent_.end(), upload);
    if (place != recent_.end()) recent_.splice(recent_.begin(), recent_, place);
  } else if (core_.uploads) {
    Opened folder = open_folder_at(core_.uploads.get(), ref.bucket + "/" + upload_id);
    if (folder) upload = Upload::open(core_, std::move(folder.file));
    if (upload) remember(upload_id, upload);
  }
  if (!upload || upload->start().key != ref.key || upload->ended()) {
    objects_.tree().check_bucket(ref.bucket);
    throw_no_such_upload(ref);
  }
  return upload;
}

// Takes the upload's folder away in one step, durably, then what is in it.
void FolderMultipart::forget(const std::string& bucket, const std::string& upload_id) {
  {
    std::lock_guard lock(mutex_);
    auto known = known_.find(upload_id);
    if (known != known_.end()) {
      if (auto upload = known->second.lock()) {
        upload->end();
        recent_.remove(upload);
      }
      known_.erase(known);
    }
  }
  const std::string what = "clear away an upload in bucket " + bucket;
  Opened folder = open_folder_at(core_.uploads.get(), bucket);
  if (folder.error == ENOENT) return;
  check_file(folder.error, what);
  const std::string aside = core_.unique_name();
  int error = rename_at(folder.file.get(), upload_id, core_.temporary.get(), aside);
  if (error == ENOENT) return;
  check_file(error, what);
  core_.folder_sync.sync(folder.file.get(), upload_id);
  check_file(remove_all_at(core_.temporary.get(), aside), what);
}

PartInfo FolderMultipart::put_part(const Context& context, const ObjectRef& ref,
                                   const std::string& upload_id, unsigned number, Source& body,
                                   const PutRequest& request) {
  check_part_number(number, ref);
  core_.check_writable("put part of " + ref.text());
  return find(ref, upload_id)->put(context, ref, number, body, request);
}

PartInfo FolderMultipart::copy_part(const Context& context, const ObjectRef& ref,
                                    const std::string& upload_id, unsigned number,
                                    const ObjectRef& source, const CopyPartRequest& request) {
  check_part_number(number, ref);
  core_.check_writable("copy part of " + ref.text());
  auto upload = find(ref, upload_id);
  OpenObject from = objects_.open_existing(source);
  check_read_condition(request.source_condition, from.info, source, true);
  const Stretch stretch = request.range ? resolve_range(*request.range, from.info.size, source)
                                        : Stretch{0, from.info.size};
  auto body = open_plain(core_.options, from, request.source_customer_key, stretch, source);
  return upload->put(context, ref, number, *body,
                     {.encryption = {.customer_key = request.customer_key}});
}

std::optional<PutResult> FolderMultipart::finished_before(const ObjectRef& ref,
                                                          const std::string& upload_id) {
  auto object = objects_.open(ref);
  if (!object || object->stored.by_hand || codec::to_hex(object->stored.label.id) != upload_id) {
    return std::nullopt;
  }
  PutResult out{object->info.etag, object->info.revision};
  if (object->stored.versioned()) out.version = out.revision;
  return out;
}

PutResult FolderMultipart::complete(const Context& context, const ObjectRef& ref,
                                    const std::string& upload_id,
                                    const std::vector<CompletedPart>& parts,
                                    const Condition& condition) {
  core_.check_writable("complete " + ref.text());
  std::shared_ptr<Upload> upload;
  try {
    upload = find(ref, upload_id);
  } catch (const NotFound& error) {
    auto before = error.code() == kNoSuchUpload ? finished_before(ref, upload_id) : std::nullopt;
    if (!before) throw;
    return *before;
  }
  std::lock_guard completing(upload->completing());
  if (upload->ended()) {
    if (auto before = finished_before(ref, upload_id)) return *before;
    throw_no_such_upload(ref);
  }
  auto chosen = choose_parts(upload->parts(), parts, core_.options.min_part_size, ref);
  objects_.check(condition, ref);
  Label label;
  label.id = codec::from_hex(upload_id).value_or("");
  std::string etag = multipart_etag(chosen);
  label.md5 = codec::from_hex(etag.substr(0, 32)).value_or("");
  label.parts = unsigned(chosen.size());
  std::uint64_t size = 0;
  for (const PartInfo& part : chosen) {
    label.part_sizes.push_back(upload->stored_size(part.size));
    size += part.size;
  }
  label.sealed = upload->seal_of(size);
  label.attributes = upload->start().attributes;
  label.attributes.checksum = combine_checksums(upload->start().checksum_kind, chosen);
  for (const ObjectPart& part : list_of_parts(chosen, label.attributes.checksum)) {
    label.part_checksums += part.checksum;
  }
  std::optional<TemporaryFile> whole;
  Published made;
  try {
    const Marks marks = marks_of(ref, upload_id);
    whole.emplace(upload->assemble(context, ref, chosen));
    made = objects_.publish(context, ref, *whole, label, condition, marks);
  } catch (...) {
    if (whole && whole->is_moved()) {
      upload->end();
    } else {
      upload->give_back();
    }
    throw;
  }
  upload->end();
  try {
    forget(ref.bucket, upload_id);
  } catch (const Error& error) {
    // The object is there; what is left of the upload goes at the next start.
    log::warning(context, error.to_string());
  }
  return {etag, made.revision, made.version, label.encryption()};
}

void FolderMultipart::abort(const Context&, const ObjectRef& ref, const std::string& upload_id) {
  core_.check_writable("abort the upload of " + ref.text());
  auto upload = find(ref, upload_id);
  std::lock_guard completing(upload->completing());
  if (upload->ended()) throw_no_such_upload(ref);
  forget(ref.bucket, upload_id);
}

PartPage FolderMultipart::parts(const Context&, const ObjectRef& ref, const std::string& upload_id,
                                unsigned after, unsigned limit) {
  PartPage page;
  for (PartInfo& part : find(ref, upload_id)->parts()) {
    if (part.number <= after) continue;
    if (page.parts.size() == limit) {
      page.more = true;
      break;
    }
    page.parts.push_back(std::move(part));
  }
  return page;
}

std::vector<std::string> FolderMultipart::upload_ids(const std::string& bucket) {
  std::vector<std::string> ids;
  if (!core_.uploads) return ids;
  Opened folder = open_folder_at(core_.uploads.get(), bucket);
  if (folder.error == ENOENT) return ids;
  check_file(folder.error, "list the uploads of bucket " + bucket);
  int error = read_folder(folder.file.get(), [&](const char* name, unsigned char type) {
    if (type == DT_DIR && is_upload_id(name)) ids.push_back(name);
    return true;
  });
  check_file(error, "list the uploads of bucket " + bucket);
  return ids;
}

std::optional<UploadStart> FolderMultipart::read_start(const std::string& bucket,
                                                       const std::string& upload_id) {
  {
    std::lock_guard lock(mutex_);
    auto known = known_.find(upload_id);
    auto upload = known == known_.end() ? nullptr : known->second.lock();
    if (upload) return upload->start();
  }
  const std::string path = bucket + "/" + upload_id;
  ReadFile read = read_small(core_.uploads.get(), path + "/upload", kStartLimit);
  bool whole = read.error == 0 && open_at(core_.uploads.get(), path + "/data", O_PATH);
  if (!whole) return std::nullopt;  // it became an object, or was never begun in full
  return decode_upload_start(read.bytes);
}

UploadPage FolderMultipart::uploads(const Context&, const UploadListRequest& request) {
  objects_.tree().check_bucket(request.bucket);
  std::vector<UploadInfo> all;
  for (const std::string& id : upload_ids(request.bucket)) {
    auto start = read_start(request.bucket, id);
    if (!start) continue;
    all.push_back(
        {start->key, id,
         WallTime(std::chrono::duration_cast<WallTime::duration>(Duration(start->started)))});
  }
  std::sort(all.begin(), all.end(), [](const UploadInfo& a, const UploadInfo& b) {
    return std::tie(a.key, a.upload_id) < std::tie(b.key, b.upload_id);
  });
  return page_of_uploads(all, request);
}

void FolderMultipart::clean(const Context& context) {
  std::vector<std::string> buckets;
  int error = read_folder(core_.uploads.get(), [&](const char* name, unsigned char) {
    buckets.push_back(name);
    return true;
  });
  check_file(error, "look for uploads");
  for (const std::string& bucket : buckets) {
    for (const std::string& id : upload_ids(bucket)) {
      auto start = read_start(bucket, id);
      bool over = !start;
      try {
        over = over || finished_before({bucket, start->key}, id).has_value();
      } catch (const NotFound&) {
        over = true;  // its bucket is gone
      }
      if (!over) continue;
      forget(bucket, id);
      log::debug(context, "cleared away a finished upload in bucket " + bucket);
    }
  }
}

}  // namespace holdfast::storage
