// Moves bytes between local files and a storage, or two storages: in parallel, hashed on the way,
// in bounded memory.
//
// Every byte is read once and hashed once. Requests are never repeated here: give these functions a
// storage that retries (storage/wrap). Which items need moving is the caller's decision. The first
// failure cancels the rest and is thrown; what was finished by then stays where it is. Progress is
// advanced by bytes as they move and by one object as an item is done; phases are the caller's.
//
// Memory: `threads` buffers of at most `piece_size` for uploads, of at most 256 KiB for the others,
// and about 200 bytes an item.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/context.h"
#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "storage/storage.h"
#include "transfer/content.h"
#include "transfer/object_digest.h"

namespace holdfast::transfer {

struct TransferOptions {
  unsigned threads = 8;
  // Objects larger than this are sent as multipart uploads of such parts, and fetched in such
  // ranges. Also the piece size of the digests that are made. An object may have 10,000 pieces.
  std::uint64_t piece_size = kDigestPiece;
  std::uint64_t max_bytes_per_second = 0;  // shared by all threads of one call; 0: unlimited
  bool sync = false;                       // download: files are on the disk when it returns
};

// A stretch of a local file, or other content, and the object that it becomes.
struct UploadItem {
  fs::path path;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  storage::ObjectRef ref;
  std::shared_ptr<const Content> content = {};  // wins over path and offset; `size` is its own
  storage::Attributes attributes = {};          // of the object
  bool is_new = false;  // PreconditionFailed when an object of that name is there already
};
struct UploadResult {
  std::string etag;
  std::string revision;
  ObjectDigest digest;
};

// Sends every item; a result each, in their order. Throws Corrupt when a file is shorter than its
// item says, InvalidArgument for more than 10,000 pieces, and whatever the storage throws. An
// unfinished multipart upload is aborted as well as that is possible within 10 seconds.
std::vector<UploadResult> upload(const Context& context, storage::Storage& storage,
                                 const std::vector<UploadItem>& items,
                                 const TransferOptions& options, Progress& progress);

// A whole object and the stretch of a local file that it becomes.
struct DownloadItem {
  storage::ObjectRef ref;
  std::uint64_t size = 0;  // of the object
  fs::path path;
  std::uint64_t offset = 0;             // in the file
  std::optional<ObjectDigest> digest;   // what it must be
  std::optional<std::string> revision;  // of which version; PreconditionFailed when it is gone
};

// Fetches every item; the digest of what was written each, in their order. Files must not exist yet
// (PreconditionFailed); they and their folders are created. Several items may be stretches of one
// file, in any order; the file gets the size that its furthest stretch asks for. Throws Corrupt,
// naming the object, when its size or its digest is not what the item says: the file then holds
// wrong bytes and must be thrown away.
std::vector<ObjectDigest> download(const Context& context, storage::Storage& storage,
                                   const std::vector<DownloadItem>& items,
                                   const TransferOptions& options, Progress& progress);

struct VerifyItem {
  storage::ObjectRef ref;
  std::uint64_t size = 0;
  std::optional<ObjectDigest> digest;  // none: only that it can be read and has that size
};
struct VerifyResult {
  std::optional<ObjectDigest> digest;  // of what was read; none when there is an error
  std::optional<Error> error;          // Corrupt or NotFound: this object is not what it should be
};

// Reads every object to its end and compares; a result each, in their order. Trouble that says
// nothing about the object (Unavailable, AccessDenied...) is thrown.
std::vector<VerifyResult> verify(const Context& context, storage::Storage& storage,
                                 const std::vector<VerifyItem>& items,
                                 const TransferOptions& options, Progress& progress);

// An object as a list showed it, and where it goes.
struct CopyItem {
  storage::ObjectRef source;
  storage::ObjectRef destination;
  std::uint64_t size = 0;
  std::string etag;      // of the source
  std::string revision;  // of the source; PreconditionFailed when it has changed since
};

// Copies every object with its attributes from one storage to another, by the storage itself when
// `from` and `to` are the same object; the ETag of each copy, in their order. What was made of
// parts is sent in the same parts, so that it keeps its ETag. Each copy is proven: by its ETag
// where both sides make ETags of MD5s, else by reading both (Corrupt, naming it, when they differ).
std::vector<std::string> copy(const Context& context, storage::Storage& from, storage::Storage& to,
                              const std::vector<CopyItem>& items, const TransferOptions& options,
                              Progress& progress);

}  // namespace holdfast::transfer
