// One run from lease to record.
#pragma once

#include <exception>
#include <memory>
#include <utility>

#include "job/engine.h"

namespace holdfast::job {

class Run {
 public:
  // Checks change nothing that others see, and take no lease.
  enum class Takes { kLease, kNothing };
  Run(const Context& context, storage::Storage& storage, const EngineOptions& options,
      std::string store, std::string kind, const RunCause& cause = {}, Takes takes = Takes::kLease);

  catalog::RunRecord& record() { return record_; }
  const std::string& id() const { return record_.id; }

  // Takes the lease, runs `work(context, fence)`, writes the record, gives the lease back. Nothing
  // is recorded of a run that did not get the lease: it has not begun. Work that ends well, but
  // with bad news, has set the record's outcome.
  template <typename Work>
  auto execute(Work work) {
    begin();
    try {
      auto result = work(context_, lease_ ? static_cast<Fence&>(*lease_) : open_fence_);
      end(nullptr);
      return result;
    } catch (...) {
      end(std::current_exception());
      throw;
    }
  }

 private:
  void begin();
  void leave_record();
  // Never throws: the work's own outcome counts.
  void end(std::exception_ptr failure) noexcept;

  Context context_;
  storage::Storage& storage_;
  EngineOptions options_;
  RunCause cause_;
  Takes takes_;
  catalog::RunRecord record_;
  std::unique_ptr<catalog::Lease> lease_;  // none with catalog_is_read_only
  OpenFence open_fence_;
};

}  // namespace holdfast::job
