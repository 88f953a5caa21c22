// One multipart upload on its way: a folder with its description, a journal of its parts, and their
// bytes (docs/formats/folder.md, "Uploads").
//
// Parts of the size of the first one are written to one file, each at the place that it will have
// in the finished object, so that completing is a rename. Others are files of their own.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "storage/folder/core.h"
#include "storage/folder/label.h"
#include "storage/storage.h"

namespace holdfast::storage {

// What an upload was begun with.
struct UploadStart {
  std::string key;
  std::int64_t started = 0;  // nanoseconds since 1970
  Attributes attributes;
  std::optional<Checksum> checksum_kind;
  std::string seal;  // head of a sealed upload (sealed_object.h); empty: it is not sealed
};
std::string encode_upload_start(const UploadStart& start);
std::optional<UploadStart> decode_upload_start(std::string_view bytes);

// A part that is complete and durable.
struct StoredPart {
  PartInfo info;             // its size is that of the bytes as they lie
  bool in_data = false;      // in the shared file, else in one of its own
  std::uint64_t place = 0;   // offset in the shared file, or number of the own file
  std::uint64_t stride = 0;  // bytes of a place in the shared file, once one was taken
};
std::string encode_part(const StoredPart& part);
// The parts in a journal, the last record of a number wins; a torn end is left out.
struct PartJournal {
  std::map<unsigned, StoredPart> parts;
  std::uint64_t size = 0;  // bytes of its whole records
};
PartJournal decode_parts(std::string_view journal);

class Upload {
 public:
  // A new upload in the (empty) open `folder`: durable on return.
  static std::unique_ptr<Upload> make(Core& core, Descriptor folder, UploadStart start);
  // One that an earlier call or process began; null when it is not whole.
  static std::unique_ptr<Upload> open(Core& core, Descriptor folder);

  const UploadStart& start() const { return start_; }

  // Takes a part; durable on return. `ref` is for errors. Throws NotFound (code kNoSuchUpload)
  // when the upload ended meanwhile, InvalidArgument (code kKeyMismatch) when the request's key is
  // not the upload's.
  PartInfo put(const Context& context, const ObjectRef& ref, unsigned number, Source& body,
               const PutRequest& request);
  std::vector<PartInfo> parts() const;  // sorted by number
  // What its object is sealed with, when that has so many bytes.
  std::optional<SealedLabel> seal_of(std::uint64_t size) const;
  // Of a part with so many bytes: how many lie there.
  std::uint64_t stored_size(std::uint64_t size) const;

  // The bytes of `chosen`, one after the other, ready to be published; to be called, like the two
  // below, by whoever holds completing(). end() or give_back() must follow.
  TemporaryFile assemble(const Context& context, const ObjectRef& ref,
                         const std::vector<PartInfo>& chosen);
  void give_back();  // the file was not published: parts may come again
  // No part is taken any more.
  void end();
  bool ended() const;  // also when its folder went together with the bucket
  // One complete at a time.
  std::mutex& completing() { return completing_; }

 private:
  struct Slot {
    bool in_data = false;
    std::uint64_t place = 0, stride = 0;
    Descriptor own;  // the own file
    int file = -1;
  };
  Upload(Core& core, Descriptor folder, UploadStart start);
  PartInfo shown(PartInfo part) const;
  Slot take_slot(unsigned number, std::optional<std::uint64_t> size, const ObjectRef& ref);
  void drop_slot(const Slot& slot, unsigned number, std::uint64_t size);
  void record(const ObjectRef& ref, StoredPart part);
  std::vector<StoredPart> snapshot(const ObjectRef& ref, const std::vector<PartInfo>& chosen);
  bool data_is_the_object(const std::vector<StoredPart>& chosen) const;
  void copy_part(const ObjectRef& ref, const StoredPart& part, int to, std::uint64_t offset);

  Core& core_;
  Descriptor folder_, data_, journal_;
  const UploadStart start_;
  mutable std::mutex mutex_;
  std::mutex completing_;
  std::map<unsigned, StoredPart> parts_;
  std::map<unsigned, std::uint64_t> order_;  // of the record that parts_ holds
  std::uint64_t records_ = 0, journal_size_ = 0;
  std::uint64_t stride_ = 0;
  std::set<unsigned> taken_;  // places of the shared file that hold a part or are being written
  unsigned writing_data_ = 0;
  bool frozen_ = false;  // the shared file is about to be published
  bool ended_ = false;
};

}  // namespace holdfast::storage
