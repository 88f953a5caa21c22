#include "storage/folder/body_writer.h"

#include <condition_variable>
#include <deque>
#include <fcntl.h>
#include <mutex>
#include <thread>
#include <vector>

#include "storage/rules.h"

namespace holdfast::storage {

namespace {

constexpr std::size_t kBlock = 256 << 10;         // bytes read and written at once
constexpr std::size_t kSmall = 64 << 10;          // first read of a body of unknown size
constexpr std::uint64_t kStartWriting = 8 << 20;  // bytes after which the disk is told to begin
constexpr std::size_t kLeastBlocks = 3;           // one being read, one hashed, one to spare
constexpr std::size_t kMostBlocks = 16;
constexpr unsigned kFewBodies = 4;  // that may have kMostBlocks

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

// How many blocks a body may have in memory. Digesting is what bounds it, and both cores are busy:
// with blocks in store it goes on while the thread that reads waits for its turn. For a few bodies
// at a time, because many of them share the cores anyway and their memory adds up.
class BlockAllowance {
 public:
  explicit BlockAllowance(Core& core) : core_(core), place_(core_.large_bodies++) {}
  ~BlockAllowance() { --core_.large_bodies; }
  BlockAllowance(const BlockAllowance&) = delete;
  BlockAllowance& operator=(const BlockAllowance&) = delete;
  std::size_t blocks() const { return place_ < kFewBodies ? kMostBlocks : kLeastBlocks; }

 private:
  Core& core_;
  const unsigned place_;
};

// A thread that digests blocks in the order in which they come, while their bytes go to the disk.
class DigestThread {
 public:
  DigestThread(Digests& digests, std::size_t most)
      : digests_(digests), most_(most), thread_([this] { work(); }) {}
  ~DigestThread() { finish(); }

  // A block that is not being digested; waits for one when there are as many as may be.
  std::string& free_block() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !free_.empty() || blocks_.size() < most_; });
    if (free_.empty()) {
      blocks_.emplace_back(kBlock, '\0');
      return blocks_.back();
    }
    std::string& block = *free_.back();
    free_.pop_back();
    return block;
  }
  // Gives the first `size` bytes of the block that free_block() returned last to the digests.
  void submit(std::string& block, std::size_t size) {
    std::lock_guard lock(mutex_);
    waiting_.push_back({&block, size});
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
  struct Filled {
    std::string* block;
    std::size_t size;
  };
  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return !waiting_.empty() || ending_; });
      if (waiting_.empty()) return;
      const Filled next = waiting_.front();
      waiting_.pop_front();
      lock.unlock();
      digests_.update(std::string_view(*next.block).substr(0, next.size));
      lock.lock();
      free_.push_back(next.block);
      changed_.notify_all();
    }
  }

  Digests& digests_;
  const std::size_t most_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> blocks_;
  std::vector<std::string*> free_;  // the last used first, so that no more are made than needed
  std::deque<Filled> waiting_;
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

void write_large(Core& core, Source& body, BodyWriter& writer, Digests& digests) {
  const BlockAllowance allowance(core);
  DigestThread thread(digests, allowance.blocks());
  while (true) {
    std::string& block = thread.free_block();
    std::size_t count = read_full(body, block);
    thread.submit(block, count);
    writer.write(std::string_view(block).substr(0, count));
    if (count < block.size()) break;
  }
  thread.finish();
}

bool may_use_reserve(const Core& core, const ObjectRef& ref, const Source& body) {
  const std::string& keys = core.options.keys_in_reserve;
  return !keys.empty() && ref.key.starts_with(keys) && body.size().value_or(kSmall) < kSmall;
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
  if (!may_use_reserve(core, ref, body)) core.check_space(body.size().value_or(0));
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
    std::string().swap(first);  // its memory too: the rest may take long, and bodies be many
    if (digests.none()) {
      write_undigested(body, writer);
    } else {
      write_large(core, body, writer, digests);
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
