// Judges a real storage before it is trusted: does what backups need, on small objects of its own,
// and says what is missing in the operator's words. Uses nothing but the Storage interface.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/context.h"
#include "base/error.h"
#include "storage/storage.h"

namespace holdfast::job {

enum class Verdict {
  kGood,
  kNote,     // works, with something to know
  kWarning,  // backups work; something around them does not
  kFailed,   // backups or restores would fail
};
std::string_view name_of(Verdict verdict);  // "good", "note", "warning", "failed"

struct StorageFinding {
  std::string what;  // "write an object"
  Verdict verdict = Verdict::kGood;
  std::string seen;    // what happened, where that is worth a line
  std::string advice;  // what to do; empty: nothing
};

struct StorageJudgement {
  std::string bucket;
  std::vector<StorageFinding> findings;  // in the order of doing
  Verdict worst() const;
};

struct StorageCheckOptions {
  std::string bucket;
  std::string prefix = ".holdfast/";  // under which it writes, into a folder with a random name
};

// Writes about two of the storage's smallest parts and removes all of it again; what could not be
// removed is a finding. Throws only what ends everything (Cancelled, DeadlineExceeded of the
// context).
StorageJudgement check_storage(const Context& context, storage::Storage& storage,
                               const StorageCheckOptions& options);

}  // namespace holdfast::job
