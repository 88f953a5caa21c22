// What long work is given by whoever started it: a place to report, a permission to commit, a
// memory over restarts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast {

// Thread-safe; calls are cheap and never throw.
class Progress {
 public:
  virtual ~Progress() = default;
  // Enters a named phase ("upload", "check"), whose size may be unknown (0).
  virtual void phase(std::string_view name, std::uint64_t total_bytes,
                     std::uint64_t total_objects) = 0;
  virtual void advance(std::uint64_t bytes, std::uint64_t objects) = 0;
  // What comes belongs to the run with this id, for lines that tell it.
  virtual void belongs_to(std::string_view /*run_id*/) {}
  // A line worth showing by itself: a decision, a skipped thing.
  virtual void note(std::string_view line) = 0;
};

class SilentProgress : public Progress {
 public:
  void phase(std::string_view, std::uint64_t, std::uint64_t) override {}
  void advance(std::uint64_t, std::uint64_t) override {}
  void note(std::string_view) override {}
};

// "May I still commit?" A backup asks right before each step that others can see.
class Fence {
 public:
  virtual ~Fence() = default;
  // Returns only while the lease is certainly held; else throws Refused. Thread-safe.
  virtual void check() = 0;
};

class OpenFence : public Fence {
 public:
  void check() override {}
};

// What a restore has done, kept beside the data so that the next start can finish or undo it.
class Journal {
 public:
  virtual ~Journal() = default;
  // Durable on return. `line` holds no newline.
  virtual void append(std::string_view line) = 0;
  // What was appended, also by a process that died; a torn last line is left out.
  virtual std::vector<std::string> lines() const = 0;
  // Forgets all; durable on return.
  virtual void clear() = 0;
};

}  // namespace holdfast
