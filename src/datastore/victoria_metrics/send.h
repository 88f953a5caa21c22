// Uploads what a comparison found missing, in bounded memory.
#pragma once

#include "base/progress.h"
#include "datastore/victoria_metrics/backup.h"
#include "datastore/victoria_metrics/compare.h"
#include "datastore/victoria_metrics/snapshot.h"

namespace holdfast::datastore::vm {

// The checksums of what was sent or hashed, in the order of the Work lines.
class SentDigests {
 public:
  SentDigests() : spool_(std::make_unique<Spool>()) {}
  void add(const transfer::ObjectDigest& digest) { spool_->add(digest.text()); }
  // Of the next object that was added; Failed when it cannot be of `piece`.
  transfer::ObjectDigest next(const Piece& piece);

 private:
  std::unique_ptr<Spool> spool_;
  std::optional<Spool::Reader> reader_;
};

// Sends the kPut objects of `comparison` into `folder`, and hashes the kKeepAndHash ones.
SentDigests send(const Context& context, const Store& store, Fence& fence, const Snapshot& snapshot,
                 const std::string& folder, Comparison& comparison, Progress& progress);

}  // namespace holdfast::datastore::vm
