#include "storage/folder/spare_files.h"

#include <csignal>
#include <fcntl.h>
#include <new>
#include <string_view>
#include <sys/xattr.h>
#include <unistd.h>

#include "storage/folder/label_store.h"

namespace holdfast::storage {

namespace {

// Nobody else has the file open. What asks for it meanwhile waits for the end of the lease; the
// signal that tells of it is one that does nothing.
bool nobody_else_has(int file) {
  if (::fcntl(file, F_SETSIG, SIGURG) < 0 || ::fcntl(file, F_SETLEASE, F_WRLCK) < 0) return false;
  return ::fcntl(file, F_SETLEASE, F_UNLCK) == 0;
}

bool has_our_attribute_alone(int file) {
  char names[256];
  const ssize_t size = ::flistxattr(file, names, sizeof names);
  if (size == 0) return true;
  const std::string_view ours(kLabelAttribute);
  return size == ssize_t(ours.size() + 1) && std::string_view(names) == ours;
}

}  // namespace

void SpareFiles::enable(int temporary, const struct stat& fresh, std::size_t resting) {
  resting_ = resting;
  fresh_ = fresh;
  temporary_ = temporary;
}

// A regular file with one name, and owner and mode of one that holdfast has just made.
bool SpareFiles::is_like_fresh(const struct stat& file) const {
  return S_ISREG(file.st_mode) && file.st_nlink == 1 && file.st_mode == fresh_.st_mode &&
         file.st_uid == fresh_.st_uid && file.st_gid == fresh_.st_gid;
}

bool SpareFiles::wants(const struct stat& file) const {
  return temporary_ >= 0 && is_like_fresh(file) && std::uint64_t(file.st_size) <= kLargest &&
         count_ < kMost;
}

void SpareFiles::give(std::string name) noexcept {
  try {
    std::lock_guard lock(mutex_);
    names_.push_back(std::move(name));
    count_ = names_.size();
  } catch (const std::bad_alloc&) {
    return;  // it stays until the next start
  }
}

std::optional<SpareFiles::Spare> SpareFiles::take() {
  if (count_ <= resting_) return std::nullopt;
  Spare spare;
  {
    std::lock_guard lock(mutex_);
    if (names_.size() <= resting_) return std::nullopt;
    spare.name = std::move(names_.front());
    names_.pop_front();
    count_ = names_.size();
  }
  ++started_;
  spare.file = Descriptor(::openat(temporary_, spare.name.c_str(),
                                   O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (spare.file && usable(spare.file.get())) return spare;
  ::unlinkat(temporary_, spare.name.c_str(), 0);
  return std::nullopt;
}

bool SpareFiles::usable(int file) const {
  struct stat now{};
  return ::fstat(file, &now) == 0 && is_like_fresh(now) && has_our_attribute_alone(file) &&
         nobody_else_has(file) && ::ftruncate(file, 0) == 0;
}

}  // namespace holdfast::storage
