#include "storage/folder/upload.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/random.h"
#include "codec/text.h"
#include "storage/folder/body_writer.h"
#include "storage/folder/file_copy.h"
#include "storage/folder/sealed_object.h"
#include "storage/rules.h"

namespace holdfast::storage {

namespace {

constexpr unsigned kVersion = 1, kSealedVersion = 2;
constexpr std::size_t kStartLimit = 64 << 10;     // bytes of the description
constexpr std::size_t kJournalLimit = 64 << 20;   // bytes of all records
constexpr std::uint64_t kDataLimit = 1ull << 40;  // bytes of the shared file, holes included
const std::string kDescription = "upload", kJournal = "parts", kData = "data";

std::string own_name(std::uint64_t number) { return "part-" + std::to_string(number); }

void write_checksum(FieldWriter& writer, const std::optional<Checksum>& checksum) {
  writer.byte(checksum ? 1 : 0);
  if (!checksum) return;
  writer.byte(unsigned(checksum->algorithm));
  writer.byte(checksum->composite ? 1 : 0);
  writer.text(checksum->value);
}

bool read_checksum(FieldReader& reader, std::optional<Checksum>& checksum) {
  if (reader.byte() == 0) return reader.good();
  Checksum out;
  unsigned algorithm = reader.byte();
  if (algorithm > unsigned(codec::DigestAlgorithm::kCrc64Nvme)) return false;
  out.algorithm = codec::DigestAlgorithm(algorithm);
  out.composite = reader.byte() != 0;
  out.value = reader.text();
  checksum = std::move(out);
  return reader.good();
}

std::optional<StoredPart> decode_part(std::string_view bytes) {
  FieldReader reader(bytes);
  StoredPart part;
  part.info.number = unsigned(reader.fixed(2));
  part.info.size = reader.fixed(8);
  part.info.etag = codec::to_hex(reader.raw(16));
  part.info.modified = WallTime(
      std::chrono::duration_cast<WallTime::duration>(Duration(std::int64_t(reader.fixed(8)))));
  part.in_data = reader.byte() != 0;
  part.place = reader.fixed(8);
  part.stride = reader.fixed(8);
  if (!read_checksum(reader, part.info.checksum) || !reader.at_end()) return std::nullopt;
  return part;
}

// Gives no more than was announced: what came too much would be written over the next part.
class BoundedSource : public Source {
 public:
  BoundedSource(Source& inner, std::uint64_t limit, const ObjectRef& ref)
      : inner_(inner), left_(limit), ref_(ref) {}
  std::size_t read(std::span<char> into) override {
    std::size_t count = inner_.read(into);
    if (count > left_) {
      throw InvalidArgument("part of " + ref_.text(), "it is longer than announced");
    }
    left_ -= count;
    return count;
  }
  std::optional<std::uint64_t> size() const override { return inner_.size(); }

