// What lets many threads write one folder: a lock a key, merged syncs of folders, and a note of
// names that change while somebody reads their folder.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace holdfast::storage {

// One of a fixed number of locks for every key. A thread holds at most one of them at a time.
class KeyLocks {
 public:
  std::mutex& of(std::string_view key) {
    return locks_[std::hash<std::string_view>()(key) % locks_.size()];
  }

 private:
  std::array<std::mutex, 1024> locks_;
};

// Syncs of folders. Threads that want the same folder synced at the same time share one fsync: a
// sync that starts after a change covers it, whoever asked.
class FolderSync {
 public:
  // Durable on return. `name` is for errors and tests. Throws by errno.
  void sync(int folder, const std::string& name);

 private:
  struct State {
    std::uint64_t started = 0, finished = 0;
    bool running = false;
    unsigned users = 0;
    std::uint64_t failed = 0;  // the last sync that failed
    int error = 0;
    // Of who waits for the end of an odd sync, and of an even one: those who need the next sync
    // sleep through the end of this one, but for the one of them that does it.
    std::array<std::condition_variable, 2> ended;
  };
  struct Stripe {
    std::mutex mutex;
    std::unordered_map<std::uint64_t, State> states;  // by inode; only while somebody syncs
  };
  static void sync_once(std::unique_lock<std::mutex>& lock, State& state, int folder,
                        const std::string& name);
  std::array<Stripe, 64> stripes_;
};

// Reading a folder while names in it are replaced may miss a name that was there all the time (some
// file systems move a replaced entry). So writers announce what they replace, and a reader adds
// what was announced while it read. It also counts changes, for caches of folders.
class ChangeLog {
 public:
  // Announces that `name` in `folder` (its path) is being replaced, until the end of scope.
  class Change {
   public:
    Change(ChangeLog& log, std::string_view folder, std::string name);
    ~Change();
    Change(const Change&) = delete;
    Change& operator=(const Change&) = delete;

   private:
    ChangeLog& log_;
    std::size_t hash_;
    std::string name_;
  };

  // A reader of `folder`, from before its first look until take().
  class Scan {
   public:
    Scan(ChangeLog& log, std::string_view folder);
    ~Scan();
    Scan(const Scan&) = delete;
    Scan& operator=(const Scan&) = delete;
    // The names announced meanwhile; they may be there or not.
    std::vector<std::string> take();

   private:
    friend class ChangeLog;
    ChangeLog& log_;
    std::size_t hash_;
    std::vector<std::string> names_;
  };

  // Differs before and after every change in `folder`.
  std::uint64_t generation(std::string_view folder);

 private:
  struct Ongoing {
    std::size_t hash;
    const std::string* name;
  };
  struct Stripe {
    std::mutex mutex;
    std::uint64_t generation = 0;
    std::vector<Ongoing> ongoing;
    std::vector<Scan*> scans;
  };
  Stripe& stripe(std::size_t hash) { return stripes_[hash % stripes_.size()]; }
  std::array<Stripe, 256> stripes_;
};

}  // namespace holdfast::storage
