#include "job/run.h"

#include <fmt/format.h>

#include "base/log.h"
#include "catalog/run_summary.h"

namespace holdfast::job {

Run::Run(const Context& context, storage::Storage& storage, const EngineOptions& options,
         std::string store, std::string kind, const RunCause& cause, Takes takes)
    : context_(context), storage_(storage), options_(options), cause_(cause), takes_(takes) {
  record_.id = catalog::new_run_id();
  context_ = context.named(store).with_run(record_.id);
  record_.store = std::move(store);
  record_.task = cause.task.empty() ? kind : cause.task;
  record_.kind = std::move(kind);
  record_.trigger = cause.trigger;
  record_.due = cause.due;
  record_.by = cause.by;
}

void Run::begin() {
  options_.lease.purpose = record_.kind;
  if (!options_.catalog_is_read_only && takes_ == Takes::kLease) {
    lease_ = catalog::Lease::acquire(context_, storage_, options_.catalog, record_.store,
                                     options_.lease);
  }
  record_.started = context_.clock().now();
  if (cause_.on_begin) cause_.on_begin(record_);
}

void Run::leave_record() {
  // A run that was cancelled or ran out of its time must still leave its record.
  const Context closing = context_.detached().with_timeout(options_.lease.longest_request);
  bool is_written = false;
  try {
    catalog::write_record(closing, storage_, options_.catalog, record_);
    is_written = true;
    catalog::add_to_summary(closing, storage_, options_.catalog, record_);
  } catch (const std::exception& error) {
    log::warning(context_, fmt::format("the run's record could not be written: {}", error.what()));
  }
  if (cause_.on_end) cause_.on_end(record_, is_written);
}

void Run::end(std::exception_ptr failure) noexcept {
  if (record_.outcome.empty()) record_.outcome = "success";
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
  if (!options_.catalog_is_read_only) leave_record();
  if (!lease_) return;
  try {
    lease_->release();
  } catch (const std::exception& error) {
    log::warning(context_, fmt::format("the lease could not be given back and ends by itself: {}",
                                       error.what()));
  }
}

}  // namespace holdfast::job
