// What the switches allow, as documented: with backup.enabled false nothing runs; a scheduled run
// of StackGraph or Elasticsearch needs `enabled` and `scheduled.enabled`; a restore needs
// `restore.enabled`. Pure.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "config/values.h"

namespace holdfast::config {

// Whether the store is backed up at all: the master switch and its own.
bool is_enabled(const Values& values, Store store);
// Whether holdfast itself backs it up by the clock.
bool is_scheduled(const Values& values, Store store);

// Why something may not be done: the first key, in the order of their weight, whose value forbids
// it.
struct Refusal {
  std::string key;
  ErrorKind kind = ErrorKind::kRefused;  // the master switch: kInvalidArgument, exit status 2
  std::string advice;
};
// A backup by hand: needs no schedule. `override_disabled` stands for --override-disabled, which
// lifts the store's own switches but never the master switch.
std::optional<Refusal> backup_refusal(const Values& values, Store store,
                                      bool override_disabled = false);
std::optional<Refusal> restore_refusal(const Values& values, Store store,
                                       bool override_disabled = false);
inline bool restore_allowed(const Values& values, Store store) {
  return !restore_refusal(values, store);
}

// Throw the refusal as an error that names the key: "backup stackgraph: backup.enabled is false;
// ...".
void require_backup(const Values& values, Store store, bool override_disabled = false);
void require_restore(const Values& values, Store store, bool override_disabled = false);
// For `run`, which is for no store alone: InvalidArgument when the master switch is off.
void require_master_switch(const Values& values, const std::string& what);

}  // namespace holdfast::config
