// The dangerous moments of the program, by name, so that tests can make them fail.
//
// Every change of a file, every request to a storage and every call to a store's API passes an
// Operation. Normally that costs one relaxed load. Under the environment variables below it is
// traced or ended on purpose:
//   HOLDFAST_TRACE_OPERATIONS=FILE     append `NUMBER KIND SUBJECT` for every operation, numbered
//   from 1 HOLDFAST_KILL_AT=NUMBER:before|after   SIGKILL this process before or after that
//   operation HOLDFAST_KILL_AT=KIND[:NTH]:before|after  the same for the NTH operation of that kind
//   (default 1) HOLDFAST_FAIL_AT=NUMBER|KIND[:NTH]=ERROR  throw that error kind
//   (name_of(ErrorKind)) before it
#pragma once

#include <string_view>

namespace holdfast {

class Operation {
 public:
  // `kind` is a stable dotted name, such as "file.rename", "storage.put" or "vm.marker"; `subject`
  // what it acts on.
  Operation(std::string_view kind, std::string_view subject);
  ~Operation();
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;

 private:
  bool kill_after_ = false;
};

}  // namespace holdfast
