#include "storage/folder/locks.h"

#include <algorithm>
#include <cerrno>
#include <sys/stat.h>

#include "storage/folder/at.h"

namespace holdfast::storage {

void FolderSync::sync_once(std::unique_lock<std::mutex>& lock, State& state, int folder,
                           const std::string& name) {
  state.running = true;
  std::uint64_t mine = ++state.started;
  lock.unlock();
  int error = 0;
  std::exception_ptr injected;
  try {
    error = sync_folder_of(folder, name);
  } catch (...) {
    injected = std::current_exception();
    error = EIO;
  }
  lock.lock();
  state.running = false;
  state.finished = mine;
  if (error != 0) {
    state.failed = mine;
    state.error = error;
  }
  state.ended[mine % 2].notify_all();
  state.ended[(mine + 1) % 2].notify_one();
  if (injected) std::rethrow_exception(injected);
}

void FolderSync::sync(int folder, const std::string& name) {
  struct stat info{};
  if (::fstat(folder, &info) < 0) throw_file_error(errno, "look at folder " + name);
  Stripe& stripe = stripes_[info.st_ino % stripes_.size()];
  std::unique_lock lock(stripe.mutex);
  State& state = stripe.states[info.st_ino];
  ++state.users;
  struct Leave {
    Stripe& stripe;
    State& state;
    std::uint64_t inode;
    ~Leave() {
      if (--state.users == 0) stripe.states.erase(inode);
    }
  } leave{stripe, state, info.st_ino};
  const std::uint64_t needed = state.started + 1;
  while (state.finished < needed) {
    if (state.running) {
      state.ended[needed % 2].wait(lock);
    } else {
      sync_once(lock, state, folder, name);
    }
  }
  if (state.failed >= needed) throw_file_error(state.error, "sync folder " + name);
}

ChangeLog::Change::Change(ChangeLog& log, std::string_view folder, std::string name)
    : log_(log), hash_(std::hash<std::string_view>()(folder)), name_(std::move(name)) {
  Stripe& stripe = log_.stripe(hash_);
  std::lock_guard lock(stripe.mutex);
  ++stripe.generation;
  stripe.ongoing.push_back({hash_, &name_});
  for (Scan* scan : stripe.scans) {
    if (scan->hash_ == hash_) scan->names_.push_back(name_);
  }
}

ChangeLog::Change::~Change() {
  Stripe& stripe = log_.stripe(hash_);
  std::lock_guard lock(stripe.mutex);
  ++stripe.generation;
  std::erase_if(stripe.ongoing, [&](const Ongoing& each) { return each.name == &name_; });
}

ChangeLog::Scan::Scan(ChangeLog& log, std::string_view folder)
    : log_(log), hash_(std::hash<std::string_view>()(folder)) {
  Stripe& stripe = log_.stripe(hash_);
  std::lock_guard lock(stripe.mutex);
  for (const Ongoing& each : stripe.ongoing) {
    if (each.hash == hash_) names_.push_back(*each.name);
  }
  stripe.scans.push_back(this);
}

ChangeLog::Scan::~Scan() {
  Stripe& stripe = log_.stripe(hash_);
  std::lock_guard lock(stripe.mutex);
  std::erase(stripe.scans, this);
}

std::vector<std::string> ChangeLog::Scan::take() {
  std::lock_guard lock(log_.stripe(hash_).mutex);
  return std::move(names_);
}

std::uint64_t ChangeLog::generation(std::string_view folder) {
  Stripe& stripe = this->stripe(std::hash<std::string_view>()(folder));
  std::lock_guard lock(stripe.mutex);
  return stripe.generation;
}

}  // namespace holdfast::storage
