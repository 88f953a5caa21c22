#include <memory>
#include <mutex>

#include "base/worker_pool.h"
#include "transfer/fetch.h"

namespace holdfast::transfer {

namespace {

// Checks items without keeping their bytes. A fault of one object is noted, not thrown.
class Verifier {
 public:
  Verifier(storage::Storage& storage, const TransferOptions& options, Progress& progress)
      : environment_(storage, options, progress, "verify"), options_(options) {}

  std::vector<VerifyResult> run(const Context& context, const std::vector<VerifyItem>& items);

 private:
  struct Check {
    ItemFetch fetch;
    VerifyResult& result;
    std::mutex mutex;  // of the result

    Check(FetchEnvironment& environment, const VerifyItem& item, std::uint64_t piece_size,
          VerifyResult& where)
        : fetch(environment, item.ref, item.size, item.digest, std::nullopt, piece_size),
          result(where) {}
  };
  static void check_piece(const Context& context, Check& check, std::uint64_t index);

  FetchEnvironment environment_;
  const TransferOptions& options_;
};

void Verifier::check_piece(const Context& context, Check& check, std::uint64_t index) {
  auto note = [&](const Error& error) {
    std::lock_guard lock(check.mutex);
    if (!check.result.error) check.result.error = error;
  };
  {
    std::lock_guard lock(check.mutex);
    if (check.result.error) return;
  }
  try {
    auto whole = check.fetch.fetch(context, index, [](std::uint64_t, std::string_view) {});
    std::lock_guard lock(check.mutex);
    if (whole) check.result.digest = *whole;
  } catch (const Corrupt& error) {
    note(error);
  } catch (const NotFound& error) {
    if (error.code() == storage::kNoSuchBucket) throw;
    note(error);
  }
}

std::vector<VerifyResult> Verifier::run(const Context& context,
                                        const std::vector<VerifyItem>& items) {
  std::vector<VerifyResult> results(items.size());
  WorkerPool pool(context, environment_.limiter.threads(options_.threads));
  for (std::size_t i = 0; i < items.size(); ++i) {
    auto check = std::make_shared<Check>(environment_, items[i], options_.piece_size, results[i]);
    for (std::uint64_t index = 0; index < check->fetch.pieces(); ++index) {
      pool.submit([&pool, check, index] { check_piece(pool.context(), *check, index); });
    }
  }
  pool.finish();
  return results;
}

}  // namespace

std::vector<VerifyResult> verify(const Context& context, storage::Storage& storage,
                                 const std::vector<VerifyItem>& items,
                                 const TransferOptions& options, Progress& progress) {
  return Verifier(storage, options, progress).run(context, items);
}

}  // namespace holdfast::transfer
