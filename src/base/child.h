// Another program, started by this one, which never outlives it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "base/context.h"
#include "base/file.h"

namespace holdfast {

struct ChildOptions {
  std::vector<std::string> arguments;              // the program first; found in PATH; no shell
  std::map<std::string, std::string> environment;  // added to this process's
  fs::path folder;                                 // it works there; empty: where this process does
  int output = -1;                                 // takes what it prints on both streams; borrowed
  // It has ended when all of its group have, and nobody of them outlives the Child. Else what it
  // leaves behind may go on: a server that a script starts.
  bool ends_with_group = false;
};

// Owns the process and whatever it starts in its group. Not thread-safe; the thread that started it
// must live as long as it.
class Child {
 public:
  // Standard input is empty. NotFound when there is no such program, AccessDenied when it may not
  // be run.
  explicit Child(const ChildOptions& options);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  // Kills it at once, and its group.
  ~Child();

  // Its exit status, 128 and the signal's number when one ended it; nullopt while it runs.
  std::optional<int> poll();
  // Asks it and its group to end, and kills them after `patience`.
  void stop(Clock& clock, Duration patience);

 private:
  bool group_lives() const;

  bool ends_with_group_;
  pid_t pid_ = -1;
  std::optional<int> status_;
};

struct CommandResult {
  int status = 0;      // as Child::poll()
  std::string output;  // the last 64 KiB of what it printed
};

// Runs a program to its end. DeadlineExceeded or Cancelled by the context, when it has been ended:
// it gets 5 seconds to do so by itself.
CommandResult run_command(const Context& context, ChildOptions options);

}  // namespace holdfast
