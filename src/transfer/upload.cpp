#include <atomic>
#include <memory>

#include "base/worker_pool.h"
#include "codec/digest.h"
#include "transfer/buffer_pool.h"
#include "transfer/multipart.h"
#include "transfer/rate_limiter.h"
#include "transfer/transfer.h"

namespace holdfast::transfer {

namespace {

using storage::CompletedPart;

// A stretch of a local file.
class FileStretch : public Content {
 public:
  explicit FileStretch(const UploadItem& item)
      : path_(item.path),
        offset_(item.offset),
        size_(item.size),
        file_(open_for_reading(item.path)) {}
  std::string name() const override { return path_.string(); }
  std::uint64_t size() const override { return size_; }
  void read(std::uint64_t offset, std::span<char> into) const override {
    FileSource source({file_.get(), offset_ + offset, into.size()}, name());
    read_full(source, into);
  }

 private:
  const fs::path path_;
  const std::uint64_t offset_, size_;
  Descriptor file_;
};

std::string name_of(const UploadItem& item) {
  return item.content ? item.content->name() : item.path.string();
}

std::shared_ptr<const Content> open(const UploadItem& item) {
  if (!item.content) return std::make_shared<FileStretch>(item);
  if (item.content->size() != item.size) {
    throw InvalidArgument("upload " + name_of(item), "its size is not what the item says");
  }
  return item.content;
}

// One item on its way as parts. Shared by the tasks of its parts.
struct MultipartUpload {
  const UploadItem* item;
  UploadResult* result;
  std::shared_ptr<const Content> content;  // until it is complete
  std::string upload_id;
  PieceDigests digests;
  std::vector<CompletedPart> parts;
  std::atomic<std::uint64_t> left;
  std::atomic<bool> completed = false;

  MultipartUpload(const UploadItem& what, UploadResult& where, std::uint64_t piece_size)
      : item(&what),
        result(&where),
        content(open(what)),
        digests(what.size, piece_size),
        parts(std::size_t(digests.count())),
        left(digests.count()) {}
};

class Uploader {
 public:
  Uploader(const Context& context, storage::Storage& storage, const TransferOptions& options,
           Progress& progress)
      : context_(context),
        storage_(storage),
        piece_size_(options.piece_size),
        limiter_(options.max_bytes_per_second),
        threads_(limiter_.threads(options.threads)),
        buffers_(std::size_t(piece_size_)),
        progress_(progress) {}

  std::vector<UploadResult> run(const std::vector<UploadItem>& items);

 private:
  void submit_all(const std::vector<UploadItem>& items, std::vector<UploadResult>& results);
  void submit_parts(WorkerPool& pool, const UploadItem& item, UploadResult& result);
  void put_whole(const Context& context, const UploadItem& item, UploadResult& result);
  storage::PutResult put_surely(const Context& context, const UploadItem& item, Source& body,
                                const storage::PutRequest& request);
  void put_part(const Context& context, MultipartUpload& upload, std::uint64_t index);
  void complete(const Context& context, MultipartUpload& upload);
  void abort_unfinished();
  // Reads and hashes one piece, and hands it to `send` with its raw SHA-256, which it returns.
  template <typename Send>
  std::string send_piece(const Context& context, const Content& content, std::uint64_t offset,
                         std::uint64_t length, Send send);

