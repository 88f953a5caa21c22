// One of many who want the same lease, each a process of its own: lease_contender VALUES BUCKET
// LEDGER TTL_MS LONGEST_MS.
//
// Again and again it takes the lease, reads a counter, works a while, asks its fence (not always:
// what then keeps it is the condition alone), and writes the counter plus one against the revision
// that it read at the start: the commit. What it does goes to LEDGER, one line each, written whole:
// `WHAT NANOSECONDS [VALUE]`, the time by the clock that also counts while the machine sleeps,
// which all processes of a machine share. Ends when standard input does.
#include <fcntl.h>
#include <fmt/format.h>
#include <iostream>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <unistd.h>

#include "app/storages.h"
#include "base/error.h"
#include "base/random.h"
#include "catalog/lease.h"
#include "config/load.h"

namespace {

using namespace holdfast;
using std::chrono::milliseconds;

constexpr const char* kStore = "contended";

class Ledger {
 public:
  Ledger(const char* path, const Context& context)
      : context_(context), file_(::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {
    if (file_ < 0) throw std::runtime_error("cannot open the ledger");
  }
  std::int64_t now() const {
    return std::chrono::nanoseconds(context_.clock().steady().since_boot).count();
  }
  void note(std::string_view what, std::int64_t time, std::int64_t value = 0) const {
    const std::string line = fmt::format("{} {} {}\n", what, time, value);
    if (::write(file_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
      throw std::runtime_error("cannot write the ledger");
    }
  }

 private:
  Context context_;
  int file_;
};

struct Contender {
  Context context;
  storage::Storage& storage;
  catalog::CatalogOptions catalog;
  catalog::LeaseOptions options;
  const Ledger& ledger;

  bool told_to_stop() const {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    return ::poll(&input, 1, 0) > 0;  // readable at its end as well
  }

  // When the fence was last seen open is noted by the time before it was asked: at that time or
  // later it was open.
  void ask(catalog::Lease& lease) const {
    const std::int64_t before = ledger.now();
    lease.check();
    ledger.note("open", before);
  }

  void commit(catalog::Lease& lease) const {
    const storage::ObjectRef ref{catalog.bucket, "contended/counter"};
    const Context request = context.with_timeout(options.longest_request);
    std::int64_t value = 0;
    storage::PutRequest put;
    storage::ObjectInfo info;
    try {
      value = std::stoll(get_bytes(storage, request, ref, 100, {}, &info));
      put.condition.revision_is = info.revision;
    } catch (const NotFound&) {
      put.condition.must_not_exist = true;
    }
    // As if stopped for long right after it asked: only the condition of its write is left to stop
    // it.
    const bool does_not_ask = random_number() % 3 == 0;
    for (std::uint64_t steps = 1 + random_number() % 4; steps > 0; --steps) {
      if (!does_not_ask) ask(lease);
      context.sleep(milliseconds(random_number() % 60), "work");
    }
    if (!does_not_ask) ask(lease);
    const std::string mine = fmt::format("{} {}", value + 1, random_hex(16));
    ledger.note("commits", ledger.now(), value + 1);
    try {
      put_bytes(storage, context.with_timeout(options.longest_request), ref, mine, put);
    } catch (const PreconditionFailed&) {
      if (!is_there(ref, mine)) return ledger.note("late", ledger.now(), value + 1);
    } catch (const Error&) {
      // Its outcome is unknown. Whoever came next has written over it, or it is there.
      if (!is_there(ref, mine)) return ledger.note("unknown", ledger.now(), value + 1);
    }
    ledger.note("committed", ledger.now(), value + 1);
  }

  bool is_there(const storage::ObjectRef& ref, const std::string& mine) const {
    return get_bytes(storage, context.with_timeout(options.longest_request), ref, 100) == mine;
  }

  void run() const {
    while (!told_to_stop()) {
      try {
        auto lease = catalog::Lease::acquire(context, storage, catalog, kStore, options);
        ledger.note("acquired", ledger.now());
        commit(*lease);
        lease->release();
        ledger.note("released", ledger.now());
      } catch (const Refused&) {
        ledger.note("refused", ledger.now());
      } catch (const Error& error) {
        ledger.note("failed", ledger.now());
        std::cerr << error.to_string() << '\n';
      }
    }
  }
};

int contend(char** arguments) {
  const config::Loaded loaded =
      config::examine_file(arguments[1], config::Environment::of_process());
  if (!loaded.problems.empty()) return 2;
  const Context context = Context::background();
  const Ledger ledger(arguments[3], context);
  storage::StorageCounts counts;
  catalog::LeaseOptions options;
  options.time_to_live = milliseconds(std::stoll(arguments[4]));
  options.longest_request = milliseconds(std::stoll(arguments[5]));
  options.wait_at_most = std::chrono::hours(1);
  options.purpose = "contest";
  auto storage = storage::with_faults(app::open_gateway_client(loaded.values, counts),
                                      [&](std::string_view verb, const storage::ObjectRef& ref) {
                                        if (verb == "get" && ref.key.ends_with(".json"))
                                          ledger.note("polls", ledger.now());
                                      });
  Contender{context, *storage, {arguments[2], ".holdfast/"}, options, ledger}.run();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) return 2;
  try {
    return contend(argv);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
