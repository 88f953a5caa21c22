#include <algorithm>
#include <fmt/format.h>

#include "base/worker_pool.h"
#include "codec/digest.h"
#include "codec/text.h"
#include "transfer/etag.h"
#include "transfer/multipart.h"
#include "transfer/rate_limiter.h"
#include "transfer/transfer.h"

namespace holdfast::transfer {

namespace {

using storage::CompletedPart;

constexpr std::size_t kBuffer = 256 * 1024;

// One object, or one part of it, as a body. A rewind fetches it again.
class ObjectSource : public Source {
 public:
  ObjectSource(const Context& context, storage::Storage& from, const CopyItem& item,
               std::optional<unsigned> part, RateLimiter& limiter, Progress& progress)
      : context_(context), from_(from), item_(item), limiter_(limiter), progress_(progress) {
    request_.part = part;
    request_.condition.revision_is = item.revision;
    open();
  }

  std::size_t read(std::span<char> into) override {
    if (limiter_.limited()) into = into.first(std::min(into.size(), kBuffer));
    std::size_t count = reader_->read(into);
    limiter_.take(context_, count);
    position_ += count;
    // What is read again after a rewind was counted before.
    if (position_ > counted_) {
      progress_.advance(position_ - counted_, 0);
      counted_ = position_;
    }
    return count;
  }
  std::optional<std::uint64_t> size() const override { return length_ - position_; }
  bool rewind() override {
    open();
    return true;
  }

  const storage::Attributes& attributes() const { return reader_->info().attributes; }

 private:
  void open() {
    context_.check("copy " + item_.source.text());
    reader_ = from_.get(context_, item_.source, request_);
    length_ = reader_->length();
    position_ = 0;
    if (reader_->info().size == item_.size) return;
    throw Corrupt(
        "copy " + item_.source.text(),
        fmt::format("it has {} bytes, the list said {}", reader_->info().size, item_.size),
        "copy again");
  }

  const Context& context_;
  storage::Storage& from_;
  const CopyItem& item_;
  RateLimiter& limiter_;
  Progress& progress_;
  storage::GetRequest request_;
  std::unique_ptr<storage::Reader> reader_;
  std::uint64_t length_ = 0, position_ = 0, counted_ = 0;
};

class Copier {
 public:
  Copier(storage::Storage& from, storage::Storage& to, const TransferOptions& options,
         Progress& progress)
      : from_(from), to_(to), limiter_(options.max_bytes_per_second), progress_(progress) {}

  std::string copy(const Context& context, const CopyItem& item) {
    std::string etag = send(context, item);
    if (!proven_by_etag(item, etag)) compare(context, item);
    progress_.advance(0, 1);
    return etag;
  }

  unsigned threads(unsigned wanted) const { return limiter_.threads(wanted); }

 private:
  std::string send(const Context& context, const CopyItem& item) {
    if (&from_ == &to_ && item.size <= to_.capabilities().max_put_size) {
      storage::CopyRequest request;
      request.source_condition.revision_is = item.revision;
      std::string etag = to_.copy(context, item.source, item.destination, request).etag;
      progress_.advance(item.size, 0);
      return etag;
    }
    if (unsigned parts = parts_told_by(item.etag); parts > 0 && to_.multipart()) {
      return send_parts(context, item, parts);
    }
    if (item.size > to_.capabilities().max_put_size) {
      throw Unsupported("copy " + item.source.text(),
                        "it is larger than the other storage takes in one piece",
                        "send it there in parts with another tool");
    }
    ObjectSource source(context, from_, item, std::nullopt, limiter_, progress_);
    storage::PutRequest request;
    request.attributes = source.attributes();
    if (is_md5_etag(item.etag)) request.md5 = codec::from_hex(item.etag);
    return to_.put(context, item.destination, source, request).etag;
  }

  std::string send_parts(const Context& context, const CopyItem& item, unsigned parts) {
    storage::GetRequest request;
    request.condition.revision_is = item.revision;
    storage::Attributes attributes = from_.head(context, item.source, request).attributes;
    // The copy's own parts decide whether it has a checksum; one of another kind would be untrue.
    attributes.checksum.reset();
    storage::MultipartStore& store = *to_.multipart();
    std::string id = store.create(context, item.destination, attributes, std::nullopt);
    try {
      std::vector<CompletedPart> done;
      for (unsigned number = 1; number <= parts; ++number) {
        ObjectSource source(context, from_, item, number, limiter_, progress_);
        auto part = store.put_part(context, item.destination, id, number, source, {});
        done.push_back({number, part.etag, std::nullopt});
      }
      return complete_surely(context, to_, item.destination, id, done, item.size).etag;
    } catch (...) {
      abort_quietly(context, to_, item.destination, id);
      throw;
    }
  }

  // A storage that makes ETags of MD5s computed this one of what it received.
  bool proven_by_etag(const CopyItem& item, const std::string& etag) const {
    return to_.capabilities().etag_is_md5 && etag == item.etag &&
           (is_md5_etag(etag) || parts_told_by(etag) > 0);
  }

  void compare(const Context& context, const CopyItem& item) {
    storage::GetRequest request;
    request.condition.revision_is = item.revision;
    std::uint64_t bytes = 0;
    auto sha256 = [&](storage::Storage& storage, const storage::ObjectRef& ref,
                      const storage::GetRequest& get) {
      return digest_of_stored(context, storage, ref, get, codec::DigestAlgorithm::kSha256, limiter_,
                              bytes);
    };
    if (sha256(to_, item.destination, {}) == sha256(from_, item.source, request)) return;
    throw Corrupt("copy " + item.source.text(), "the copy holds other bytes",
                  "copy again; if it happens again, one of the storages is faulty");
  }

  storage::Storage& from_;
  storage::Storage& to_;
  RateLimiter limiter_;
  Progress& progress_;
};

}  // namespace

std::vector<std::string> copy(const Context& context, storage::Storage& from, storage::Storage& to,
                              const std::vector<CopyItem>& items, const TransferOptions& options,
                              Progress& progress) {
  std::vector<std::string> etags(items.size());
  Copier copier(from, to, options, progress);
  WorkerPool pool(context, copier.threads(options.threads));
  for (std::size_t i = 0; i < items.size(); ++i) {
    pool.submit([&, i] { etags[i] = copier.copy(pool.context(), items[i]); });
  }
  pool.finish();
  return etags;
}

}  // namespace holdfast::transfer