  const Context& context_;
  storage::Storage& storage_;
  const std::uint64_t piece_size_;
  RateLimiter limiter_;
  const unsigned threads_;
  BufferPool buffers_;
  Progress& progress_;
  std::vector<std::shared_ptr<MultipartUpload>> started_;  // by the submitting thread alone
};

std::vector<UploadResult> Uploader::run(const std::vector<UploadItem>& items) {
  std::vector<UploadResult> results(items.size());
  try {
    submit_all(items, results);
  } catch (...) {
    abort_unfinished();
    throw;
  }
  return results;
}

void Uploader::submit_all(const std::vector<UploadItem>& items,
                          std::vector<UploadResult>& results) {
  WorkerPool pool(context_, threads_);
  for (std::size_t i = 0; i < items.size(); ++i) {
    const UploadItem& item = items[i];
    if (item.size > piece_size_) {
      submit_parts(pool, item, results[i]);
    } else {
      pool.submit(
          [this, &pool, &item, &result = results[i]] { put_whole(pool.context(), item, result); });
    }
  }
  pool.finish();
}

void Uploader::submit_parts(WorkerPool& pool, const UploadItem& item, UploadResult& result) {
  if (piece_count(item.size, piece_size_) > kMaxPieces) {
    throw InvalidArgument("upload " + name_of(item), "it would make more than 10,000 parts",
                          "raise the piece size");
  }
  if (!storage_.multipart()) {
    throw Unsupported("upload " + name_of(item), "the storage takes no objects made of parts");
  }
  // What is complete need not be remembered.
  std::erase_if(started_, [](const auto& upload) { return upload->completed.load(); });
  auto upload = std::make_shared<MultipartUpload>(item, result, piece_size_);
  upload->upload_id =
      storage_.multipart()->create(context_, item.ref, item.attributes, std::nullopt);
  started_.push_back(upload);
  for (std::uint64_t index = 0; index < upload->digests.count(); ++index) {
    pool.submit([this, &pool, upload, index] { put_part(pool.context(), *upload, index); });
  }
}

template <typename Send>
std::string Uploader::send_piece(const Context& context, const Content& content,
                                 std::uint64_t offset, std::uint64_t length, Send send) {
  context.check("upload " + content.name());
  BufferPool::Buffer buffer = buffers_.lend(std::size_t(length));
  content.read(offset, buffer.span());
  std::string_view bytes(buffer.span().data(), buffer.span().size());
  storage::PutRequest request;
  request.sha256 = codec::digest_of(codec::DigestAlgorithm::kSha256, bytes);
  MemorySource memory(bytes);
  if (limiter_.limited()) {
    LimitedSource limited(context, memory, limiter_);
    send(limited, request);
  } else {
    send(memory, request);
  }
  progress_.advance(length, 0);
  return *request.sha256;
}

void Uploader::put_whole(const Context& context, const UploadItem& item, UploadResult& result) {
  std::shared_ptr<const Content> content = open(item);
  auto send = [&](Source& body, storage::PutRequest& request) {
    request.attributes = item.attributes;
    request.condition.must_not_exist = item.is_new;
    storage::PutResult put = put_surely(context, item, body, request);
    result.etag = put.etag;
    result.revision = put.revision;
  };
  std::string sha256 = send_piece(context, *content, 0, item.size, send);
  result.digest = {.size = item.size, .piece_size = piece_size_, .sha256 = sha256};
  progress_.advance(0, 1);
}

// A conditional one that got no answer may have happened, and is never repeated: what is there by
// that name with these attributes is looked at.
storage::PutResult Uploader::put_surely(const Context& context, const UploadItem& item,
                                        Source& body, const storage::PutRequest& request) {
  try {
    return storage_.put(context, item.ref, body, request);
  } catch (const Unavailable&) {
    if (!item.is_new || item.attributes.metadata.empty()) throw;
    auto info = storage::find(storage_, context, item.ref);
    if (!info || info->size != item.size || info->attributes != item.attributes) throw;
    return {info->etag, info->revision};
  }
}

void Uploader::put_part(const Context& context, MultipartUpload& upload, std::uint64_t index) {
  const UploadItem& item = *upload.item;
  CompletedPart& part = upload.parts[std::size_t(index)];
  part.number = unsigned(index) + 1;
  auto send = [&](Source& body, storage::PutRequest& request) {
    part.etag = storage_.multipart()
                    ->put_part(context, item.ref, upload.upload_id, part.number, body, request)
                    .etag;
  };
  upload.digests.set(index, send_piece(context, *upload.content, upload.digests.offset(index),
                                       upload.digests.length(index), send));
  if (upload.left.fetch_sub(1) == 1) complete(context, upload);
}

void Uploader::complete(const Context& context, MultipartUpload& upload) {
  upload.content.reset();
  storage::Condition condition;
  condition.must_not_exist = upload.item->is_new;
  storage::PutResult put = complete_surely(context, storage_, upload.item->ref, upload.upload_id,
                                           upload.parts, upload.item->size, condition);
  upload.completed = true;
  upload.result->etag = put.etag;
  upload.result->revision = put.revision;
  upload.result->digest = upload.digests.finish();
  progress_.advance(0, 1);
}

// What is left is for the bucket's lifecycle rule.
void Uploader::abort_unfinished() {
  for (const auto& upload : started_) {
    if (!upload->completed) {
      abort_quietly(context_, storage_, upload->item->ref, upload->upload_id);
    }
  }
}

}  // namespace

std::vector<UploadResult> upload(const Context& context, storage::Storage& storage,
                                 const std::vector<UploadItem>& items,
                                 const TransferOptions& options, Progress& progress) {
  return Uploader(context, storage, options, progress).run(items);
}

}  // namespace holdfast::transfer
