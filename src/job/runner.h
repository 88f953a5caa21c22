// What the scheduler starts: one task of one store, by that store's engine.
#pragma once

#include <optional>
#include <string>

#include "job/engine.h"
#include "job/task.h"

namespace holdfast::job {

struct RunResult {
  std::optional<catalog::RunRecord> record;  // none: the run did not begin
  bool is_written = false;                   // the record is in the catalog
  std::string not_begun;                     // why
  // There was nothing to do it with, such as a backup to verify: no use in trying again soon.
  bool has_no_subject = false;
  bool had_nothing_to_do = false;  // not_begun tells no trouble
};

// Used by one thread.
class Runner {
 public:
  virtual ~Runner() = default;
  // Never throws: whatever happens is in the result. Waits for the store's lease until cancelled.
  virtual RunResult run(const Context& context, TaskKind kind, RunCause cause,
                        Progress& progress) = 0;
};

class EngineRunner : public Runner {
 public:
  // Borrows it.
  explicit EngineRunner(Engine& engine) : engine_(engine) {}
  RunResult run(const Context& context, TaskKind kind, RunCause cause, Progress& progress) override;

 private:
  void start(const Context& context, TaskKind kind, const RunCause& cause, Progress& progress);

  Engine& engine_;
};

}  // namespace holdfast::job
