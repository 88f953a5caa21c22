#include "job/run.h"

#include <fmt/format.h>

#include "base/log.h"

namespace holdfast::job {

Run::Run(const Context& context, storage::Storage& storage, const EngineOptions& options,
         std::string store, std::string kind)
    : context_(context.named(store)), storage_(storage), options_(options) {
  record_.id = catalog::new_run_id();
  record_.store = std::move(store);
  record_.kind = std::move(kind);
}

void Run::begin() {
  options_.lease.purpose = record_.kind;
  if (!options_.catalog_is_read_only) {
    lease_ = catalog::Lease::acquire(context_, storage_, options_.catalog, record_.store,
                                     options_.lease);
  }
  record_.started = context_.clock().now();
}

void Run::end(std::exception_ptr failure) noexcept {
  if (!lease_) return;
  record_.outcome = "success";
  try {
    if (failure) std::rethrow_exception(failure);
  } catch (const Error& error) {
    record_.outcome = name_of(error.kind());
    record_.error = error.to_string();
  } catch (const std::exception& error) {
    record_.outcome = name_of(ErrorKind::kFailed);
    record_.error = error.what();
  }
  record_.ended = context_.clock().now();
  // A run that was cancelled or ran out of its time must still leave its record and free its lease.
  Context closing = Context::with_clock(context_.clock())
                        .named(context_.prefix())
                        .with_timeout(options_.lease.longest_request);
  try {
    catalog::write_record(closing, storage_, options_.catalog, record_);
  } catch (const std::exception& error) {
    log::warning(context_, fmt::format("the run's record could not be written: {}", error.what()));
  }
  try {
    lease_->release();
  } catch (const std::exception& error) {
    log::warning(context_, fmt::format("the lease could not be given back and ends by itself: {}",
                                       error.what()));
  }
}

}  // namespace holdfast::job
