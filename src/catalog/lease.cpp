#include "catalog/lease.h"

#include <condition_variable>
#include <fmt/format.h>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "base/random.h"
#include "catalog/lease_body.h"

namespace holdfast::catalog {

namespace {

using storage::ObjectRef;
using storage::PutRequest;

constexpr std::uint64_t kMaxBody = 16 * 1024;

struct Seen {
  LeaseBody body;
  std::string revision;
};

}  // namespace

struct Lease::State {
  Context context;
  storage::Storage& storage;
  ObjectRef ref;
  LeaseOptions options;
  LeaseBody body;

  std::mutex mutex;
  std::condition_variable changed;
  std::string revision;
  SteadyTime last_good;
  bool lost = false, stopping = false;
  std::atomic<std::uint64_t> requests{0};
  std::thread renewer;

  State(const Context& given, storage::Storage& where, ObjectRef object, const LeaseOptions& how)
      : context(given), storage(where), ref(std::move(object)), options(how) {}

  Context request_context() const { return context.with_timeout(options.longest_request); }

  // nullopt: there has never been a lease for this store.
  std::optional<Seen> read() {
    ++requests;
    storage::ObjectInfo info;
    try {
      std::string text = get_bytes(storage, request_context(), ref, kMaxBody, {}, &info);
      return Seen{parse_lease_body(text), info.revision};
    } catch (const Corrupt& error) {
      log::warning(context, fmt::format("lease {}: {}; it is taken over once no run renews it",
                                        ref.text(), error.reason()));
      return Seen{unreadable(), info.revision};
    } catch (const NotFound& error) {
      if (error.code() == storage::kNoSuchBucket) throw;
      return std::nullopt;
    }
  }

  // Stands for a damaged body: somebody may hold it, for as long as this program would.
  LeaseBody unreadable() const {
    LeaseBody unknown;
    unknown.held = true;
    unknown.purpose = "run whose lease is damaged";
    unknown.since = "an unknown time";
    unknown.time_to_live = options.time_to_live;
    unknown.longest_request = options.longest_request;
    return unknown;
  }

  // Writes `next` over what was `seen`. false: somebody else was faster. A write whose outcome is
  // unknown is settled by reading who holds the lease, never by writing again.
  bool write(const LeaseBody& next, const std::optional<std::string>& seen) {
    PutRequest request;
    request.attributes.headers["content-type"] = "application/json";
    if (seen) {
      request.condition.revision_is = *seen;
    } else {
      request.condition.must_not_exist = true;
    }
    SteadyTime begin = context.clock().steady();
    std::string new_revision;
    try {
      ++requests;
      new_revision = put_bytes(storage, request_context(), ref, to_json(next), request).revision;
    } catch (const PreconditionFailed&) {
      return settle(next, begin);
    } catch (const Unavailable&) {
      return settle(next, begin);
    } catch (const DeadlineExceeded&) {
      return settle(next, begin);
    }
    accept(next, new_revision, begin);
    return true;
  }

  bool settle(const LeaseBody& wanted, SteadyTime begin) {
    auto now = read();
    if (!now || now->body.holder != wanted.holder || now->body.counter != wanted.counter)
      return false;
    accept(wanted, now->revision, begin);
    return true;
  }

  void accept(const LeaseBody& written, const std::string& new_revision, SteadyTime begin) {
    std::lock_guard lock(mutex);
    body = written;
    revision = new_revision;
    last_good = begin;
  }

