// Commands of the operator's around a run: stopping and starting what writes into the store, and
// the like.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/context.h"
#include "base/progress.h"

namespace holdfast::job {

struct Hook {
  std::vector<std::string> command;  // run without a shell; empty: none
  Duration timeout = std::chrono::seconds(60);
  bool may_fail = false;  // then its failure is a warning
};

struct Hooks {
  Hook before_backup, after_backup, before_restore, after_restore;
};

// The two around one run. What was done before is undone after, whatever the run came to: the
// second one runs whenever the first one was begun.
class HookPair {
 public:
  // `facts` reach the commands as variables: HOLDFAST_STORE, HOLDFAST_RUN, HOLDFAST_KIND.
  HookPair(const Context& context, const Hook& before, const Hook& after,
           std::map<std::string, std::string> facts, Progress& progress);

  // Failed, with the command's last line, when it fails or takes too long and may not.
  void before();
  // The same. HOLDFAST_OUTCOME is "success" or "failure". Runs also when the context is cancelled.
  void after(bool succeeded);
  // What may fail, and did.
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  void run(const Context& context, const Hook& hook, const std::string& which);

  Context context_;
  const Hook& before_;
  const Hook& after_;
  std::map<std::string, std::string> facts_;
  Progress& progress_;
  bool begun_ = false;
  std::vector<std::string> warnings_;
};

}  // namespace holdfast::job
