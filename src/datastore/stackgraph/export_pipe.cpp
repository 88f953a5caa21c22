#include "datastore/stackgraph/export_pipe.h"

#include <cerrno>
#include <exception>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "base/error.h"
#include "base/worker_pool.h"

namespace holdfast::datastore::sg {

namespace {

constexpr std::size_t kBlock = std::size_t(1) << 20;
constexpr int kPollMilliseconds = 20;

}  // namespace

ExportPipe::ExportPipe(const fs::path& path) : path_(path) {
  if (::mkfifo(path.c_str(), 0600) < 0) throw_errno(errno, "make the pipe " + path.string());
  reader_ = Descriptor(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW));
  if (reader_.get() < 0) throw_errno(errno, "open the pipe " + path.string());
  // More bytes at once; what the system does not allow is no harm.
  ::fcntl(reader_.get(), F_SETPIPE_SZ, int(kBlock));
}

ExportPipe::~ExportPipe() { ::unlink(path_.c_str()); }

void ExportPipe::take_while(const Context& context, const GraphTool::Sink& take, Progress& progress,
                            const std::function<void()>& command) {
  WorkerPool pool(context, 1);
  pool.submit([&] {
    try {
      take_all(pool.context(), take, progress);
    } catch (...) {
      reader_.close();  // whoever still writes is told so
      throw;
    }
  });
  std::exception_ptr failure;
  try {
    command();
  } catch (...) {
    failure = std::current_exception();
  }
  command_has_ended_ = true;
  pool.finish();
  if (failure) std::rethrow_exception(failure);
}

// The end of a pipe shows when nobody has it open, which is also so before the first one opens it.
void ExportPipe::take_all(const Context& context, const GraphTool::Sink& take, Progress& progress) {
  std::vector<char> block(kBlock);
  for (;;) {
    context.check("take an export from its pipe");
    const bool ended = command_has_ended_;  // before the read: whatever it wrote is there then
    const ssize_t count = ::read(reader_.get(), block.data(), block.size());
    if (count > 0) {
      take({block.data(), std::size_t(count)});
      progress.advance(std::uint64_t(count), 0);
      continue;
    }
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno != EAGAIN) throw_errno(errno, "read an export's pipe");
    if (ended) {
      still_open_ = count < 0;
      return;
    }
    pollfd waiting{reader_.get(), POLLIN, 0};
    // At the end of a pipe poll() does not wait.
    if (::poll(&waiting, 1, kPollMilliseconds) > 0 && (waiting.revents & POLLIN) == 0) {
      context.sleep(std::chrono::milliseconds(kPollMilliseconds), "take an export from its pipe");
    }
  }
}

bool ExportPipe::is_whole() const {
  struct stat there{}, ours{};
  return ::lstat(path_.c_str(), &there) == 0 && ::fstat(reader_.get(), &ours) == 0 &&
         there.st_dev == ours.st_dev && there.st_ino == ours.st_ino;
}

}  // namespace holdfast::datastore::sg