  void renew_until_stopped();
  void renew_once();
};

void Lease::State::renew_once() {
  LeaseBody next;
  std::string seen;
  {
    std::lock_guard lock(mutex);
    next = body;
    seen = revision;
  }
  ++next.counter;
  try {
    if (write(next, seen)) return;
    std::lock_guard lock(mutex);
    lost = true;
    log::error(context, fmt::format("lease {}: taken over by another run", ref.text()));
  } catch (const Error& error) {
    // Not lost yet: check() tells by the time since the last good renewal.
    log::warning(context, fmt::format("lease {}: not renewed: {}", ref.text(), error.to_string()));
  }
}

void Lease::State::renew_until_stopped() {
  std::unique_lock lock(mutex);
  while (!stopping && !lost) {
    SteadyTime next = context.clock().steady() + options.time_to_live / 3;
    while (!stopping && context.clock().steady() < next) context.clock().wait(lock, changed, next);
    if (stopping) return;
    lock.unlock();
    renew_once();
    lock.lock();
  }
}

Lease::Lease(std::shared_ptr<State> state) : state_(std::move(state)) {
  state_->renewer = std::thread([shared = state_] { shared->renew_until_stopped(); });
}

namespace {

[[noreturn]] void refuse(const std::string& store, const LeaseBody& body, std::string_view why) {
  throw Refused(fmt::format("lease of {}", store),
                fmt::format("a {} is running since {} on {} (pid {}){}", body.purpose, body.since,
                            body.process.host, body.process.pid, why),
                "wait for it to end, or give --wait");
}

}  // namespace

std::unique_ptr<Lease> Lease::acquire(const Context& context, storage::Storage& storage,
                                      const CatalogOptions& catalog, const std::string& store,
                                      const LeaseOptions& options) {
  ObjectRef ref{catalog.bucket, catalog.prefix + "leases/" + store + ".json"};
  auto state = std::make_shared<State>(context.named("lease"), storage, ref, options);
  LeaseBody wanted;
  wanted.held = true;
  wanted.holder = random_hex(16);
  wanted.store = store;
  wanted.purpose = options.purpose;
  wanted.process = this_process();
  wanted.time_to_live = options.time_to_live;
  wanted.longest_request = options.longest_request;
  wanted.since = format_rfc3339(context.clock().now());

  SteadyTime start = context.clock().steady();
  LeaseWatch begun_now;
  LeaseWatch& watch = options.watch ? *options.watch : begun_now;
  while (true) {
    auto seen = state->read();
    SteadyTime now = context.clock().steady();
    bool free = !seen || !seen->body.held || liveness(seen->body.process) == Liveness::kDead;
    if (seen && seen->revision != watch.revision) {
      bool renewed = !watch.revision.empty();
      watch = {seen->revision, now};
      bool alive = renewed || liveness(seen->body.process) == Liveness::kAlive;
      if (!free && alive && now - start >= options.wait_at_most) refuse(store, seen->body, "");
    }
    if (!free && now - watch.since >= seen->body.time_to_live + seen->body.longest_request)
      free = true;
    if (free) {
      if (seen && seen->body.held) {
        log::warning(
            context,
            fmt::format("lease of {}: the run of {} on {} (pid {}) is gone; taking over", store,
                        seen->body.since, seen->body.process.host, seen->body.process.pid));
      }
      wanted.counter = seen ? seen->body.counter + 1 : 1;
      std::optional<std::string> revision;
      if (seen) revision = seen->revision;
      if (state->write(wanted, revision)) return std::unique_ptr<Lease>(new Lease(state));
      continue;
    }
    if (liveness(seen->body.process) == Liveness::kAlive && now - start >= options.wait_at_most) {
      refuse(store, seen->body, "");
    }
    context.sleep(std::min<Duration>(options.time_to_live / 10, std::chrono::seconds(2)),
                  "wait for the lease of " + store);
  }
}

std::optional<LeaseHolder> holder_of(const Context& context, storage::Storage& storage,
                                     const CatalogOptions& catalog, const std::string& store) {
  const ObjectRef ref{catalog.bucket, catalog.prefix + "leases/" + store + ".json"};
  try {
    const LeaseBody body = parse_lease_body(get_bytes(storage, context, ref, kMaxBody));
    if (!body.held || liveness(body.process) == Liveness::kDead) return std::nullopt;
    return LeaseHolder{body.purpose, body.process.host, parse_rfc3339(body.since)};
  } catch (const NotFound& error) {
    if (error.code() == storage::kNoSuchBucket) throw;
  } catch (const Corrupt&) {
  } catch (const InvalidArgument&) {
  }
  return std::nullopt;
}

Lease::~Lease() {
  try {
    release();
  } catch (const std::exception& error) {
    log::warning(state_->context,
                 fmt::format("lease {}: not given back: {}", state_->ref.text(), error.what()));
  }
}

void Lease::check() {
  std::lock_guard lock(state_->mutex);
  Duration trusted = state_->options.time_to_live - state_->options.longest_request;
  if (!state_->lost && state_->context.clock().steady() - state_->last_good <= trusted) return;
  throw Refused("lease " + state_->ref.text(),
                state_->lost
                    ? "another run has taken it over"
                    : "it could not be renewed in time, so another run may have taken it over",
                "nothing more is written; run it again");
}

void Lease::release() {
  {
    std::lock_guard lock(state_->mutex);
    if (state_->stopping) return;
    state_->stopping = true;
    state_->changed.notify_all();
  }
  if (state_->renewer.joinable()) state_->renewer.join();
  if (state_->lost) return;
  // A run that was told to stop, or ran out of its time, gives its lease back all the same.
  const Context& context = state_->context;
  state_->context = context.detached();
  LeaseBody next = state_->body;
  next.held = false;
  ++next.counter;
  state_->write(next, state_->revision);
}

std::uint64_t Lease::requests() const { return state_->requests; }

}  // namespace holdfast::catalog