 private:
  Source& inner_;
  std::uint64_t left_;
  const ObjectRef& ref_;
};

}  // namespace

std::string encode_upload_start(const UploadStart& start) {
  FieldWriter writer;
  writer.byte(start.seal.empty() ? kVersion : kSealedVersion);
  if (!start.seal.empty()) writer.text(start.seal);
  writer.text(start.key);
  writer.fixed(std::uint64_t(start.started), 8);
  write_checksum(writer, start.checksum_kind);
  write_attributes(writer, start.attributes);
  return seal(writer.take());
}

std::optional<UploadStart> decode_upload_start(std::string_view bytes) {
  auto content = unseal(bytes);
  if (!content) return std::nullopt;
  FieldReader reader(*content);
  UploadStart start;
  const unsigned version = reader.byte();
  if (version == kSealedVersion) {
    start.seal = reader.text();
  } else if (version != kVersion) {
    return std::nullopt;
  }
  start.key = reader.text();
  start.started = std::int64_t(reader.fixed(8));
  if (!read_checksum(reader, start.checksum_kind) || !read_attributes(reader, start.attributes)) {
    return std::nullopt;
  }
  return start;
}

std::string encode_part(const StoredPart& part) {
  FieldWriter content;
  content.fixed(part.info.number, 2);
  content.fixed(part.info.size, 8);
  content.raw(codec::from_hex(part.info.etag).value_or(std::string(16, '\0')));
  content.fixed(std::uint64_t(Duration(part.info.modified.time_since_epoch()).count()), 8);
  content.byte(part.in_data ? 1 : 0);
  content.fixed(part.place, 8);
  content.fixed(part.stride, 8);
  write_checksum(content, part.info.checksum);
  FieldWriter record;
  record.text(seal(content.take()));
  return record.take();
}

PartJournal decode_parts(std::string_view journal) {
  PartJournal out;
  FieldReader reader(journal);
  while (reader.good() && !reader.at_end()) {
    std::string record = reader.text();
    auto content = reader.good() ? unseal(record) : std::nullopt;
    auto part = content ? decode_part(*content) : std::nullopt;
    if (!part) break;  // torn by a crash, so nobody was told of it
    out.parts[part->info.number] = std::move(*part);
    out.size = journal.size() - reader.left();
  }
  return out;
}

Upload::Upload(Core& core, Descriptor folder, UploadStart start)
    : core_(core), folder_(std::move(folder)), start_(std::move(start)) {}

std::unique_ptr<Upload> Upload::make(Core& core, Descriptor folder, UploadStart start) {
  const std::string what = "begin the upload of " + start.key;
  std::unique_ptr<Upload> upload(new Upload(core, std::move(folder), std::move(start)));
  const int in = upload->folder_.get();
  for (auto [name, file] : {std::pair{&kData, &upload->data_}, {&kJournal, &upload->journal_}}) {
    Opened created = create_at(in, *name);
    check_file(created.error, what);
    *file = std::move(created.file);
  }
  write_durably_at(core, in, kDescription, encode_upload_start(upload->start_));
  return upload;
}

std::unique_ptr<Upload> Upload::open(Core& core, Descriptor folder) {
  ReadFile description = read_small(folder.get(), kDescription, kStartLimit);
  auto start = decode_upload_start(description.bytes);
  ReadFile journal = read_small(folder.get(), kJournal, kJournalLimit);
  if (description.error != 0 || !start || journal.error != 0) return nullptr;
  int flags = core.options.read_only ? O_RDONLY : O_RDWR;
  Opened data = open_at(folder.get(), kData, flags), parts = open_at(folder.get(), kJournal, flags);
  if (!data || !parts) return nullptr;
  std::unique_ptr<Upload> upload(new Upload(core, std::move(folder), std::move(*start)));
  upload->data_ = std::move(data.file);
  upload->journal_ = std::move(parts.file);
  PartJournal records = decode_parts(journal.bytes);
  upload->parts_ = std::move(records.parts);
  upload->journal_size_ = records.size;
  for (const auto& [number, part] : upload->parts_) {
    if (part.stride > 0) upload->stride_ = part.stride;
    if (part.in_data) upload->taken_.insert(number);
  }
  return upload;
}

Upload::Slot Upload::take_slot(unsigned number, std::optional<std::uint64_t> size,
                               const ObjectRef& ref) {
  Slot slot;
  {
    std::lock_guard lock(mutex_);
    if (ended_) throw_no_such_upload(ref);
    if (stride_ == 0 && size && *size > 0) stride_ = *size;
    slot.stride = stride_;
    bool fits = size && *size > 0 && *size <= stride_ && stride_ <= kDataLimit / number;
    if (fits && !frozen_ && taken_.insert(number).second) {
      ++writing_data_;
      slot.in_data = true;
      slot.place = (number - 1) * stride_;
      slot.file = data_.get();
      return slot;
    }
  }
  slot.place = random_number();
  Opened own = create_at(folder_.get(), own_name(slot.place));
  if (own.error == ENOENT) throw_no_such_upload(ref);
  check_file(own.error, "put part of " + ref.text());
  slot.own = std::move(own.file);
  slot.file = slot.own.get();
  return slot;
}

void Upload::drop_slot(const Slot& slot, unsigned number, std::uint64_t size) {
  if (!slot.in_data) {
    ::unlinkat(folder_.get(), own_name(slot.place).c_str(), 0);
    return;
  }
  ::fallocate(slot.file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, off_t(slot.place),
              off_t(size));
  std::lock_guard lock(mutex_);
  taken_.erase(number);
  --writing_data_;
}

PartInfo Upload::put(const Context& context, const ObjectRef& ref, unsigned number, Source& body,
                     const PutRequest& request) {
  std::optional<codec::DigestAlgorithm> kind;
  if (start_.checksum_kind) kind = start_.checksum_kind->algorithm;
  const auto seal =
      key_of_part(core_.options, start_.seal, request.encryption, "part of " + ref.text());
  auto size = body.size();
  if (size) size = stored_size(*size);
  Slot slot = take_slot(number, size, ref);
  try {
    WrittenBody written;
    if (seal) {
      const SealedPart part{*seal, read_segment(start_.seal, ref.text())->object, number};
      written = write_sealed_body(context, core_, ref, body, request, slot.file,
                                  slot.in_data ? slot.place : 0, part, kind);
    } else if (slot.in_data) {
      BoundedSource bounded(body, *size, ref);
      written = write_body(context, core_, ref, bounded, request, slot.file, slot.place, kind);
    } else {
      written = write_body(context, core_, ref, body, request, slot.file, 0, kind);
    }
    check_file(sync_data(slot.file, slot.in_data ? kData : own_name(slot.place)),
               "put part of " + ref.text());
    if (!slot.in_data) core_.folder_sync.sync(folder_.get(), kDescription);
    StoredPart part{
        {number, written.size, codec::to_hex(written.md5), context.clock().now(), written.checksum},
        slot.in_data,
        slot.place,
        slot.stride};
    record(ref, part);
    if (slot.in_data) {
      std::lock_guard lock(mutex_);
      --writing_data_;
    }
    return shown(std::move(part.info));
  } catch (...) {
    drop_slot(slot, number, size.value_or(0));
    throw;
  }
}

void Upload::record(const ObjectRef& ref, StoredPart part) {
  std::uint64_t mine = 0;
  std::string bytes = encode_part(part);
  {
    std::lock_guard lock(mutex_);
    if (ended_) throw_no_such_upload(ref);
    check_file(write_at(journal_.get(), bytes, journal_size_), "note part of " + ref.text());
    journal_size_ += bytes.size();
    mine = ++records_;
  }
  core_.folder_sync.sync(journal_.get(), kJournal);
  std::optional<std::uint64_t> replaced;
  {
    std::lock_guard lock(mutex_);
    if (ended_) throw_no_such_upload(ref);
    const unsigned number = part.info.number;
    if (order_[number] > mine) return;  // sent again meanwhile, and that one was later
    order_[number] = mine;
    auto old = parts_.find(number);
    if (old != parts_.end() && !old->second.in_data) replaced = old->second.place;
    parts_[number] = std::move(part);
  }
  if (replaced) ::unlinkat(folder_.get(), own_name(*replaced).c_str(), 0);
}

std::vector<PartInfo> Upload::parts() const {
  std::lock_guard lock(mutex_);
  std::vector<PartInfo> out;
  for (const auto& [number, part] : parts_) out.push_back(shown(part.info));
  return out;
}

std::optional<SealedLabel> Upload::seal_of(std::uint64_t size) const {
  if (start_.seal.empty()) return std::nullopt;
  auto header = read_segment(start_.seal, "upload of " + start_.key);
  if (!header) throw Corrupt("upload of " + start_.key, "its head is damaged", "begin it anew");
  return SealedLabel{header->with, size};
}

std::uint64_t Upload::stored_size(std::uint64_t size) const {
  return start_.seal.empty() ? size : sealed_size(size);
}

PartInfo Upload::shown(PartInfo part) const {
  const auto seal = seal_of(0);
  if (!seal) return part;
  part.size = plain_size(part.size).value_or(0);
  part.encryption = {"AES256", "", seal->with == SealedWith::kCustomerKey};
  return part;
}

std::vector<StoredPart> Upload::snapshot(const ObjectRef& ref,
                                         const std::vector<PartInfo>& chosen) {
  std::vector<StoredPart> out;
  std::lock_guard lock(mutex_);
  for (const PartInfo& info : chosen) {
    auto part = parts_.find(info.number);
    if (part == parts_.end() || part->second.info.etag != info.etag) {
      throw Unavailable("complete " + ref.text(), "a part was sent again meanwhile");
    }
    out.push_back(part->second);
  }
  frozen_ = data_is_the_object(out);
  return out;
}

// Whether the shared file can become the object: nobody writes to it, and all parts that it holds
// are chosen and lie where the object needs them, so that nothing is lost if the object is not
// published after all.
bool Upload::data_is_the_object(const std::vector<StoredPart>& chosen) const {
  if (writing_data_ > 0) return false;
  auto in_data = std::count_if(parts_.begin(), parts_.end(),
                               [](const auto& each) { return each.second.in_data; });
  std::uint64_t offset = 0, covered = 0;
  for (const StoredPart& part : chosen) {
    if (part.in_data) {
      // What was brought in before it must not have been written over it.
      if (part.place != offset || part.place < covered) return false;
      --in_data;
    }
    offset += part.info.size;
    covered = offset;
  }
  return in_data == 0 && !chosen.empty() && taken_.size() > 0;
}

void Upload::copy_part(const ObjectRef& ref, const StoredPart& part, int to, std::uint64_t offset) {
  if (part.in_data) {
    return copy_bytes(data_.get(), part.place, to, offset, part.info.size, ref.text());
  }
  Opened own = open_at(folder_.get(), own_name(part.place), O_RDONLY);
  if (own.error == ENOENT) {
    throw Unavailable("complete " + ref.text(), "a part was sent again meanwhile");
  }
  check_file(own.error, "read a part of " + ref.text());
  copy_bytes(own.file.get(), 0, to, offset, part.info.size, ref.text());
}

TemporaryFile Upload::assemble(const Context& context, const ObjectRef& ref,
                               const std::vector<PartInfo>& chosen) {
  std::vector<StoredPart> parts = snapshot(ref, chosen);
  std::uint64_t total = 0, offset = 0;
  for (const StoredPart& part : parts) total += part.info.size;
  if (frozen_) {
    for (const StoredPart& part : parts) {
      if (!part.in_data) copy_part(ref, part, data_.get(), offset);
      offset += part.info.size;
    }
    if (::ftruncate(data_.get(), off_t(total)) < 0) throw_file_error(errno, "cut " + kData);
    return TemporaryFile::kept_in(folder_.get(), kData, Descriptor(::dup(data_.get())));
  }
  core_.check_space(total);
  TemporaryFile whole(core_);
  for (const StoredPart& part : parts) {
    context.check("complete " + ref.text());
    copy_part(ref, part, whole.file(), offset);
    offset += part.info.size;
  }
  return whole;
}

void Upload::give_back() {
  std::lock_guard lock(mutex_);
  frozen_ = false;
}

void Upload::end() {
  std::lock_guard lock(mutex_);
  ended_ = true;
}

bool Upload::ended() const {
  struct stat info{};
  bool removed = ::fstat(folder_.get(), &info) == 0 && info.st_nlink == 0;
  std::lock_guard lock(mutex_);
  return ended_ || removed;
}

}  // namespace holdfast::storage
