// What a restore has to do, found without touching anything: one list, the manifest, one walk over
// the live data.
#pragma once

#include "datastore/victoria_metrics/backup.h"
#include "datastore/victoria_metrics/spool.h"
#include "datastore/victoria_metrics/state.h"

namespace holdfast::datastore::vm {

// What a restore does with one object or local file. The letter is its form in the temporary file.
enum class RestoreAction : char {
  kFetch = 'f',   // an object of the backup
  kReuse = 'l',   // the same file is in the live data, of the same size
  kWrite = 'w',   // a small file, from the manifest
  kRemove = 'r',  // a live file that the backup does not have (only in place)
};
struct RestoreStep {
  RestoreAction action = RestoreAction::kFetch;
  ManifestEntry entry;
};

// The driver's own part of a RestorePlan.
struct PlanDetails {
  State state;
  fs::path target;               // folder whose data is replaced
  bool is_scratch = false;       // thrown away after a drill: need not survive a power cut
  std::shared_ptr<Spool> steps;  // RestoreStep lines, in the order of names: LETTER ENTRY
};

class RestoreStepReader {
 public:
  explicit RestoreStepReader(Spool& spool) : reader_(spool.read()) {}
  std::optional<RestoreStep> next();

 private:
  Spool::Reader reader_;
};

// NotFound, Corrupt. What merely stands in the way now is a conflict of the plan.
RestorePlan plan_restore(const Context& context, const Store& store, const PlanRequest& request);

}  // namespace holdfast::datastore::vm
