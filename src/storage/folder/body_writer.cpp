#include "storage/folder/body_writer.h"

#include <array>
#include <condition_variable>
#include <fcntl.h>
#include <mutex>
#include <thread>

#include "storage/rules.h"

namespace holdfast::storage {

namespace {

constexpr std::size_t kBlock = 256 << 10;         // bytes read and written at once
constexpr std::size_t kSmall = 64 << 10;          // first read of a body of unknown size
constexpr std::uint64_t kStartWriting = 8 << 20;  // bytes after which the disk is told to begin
constexpr std::size_t kBlocks = 3;                // one being read, one hashed, one to spare

// Those that are wanted of an MD5 and a checksum of what is fed to it.
class Digests {
 public:
  Digests(std::optional<codec::DigestAlgorithm> kind, Md5 md5) {
    if (md5 == Md5::kTaken) md5_.emplace(codec::DigestAlgorithm::kMd5);
    if (kind) other_.emplace(*kind);
  }
  void update(std::string_view bytes) {
    if (md5_) md5_->update(bytes);
    if (other_) other_->update(bytes);
  }
  bool none() const { return !md5_ && !other_; }
  std::optional<codec::Digest>& md5() { return md5_; }
  std::optional<codec::Digest>& other() { return other_; }

 private:
  std::optional<codec::Digest> md5_, other_;
};

// A thread that digests blocks in the order in which they come, while their bytes go to the disk.
class DigestThread {
 public:
  explicit DigestThread(Digests& digests) : digests_(digests), thread_([this] { work(); }) {}
  ~DigestThread() { finish(); }

  // A block that is not being digested; waits for one.
  std::string& free_block() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return submitted_ - done_ < kBlocks; });
    std::string& block = blocks_[submitted_ % kBlocks];
    if (block.empty()) block.resize(kBlock);
    return block;
  }
  // Gives the first `size` bytes of the block that free_block() returned last to the digests.
  void submit(std::size_t size) {
    std::lock_guard lock(mutex_);
    sizes_[submitted_ % kBlocks] = size;
    ++submitted_;
    changed_.notify_all();
  }
  // Waits until all is digested.
  void finish() {
    if (!thread_.joinable()) return;
    {
      std::lock_guard lock(mutex_);
      ending_ = true;
      changed_.notify_all();
    }
    thread_.join();
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return done_ < submitted_ || ending_; });
      if (done_ == submitted_) return;
      std::size_t at = done_ % kBlocks, size = sizes_[at];
      lock.unlock();
      digests_.update(std::string_view(blocks_[at]).substr(0, size));
      lock.lock();
      ++done_;
      changed_.notify_all();
    }
  }

  Digests& digests_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::array<std::string, kBlocks> blocks_;
  std::array<std::size_t, kBlocks> sizes_{};
  std::size_t submitted_ = 0, done_ = 0;
  bool ending_ = false;
  std::thread thread_;
};

class BodyWriter {
 public:
  BodyWriter(const Context& context, Core& core, const ObjectRef& ref, int file,
             std::uint64_t offset)
      : context_(context), core_(core), what_("put " + ref.text()), file_(file), offset_(offset) {}

  void write(std::string_view bytes) {
    check_file(write_at(file_, bytes, offset_ + written_), what_);
    written_ += bytes.size();
    if (written_ - started_ < kStartWriting) return;
    context_.check(what_);
    core_.check_space(0);
    // Only a hint: what it cannot do, the sync at the end does.
    ::sync_file_range(file_, off64_t(offset_ + started_), off64_t(written_ - started_),
                      SYNC_FILE_RANGE_WRITE);
    started_ = written_;
  }

  std::uint64_t written() const { return written_; }

 private:
  const Context& context_;
  Core& core_;
  std::string what_;
  int file_;
  std::uint64_t offset_, written_ = 0, started_ = 0;
};

void write_large(Source& body, BodyWriter& writer, Digests& digests) {
  DigestThread thread(digests);
  while (true) {
    std::string& block = thread.free_block();
    std::size_t count = read_full(body, block);
    thread.submit(count);
    writer.write(std::string_view(block).substr(0, count));
    if (count < block.size()) break;
  }
  thread.finish();
}

void write_undigested(Source& body, BodyWriter& writer) {
  std::string block(kBlock, '\0');
  while (true) {
    std::size_t count = read_full(body, block);
    writer.write(std::string_view(block).substr(0, count));
    if (count < block.size()) break;
  }
}

}  // namespace

WrittenBody write_body(const Context& context, Core& core, const ObjectRef& ref, Source& body,
                       const PutRequest& request, int file, std::uint64_t offset,
                       std::optional<codec::DigestAlgorithm> kind, Md5 md5) {
  core.check_space(body.size().value_or(0));
  const auto& announced = request.attributes.checksum;
  if (announced && announced->algorithm == kind) kind.reset();
  Digests digests(kind, md5);
  BodyWriter writer(context, core, ref, file, offset);
  // One byte more than is expected, so that the end of a small body shows in the same read.
  std::string first(
      std::size_t(std::min<std::uint64_t>(body.size().value_or(kSmall - 1) + 1, kBlock)), '\0');
  std::size_t count = read_full(body, first);
  std::string_view bytes = std::string_view(first).substr(0, count);
  digests.update(bytes);
  writer.write(bytes);
  if (count == first.size()) {
    if (digests.none()) {
      write_undigested(body, writer);
    } else {
      write_large(body, writer, digests);
    }
  }

  WrittenBody out{writer.written(), "", announced};
  if (digests.md5()) {
    out.md5 = digests.md5()->finish();
    check_digest(request.md5, out.md5, ref);
  }
  if (request.checksum_at_end) {
    if (auto trailer = request.checksum_at_end()) out.checksum = std::move(trailer);
  }
  bool given = out.checksum && kind && out.checksum->algorithm == *kind;
  if (kind && !given) {
    out.checksum = Checksum{*kind, digests.other()->finish()};
  }
  return out;
}

}  // namespace holdfast::storage
