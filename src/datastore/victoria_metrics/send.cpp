#include "datastore/victoria_metrics/send.h"

#include <utility>
#include <vector>

#include "base/error.h"
#include "base/operation.h"
#include "datastore/victoria_metrics/file_digest.h"
#include "transfer/transfer.h"

namespace holdfast::datastore::vm {

namespace {

// Objects that are handed to one transfer: enough that its end does not matter, few enough to fit.
constexpr std::size_t kBatch = 2048;

// One batch of objects, each to be sent or only hashed.
struct Batch {
  std::vector<transfer::UploadItem> items;
  std::vector<bool> only_hash;  // in the order of the Work lines
  std::vector<transfer::UploadItem> to_hash;
};

}  // namespace

transfer::ObjectDigest SentDigests::next(const Piece& piece) {
  if (!reader_) reader_ = spool_->read();
  auto line = reader_->next();
  auto digest = line ? transfer::parse_object_digest(*line, piece.size) : std::nullopt;
  if (!digest) throw Failed("write a manifest", "the checksum of " + piece.path + " is missing");
  return *digest;
}

SentDigests send(const Context& context, const Store& store, Fence& fence, const Snapshot& snapshot,
                 const std::string& folder, Comparison& comparison, Progress& progress) {
  SentDigests sent;
  Batch batch;
  const auto& options = store.options.transfer;
  auto flush = [&] {
    std::vector<transfer::UploadResult> results;
    if (!batch.items.empty()) {
      fence.check();
      Operation operation("vm.send", folder);
      results = transfer::upload(context, *store.place.storage, batch.items, options, progress);
    }
    auto result = results.begin();
    auto hashed = batch.to_hash.begin();
    for (bool only_hash : batch.only_hash) {
      if (!only_hash) {
        sent.add((result++)->digest);
        continue;
      }
      sent.add(
          digest_of_file(context, hashed->path, hashed->offset, hashed->size, options.piece_size));
      ++hashed;
    }
    batch = {};
  };
  WorkReader reader(*comparison.work);
  while (auto work = reader.next()) {
    bool only_hash = work->action == Action::kKeepAndHash;
    if (work->action != Action::kPut && !only_hash) continue;
    const Piece& piece = work->entry.piece;
    transfer::UploadItem item{snapshot.folder() / piece.path, piece.offset, piece.size,
                              store.place.object(folder, piece.name())};
    (only_hash ? batch.to_hash : batch.items).push_back(std::move(item));
    batch.only_hash.push_back(only_hash);
    if (batch.only_hash.size() == kBatch) flush();
  }
  flush();
  return sent;
}

}  // namespace holdfast::datastore::vm
