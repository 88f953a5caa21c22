#include "catalog/lease.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "catalog/lease_body.h"
#include "storage/memory/memory_storage.h"
#include "storage/wrap/wrap.h"

namespace holdfast::catalog {
namespace {

using namespace std::chrono_literals;

const CatalogOptions kCatalog{"catalog", ".holdfast/"};
const storage::ObjectRef kObject{"catalog", ".holdfast/leases/victoria-metrics-0.json"};

class LeaseTest : public ::testing::Test {
 protected:
  LeaseTest() : memory_(storage::make_memory_storage()) {
    memory_->buckets()->create(context_, "catalog");
    options_.purpose = "backup";
  }

  std::unique_ptr<Lease> acquire() {
    return Lease::acquire(context_, *memory_, kCatalog, "victoria-metrics-0", options_);
  }
  LeaseBody body() { return parse_lease_body(get_bytes(*memory_, context_, kObject, 10'000)); }

  // A lease as a holder on another machine, of which nothing is known, left it.
  LeaseBody strangers_lease() {
    LeaseBody body;
    body.held = true;
    body.holder = "stranger";
    body.counter = 7;
    body.store = "victoria-metrics-0";
    body.purpose = "backup";
    body.since = "2026-11-22T00:00:00Z";
    body.process = {"elsewhere", "another boot", "pid:[1]", 42, 4242};
    body.time_to_live = 60s;
    body.longest_request = 20s;
    return body;
  }
  void write(const LeaseBody& body) { put_bytes(*memory_, context_, kObject, to_json(body)); }

  FakeClock clock_{parse_rfc3339("2026-11-22T10:00:00Z")};
  Context context_ = Context::with_clock(clock_);
  std::unique_ptr<storage::Storage> memory_;
  LeaseOptions options_;
};

TEST_F(LeaseTest, IsHeldUntilReleasedAndCostsThreeRequests) {
  // Real time here: under the fake clock the renewing thread would run ahead of the test.
  Context real = Context::background();
  auto lease = Lease::acquire(real, *memory_, kCatalog, "victoria-metrics-0", options_);
  EXPECT_NO_THROW(lease->check());
  EXPECT_TRUE(body().held);
  EXPECT_EQ(body().purpose, "backup");
  lease->release();
  EXPECT_FALSE(body().held);
  EXPECT_EQ(lease->requests(), 3u);
}

TEST_F(LeaseTest, ALiveHolderOnThisMachineIsRefusedAtOnce) {
  Context real = Context::background();
  auto lease = Lease::acquire(real, *memory_, kCatalog, "victoria-metrics-0", options_);
  try {
    Lease::acquire(real, *memory_, kCatalog, "victoria-metrics-0", options_);
    FAIL() << "a second holder got in";
  } catch (const Refused& error) {
    EXPECT_NE(error.to_string().find("a backup is running since"), std::string::npos);
  }
}

TEST_F(LeaseTest, ADeadHolderOnThisMachineIsTakenOverAtOnce) {
  LeaseBody dead = strangers_lease();
  dead.process = this_process();
  dead.process.start -= 1;  // the pid is in use again, by us
  write(dead);
  auto lease = acquire();
  EXPECT_NE(body().holder, "stranger");
  EXPECT_EQ(body().counter > 7, true);
}

TEST_F(LeaseTest, ASilentStrangerIsTakenOverOnlyAfterItsTimeToLiveAndLongestRequest) {
  write(strangers_lease());
  SteadyTime begin = clock_.steady();
  auto lease = acquire();
  EXPECT_GE(clock_.steady() - begin, 80s);
  EXPECT_NE(body().holder, "stranger");
}

TEST_F(LeaseTest, ADamagedLeaseIsTakenOverOnceNobodyRenewsIt) {
  put_bytes(*memory_, context_, kObject, "{ garbage");
  SteadyTime begin = clock_.steady();
  auto lease = acquire();
  EXPECT_GE(clock_.steady() - begin, options_.time_to_live + options_.longest_request);
  EXPECT_TRUE(body().held);
}

TEST_F(LeaseTest, AStrangerWhoRenewsIsRefused) {
  write(strangers_lease());
  int looks = 0;
  auto watched = storage::with_faults(std::move(memory_),
                                      [&](std::string_view verb, const storage::ObjectRef&) {
                                        if (verb == "get") ++looks;
                                      });
  storage::Storage* inner = watched.get();
  // Renewed behind the observer's back, as a live holder would, after its third look.
  auto renewing = storage::with_faults(std::move(watched),
                                       [&](std::string_view verb, const storage::ObjectRef&) {
                                         if (verb != "get" || looks != 3) return;
                                         LeaseBody renewed = strangers_lease();
                                         renewed.counter = 8;
                                         put_bytes(*inner, context_, kObject, to_json(renewed));
                                       });
  EXPECT_THROW(Lease::acquire(context_, *renewing, kCatalog, "victoria-metrics-0", options_),
               Refused);
  EXPECT_EQ(parse_lease_body(get_bytes(*renewing, context_, kObject, 10'000)).holder, "stranger");
}

TEST_F(LeaseTest, TheFenceClosesWhenRenewalsFailForTooLong) {
  options_.time_to_live = 60s;
  options_.longest_request = 20s;
  bool broken = false;
  auto faulty =
      storage::with_faults(std::move(memory_), [&](std::string_view, const storage::ObjectRef&) {
        if (broken) throw Unavailable("request", "the network is down");
      });
  // A context whose clock nobody waits on: the renewing thread sleeps in real time, the fence reads
  // the fake one.
  class FrozenWait : public Clock {
   public:
    WallTime now() const override { return system_clock().now(); }
    SteadyTime steady() const override { return {std::chrono::seconds(1000 + ahead)}; }
    void wait(std::unique_lock<std::mutex>& lock, std::condition_variable& condition,
              SteadyTime) override {
      condition.wait(lock);
    }
    std::atomic<int> ahead{0};  // seconds
  } clock;
  Context context = Context::with_clock(clock);
  auto lease = Lease::acquire(context, *faulty, kCatalog, "victoria-metrics-0", options_);
  broken = true;
  clock.ahead = 40;
  EXPECT_NO_THROW(lease->check());
  clock.ahead = 41;
  EXPECT_THROW(lease->check(), Refused);
}

TEST_F(LeaseTest, AnUnknownOutcomeIsSettledByReadingWhoHoldsIt) {
  // The write arrives, its answer does not.
  bool cut = true;
  auto inner = std::move(memory_);
  storage::Storage* raw = inner.get();
  auto faulty = storage::with_faults(std::move(inner),
                                     [&](std::string_view verb, const storage::ObjectRef& ref) {
                                       if (verb != "put" || !cut) return;
                                       cut = false;
                                       LeaseBody arrived = strangers_lease();
                                       arrived.holder = "nobody we know";
                                       put_bytes(*raw, context_, ref, to_json(arrived));
                                       throw Unavailable("put", "connection reset");
                                     });
  // Somebody else's write won: the acquisition goes on watching and refuses or takes over, never
  // assumes it holds.
  auto lease = Lease::acquire(context_, *faulty, kCatalog, "victoria-metrics-0", options_);
  EXPECT_NE(parse_lease_body(get_bytes(*faulty, context_, kObject, 10'000)).holder,
            "nobody we know");
}

TEST(LeaseBody, RefusesWhatItDoesNotKnow) {
  EXPECT_THROW(parse_lease_body("{}"), Corrupt);
  EXPECT_THROW(parse_lease_body("not json"), Corrupt);
  EXPECT_THROW(parse_lease_body(R"({"format":"holdfast-lease","min_reader":2})"), Unsupported);
  EXPECT_THROW(parse_lease_body(R"({"format":"holdfast-lease","min_reader":1})"), Corrupt);
}

}  // namespace
}  // namespace holdfast::catalog
