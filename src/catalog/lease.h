// "Only one run of a store at a time", by conditional writes alone: no clocks are compared. Format:
// docs/formats/catalog.md; why it is safe: docs/design/lease.md.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/context.h"
#include "base/progress.h"
#include "storage/storage.h"

namespace holdfast::catalog {

struct CatalogOptions {
  std::string bucket = "sts-stackgraph-backup";
  std::string prefix = ".holdfast/";
};

// What attempts to acquire have seen of a lease, for somebody who tries again and again: a holder
// that renews no more is noticed, however short each attempt is.
struct LeaseWatch {
  std::string revision;
  SteadyTime since;  // when it was first seen
};

struct LeaseOptions {
  Duration time_to_live = std::chrono::seconds(60);
  Duration longest_request =
      std::chrono::seconds(20);  // every request of a holder ends within this
  Duration wait_at_most{0};      // how long to wait for another holder; 0: refuse at once
  std::string purpose;           // "backup", "restore": shown to whoever is refused
  LeaseWatch* watch = nullptr;   // borrowed for acquire(); none: each attempt begins anew
};

// Who holds a lease, as the lease itself says; nullopt when nobody does, or when its process is
// known to be dead. One that cannot be seen from here may have died: it is told all the same.
struct LeaseHolder {
  std::string purpose, host;
  WallTime since;
};
std::optional<LeaseHolder> holder_of(const Context& context, storage::Storage& storage,
                                     const CatalogOptions& catalog, const std::string& store);

// Held from acquire() until release() or destruction (which releases, best effort). A thread renews
// it at a third of its time to live. check() throws Refused once the time since the start of the
// last good renewal exceeds time_to_live - longest_request: a paused process thus knows by itself
// that it may have been taken over.
class Lease : public Fence {
 public:
  // Refused (who holds it, since when, how to break it) when another run holds it and does not let
  // go in time. A holder that stopped renewing is taken over after observing one unchanged revision
  // for time_to_live + longest_request.
  static std::unique_ptr<Lease> acquire(const Context& context, storage::Storage& storage,
                                        const CatalogOptions& catalog, const std::string& store,
                                        const LeaseOptions& options);
  ~Lease() override;
  void check() override;
  void release();
  std::uint64_t requests() const;  // made so far, for tests

 private:
  struct State;
  explicit Lease(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace holdfast::catalog
