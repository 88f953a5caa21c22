// One run from lease to record.
#pragma once

#include <exception>
#include <memory>
#include <utility>

#include "job/engine.h"

namespace holdfast::job {

class Run {
 public:
  Run(const Context& context, storage::Storage& storage, const EngineOptions& options,
      std::string store, std::string kind);

  catalog::RunRecord& record() { return record_; }
  const std::string& id() const { return record_.id; }

  // Takes the lease, runs `work(context, fence)`, writes the record, gives the lease back. Nothing
  // is recorded of a run that did not get the lease: it has not begun.
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
  // Never throws: the work's own outcome counts.
  void end(std::exception_ptr failure) noexcept;

  Context context_;
  storage::Storage& storage_;
  EngineOptions options_;
  catalog::RunRecord record_;
  std::unique_ptr<catalog::Lease> lease_;  // none with catalog_is_read_only
  OpenFence open_fence_;
};

}  // namespace holdfast::job
