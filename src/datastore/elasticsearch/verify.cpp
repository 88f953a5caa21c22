#include "datastore/elasticsearch/verify.h"

#include <fmt/format.h>

#include "base/error.h"
#include "datastore/elasticsearch/names.h"
#include "datastore/elasticsearch/snapshots.h"

namespace holdfast::datastore::es {

namespace {

constexpr unsigned kRequests = 8;  // at once

}  // namespace

void SnapshotVerifier::look_anew(const Context& context) {
  seen_.clear();
  check_.reset();
  blobs_ = open_blobs(store_, unreadable_because_);
  if (!blobs_) return;
  index_ = read_index(context, *blobs_);
  check_ = std::make_unique<RepositoryCheck>(*blobs_, kRequests);
}

VerifyReport SnapshotVerifier::verify(const Context& context, const VerifyRequest& request,
                                      Progress& progress) {
  const Snapshot snapshot =
      wanted_snapshot(context, *store_.server, store_.options.repository.name, request.name);
  if (snapshot.state == "IN_PROGRESS") {
    throw Refused("verify " + request.name, "it is still being taken", "wait for its end");
  }
  // The second time round the repository may be another one.
  if (seen_.empty() || seen_.contains(request.name)) look_anew(context);
  seen_.insert(request.name);
  VerifyReport report;
  if (check_) {
    if (index_.find(request.name) == nullptr) index_ = read_index(context, *blobs_);
    report = check_->verify(context, index_, request.name, request.deep, progress);
  } else {
    report.warnings.push_back("its files are not looked into: " + unreadable_because_ +
                              "; a drill proves it all the same");
  }
  if (!snapshot.broken_because.empty()) {
    report.problems.insert(report.problems.begin(), snapshot.broken_because);
  }
  return report;
}

void require_blobs(const Context& context, const Store& store, const std::string& snapshot,
                   const std::vector<std::string>& indices, Progress& progress) {
  std::string why;
  auto blobs = open_blobs(store, why);
  if (!blobs) return;
  const VerifyReport report = RepositoryCheck(*blobs, kRequests)
                                  .verify(context, read_index(context, *blobs), snapshot, false,
                                          progress, {indices.begin(), indices.end()});
  if (report.problems.empty()) return;
  throw Corrupt(fmt::format("restore {}", snapshot),
                fmt::format("{}; {} problems in all", report.problems.front(),
                            report.problems.size() + report.more_problems),
                fmt::format("holdfast verify elasticsearch {} tells them; nothing was touched. "
                            "Leave that index out with --indices, or restore another snapshot",
                            snapshot));
}

std::optional<Measurement> documents_of(const Context& context, const Store& store,
                                        const std::string& snapshot) {
  const ToldContents told = contents_of(
      context, store, snapshot,
      [&store](const std::string& index) { return chosen(store.options.policy.indices, index); });
  Measurement out;
  for (const auto& [name, count] : told.documents) {
    if (count.live) out.counts[name + " documents"] = *count.live;
  }
  if (out.counts.empty()) return std::nullopt;
  return out;
}

}  // namespace holdfast::datastore::es
