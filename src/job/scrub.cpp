#include "job/scrub.h"

#include <algorithm>
#include <mutex>

#include "base/error.h"
#include "base/worker_pool.h"
#include "transfer/etag.h"

namespace holdfast::job {

namespace {

class Scrubbing {
 public:
  Scrubbing(const Context& context, storage::Storage& storage, const ScrubOptions& options,
            Fence& fence, Progress& progress)
      : context_(context),
        storage_(storage),
        options_(options),
        fence_(fence),
        progress_(progress),
        limiter_(options.max_bytes_per_second),
        record_(catalog::read_scrub_record(context, storage, options.catalog)) {}

  catalog::ScrubPass run() {
    std::vector<std::string> buckets = options_.buckets;
    std::sort(buckets.begin(), buckets.end());
    if (!record_.current) {
      record_.current.emplace().started = context_.clock().now();
      record_.bucket = record_.after = "";
    } else {
      progress_.note("going on in bucket " + record_.bucket + " after " + record_.after);
    }
    progress_.phase("scrub", 0, 0);
    for (const std::string& bucket : buckets) {
      if (bucket >= record_.bucket) scrub_bucket(bucket);
    }
    record_.current->ended = context_.clock().now();
    record_.last = std::move(record_.current);
    record_.current.reset();
    record_.bucket = record_.after = "";
    save();
    return *record_.last;
  }

 private:
  void scrub_bucket(const std::string& bucket) {
    storage::ListRequest request{.bucket = bucket};
    if (bucket == record_.bucket) request.after = record_.after;
    do {
      storage::ListPage page = storage_.list(context_, request);
      scrub_page(bucket, page.objects);
      request.cursor = page.next;
      if (page.objects.empty()) continue;
      record_.bucket = bucket;
      record_.after = page.objects.back().key;
      save();
    } while (!request.cursor.empty());
  }

  void scrub_page(const std::string& bucket, const std::vector<storage::ObjectInfo>& objects) {
    WorkerPool pool(context_, limiter_.threads(options_.threads));
    for (const storage::ObjectInfo& object : objects) {
      pool.submit([&] { look_at(pool.context(), bucket, object); });
    }
    pool.finish();
  }

  void look_at(const Context& context, const std::string& bucket,
               const storage::ObjectInfo& object) {
    const bool tells =
        transfer::is_md5_etag(object.etag) || transfer::parts_told_by(object.etag) > 0;
    std::string problem;
    try {
      std::string etag = transfer::etag_of_stored(context, storage_, object, bucket, limiter_);
      if (tells && etag != object.etag) {
        problem = "its bytes have the ETag " + etag + ", recorded is " + object.etag;
      }
    } catch (const NotFound&) {
      return;  // removed since it was listed
    } catch (const PreconditionFailed&) {
      return;  // replaced: the next scrub reads it
    } catch (const Corrupt& error) {
      problem = error.to_string();
    }
    progress_.advance(object.size, 1);
    std::lock_guard lock(mutex_);
    catalog::ScrubPass& pass = *record_.current;
    ++pass.objects;
    pass.bytes += object.size;
    if (!tells) ++pass.objects_without_checksum;
    if (problem.empty()) return;
    ++pass.problem_count;
    std::string line = bucket + "/" + object.key + ": " + problem;
    progress_.note(line);
    if (pass.problems.size() < catalog::kMostProblems) pass.problems.push_back(std::move(line));
  }

  void save() {
    fence_.check();
    catalog::write_scrub_record(context_, storage_, options_.catalog, record_);
  }

  const Context& context_;
  storage::Storage& storage_;
  const ScrubOptions& options_;
  Fence& fence_;
  Progress& progress_;
  transfer::RateLimiter limiter_;
  std::mutex mutex_;
  catalog::ScrubRecord record_;  // its current pass under mutex_ while a page is read
};

}  // namespace

catalog::ScrubPass scrub(const Context& context, storage::Storage& storage,
                         const ScrubOptions& options, Progress& progress) {
  catalog::LeaseOptions lease_options = options.lease;
  lease_options.purpose = "scrub";
  auto lease = catalog::Lease::acquire(context, storage, options.catalog, "scrub", lease_options);
  auto pass = Scrubbing(context, storage, options, *lease, progress).run();
  lease->release();
  return pass;
}

}  // namespace holdfast::job
