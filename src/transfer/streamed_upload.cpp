#include "transfer/streamed_upload.h"

#include <algorithm>
#include <deque>
#include <fmt/format.h>
#include <optional>

#include "base/worker_pool.h"
#include "codec/digest.h"
#include "transfer/buffer_pool.h"
#include "transfer/multipart.h"
#include "transfer/rate_limiter.h"

namespace holdfast::transfer {

namespace {

using storage::CompletedPart;

constexpr unsigned kThreads = 3;
constexpr std::uint64_t kMaxGrowth = 4;
constexpr std::uint64_t kRound = 1 << 20;

std::uint64_t piece_size_for(std::uint64_t wanted, std::uint64_t expected) {
  const std::uint64_t least = expected / kMaxPieces * kMaxGrowth;
  return std::max(wanted, (least + kRound - 1) / kRound * kRound);
}

struct Piece {
  CompletedPart part;
  std::string sha256;
};

}  // namespace

class StreamedUpload::State {
 public:
  State(const Context& context, storage::Storage& storage, storage::ObjectRef ref,
        storage::Attributes begin, const TransferOptions& options, std::uint64_t expected)
      : context_(context),
        storage_(storage),
        ref_(std::move(ref)),
        begin_(std::move(begin)),
        piece_size_(piece_size_for(options.piece_size, expected)),
        limiter_(options.max_bytes_per_second),
        buffers_(std::size_t(piece_size_)) {
    pool_.emplace(context, std::min(kThreads, limiter_.threads(options.threads)), 1);
  }
  ~State() {
    pool_.reset();  // what still sends ends first
    if (!upload_id_.empty() && !is_published_) abort_quietly(context_, storage_, ref_, upload_id_);
  }

  void write(std::string_view bytes) {
    while (!bytes.empty()) {
      if (!buffer_) buffer_ = std::make_shared<Buffer>(buffers_.lend(std::size_t(piece_size_)));
      const std::size_t count = std::min(bytes.size(), std::size_t(piece_size_) - filled_);
      const std::string_view now = bytes.substr(0, count);
      std::copy(now.begin(), now.end(), buffer_->span().begin() + std::ptrdiff_t(filled_));
      filled_ += count;
      size_ += count;
      bytes.remove_prefix(count);
      // The last piece stays here: it may be the only one.
      if (filled_ == piece_size_ && !bytes.empty()) send();
    }
  }

  ObjectDigest finish() {
    if (!upload_id_.empty() && filled_ > 0) send();
    pool_->finish();
    if (upload_id_.empty()) {
      digest_ = object_digest_of(rest(), piece_size_);
    } else {
      PieceDigests digests(size_, piece_size_);
      for (std::size_t i = 0; i < pieces_.size(); ++i) digests.set(i, pieces_[i].sha256);
      digest_ = digests.finish();
    }
    return digest_;
  }

  UploadResult publish(const storage::Attributes& attributes) {
    storage::Condition condition;
    condition.must_not_exist = true;
    storage::PutResult put;
    if (upload_id_.empty()) {
      put = put_whole(attributes, condition);
    } else {
      std::vector<CompletedPart> parts;
      for (const Piece& piece : pieces_) parts.push_back(piece.part);
      put = complete_surely(context_, storage_, ref_, upload_id_, parts, size_, condition);
    }
    is_published_ = true;
    return {put.etag, put.revision, digest_};
  }

 private:
  using Buffer = BufferPool::Buffer;

  std::string_view rest() const {
    return buffer_ ? std::string_view(buffer_->span().data(), filled_) : std::string_view();
  }

  void send() {
    if (pieces_.size() == kMaxPieces) {
      throw Unsupported("upload " + ref_.text(),
                        fmt::format("it has over {} bytes, which make more than {} pieces",
                                    piece_size_ * kMaxPieces, kMaxPieces),
                        "write it to a file first, and in parts");
    }
    if (upload_id_.empty()) {
      upload_id_ = storage_.multipart()->create(context_, ref_, begin_, std::nullopt);
    }
    Piece& piece = pieces_.emplace_back();
    piece.part.number = unsigned(pieces_.size());
    pool_->submit([this, &piece, buffer = std::move(buffer_), size = filled_] {
      put_part(pool_->context(), piece, {buffer->span().data(), size});
    });
    buffer_.reset();
    filled_ = 0;
  }

  void put_part(const Context& context, Piece& piece, std::string_view bytes) {
    context.check("upload " + ref_.text());
    storage::PutRequest request;
    request.sha256 = piece.sha256 = codec::digest_of(codec::DigestAlgorithm::kSha256, bytes);
    with_source(context, bytes, [&](Source& body) {
      piece.part.etag = storage_.multipart()
                            ->put_part(context, ref_, upload_id_, piece.part.number, body, request)
                            .etag;
    });
  }

  // As an upload of a file does it: one that got no answer may have happened, and is looked at.
  storage::PutResult put_whole(const storage::Attributes& attributes,
                               const storage::Condition& condition) {
    storage::PutRequest request;
    request.attributes = attributes;
    request.condition = condition;
    if (digest_.size <= piece_size_) request.sha256 = digest_.sha256;
    storage::PutResult put;
    try {
      with_source(context_, rest(),
                  [&](Source& body) { put = storage_.put(context_, ref_, body, request); });
    } catch (const Unavailable&) {
      auto info = storage::find(storage_, context_, ref_);
      if (!info || info->size != size_ || info->attributes != attributes) throw;
      return {info->etag, info->revision};
    }
    return put;
  }

  template <typename Use>
  void with_source(const Context& context, std::string_view bytes, const Use& use) {
    MemorySource memory(bytes);
    if (!limiter_.limited()) return use(memory);
    LimitedSource limited(context, memory, limiter_);
    use(limited);
  }

  const Context& context_;
  storage::Storage& storage_;
  const storage::ObjectRef ref_;
  const storage::Attributes begin_;
  const std::uint64_t piece_size_;
  RateLimiter limiter_;
  BufferPool buffers_;
  std::shared_ptr<Buffer> buffer_;  // shared with the task that sends it
  std::size_t filled_ = 0;
  std::uint64_t size_ = 0;
  std::string upload_id_;     // empty: not begun, and all bytes are in buffer_
  std::deque<Piece> pieces_;  // each written by the task that sends it
  ObjectDigest digest_;
  bool is_published_ = false;
  std::optional<WorkerPool> pool_;  // last: its tasks use the others
};

StreamedUpload::StreamedUpload(const Context& context, storage::Storage& storage,
                               storage::ObjectRef ref, storage::Attributes begin,
                               const TransferOptions& options, std::uint64_t expected)
    : state_(std::make_unique<State>(context, storage, std::move(ref), std::move(begin), options,
                                     expected)) {}

StreamedUpload::~StreamedUpload() = default;

void StreamedUpload::write(std::string_view bytes) { state_->write(bytes); }
ObjectDigest StreamedUpload::finish() { return state_->finish(); }
UploadResult StreamedUpload::publish(const storage::Attributes& attributes) {
  return state_->publish(attributes);
}

}  // namespace holdfast::transfer
