// Counts of what the gateway does, as Prometheus reads them (docs/guide/metrics.md names each).
// Counting takes no lock: each thread adds to one of a few sets of counters, which a reader sums.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "http/server.h"

namespace holdfast::gateway {

// What others know at the moment of a scrape.
struct ServerGauges {
  std::size_t open_connections = 0;
  std::size_t queued_requests = 0;
  std::uint64_t failed_handshakes = 0;
};

// Thread-safe.
class Metrics {
 public:
  // Labels of records are indexes of `operations`, whose texts live for ever; requests with none of
  // these labels were refused before a handler saw them.
  explicit Metrics(std::vector<std::string_view> operations);

  void count(const http::AccessRecord& record);
  // An answer that failed by the storage's or the server's fault.
  void count_trouble(ErrorKind kind);
  // Prometheus' text format 0.0.4. What was never counted has no line.
  std::string text(const ServerGauges& gauges) const;

 private:
  static constexpr std::size_t kShards = 8;
  static constexpr std::size_t kCodes = 23;    // kStatuses, and one for all others
  static constexpr std::size_t kBuckets = 16;  // kBounds
  static constexpr std::size_t kKinds = std::size_t(ErrorKind::kFailed) + 1;
  using Counter = std::atomic<std::uint64_t>;

  struct Operation {
    std::array<Counter, kCodes> by_code{};
    std::array<Counter, kBuckets + 1> by_time{};  // not cumulative; the last is beyond every bound
    Counter received{0}, sent{0}, nanoseconds{0};
  };
  struct Shard {
    std::unique_ptr<Operation[]> operations;
    alignas(64) Counter cut{0};
  };
  struct Sums {
    std::array<std::uint64_t, kCodes> by_code{};
    std::array<std::uint64_t, kBuckets + 1> by_time{};
    std::uint64_t received = 0, sent = 0, nanoseconds = 0, requests = 0;
  };

  static const std::array<int, kCodes - 1> kStatuses;
  static const std::array<double, kBuckets> kBounds;  // seconds

  Shard& own_shard();
  std::string_view name_of_operation(std::size_t index) const;
  Sums sums_of(std::size_t operation) const;
  void write_requests(std::string& out, const std::vector<Sums>& sums) const;
  void write_bytes(std::string& out, const std::vector<Sums>& sums) const;
  void write_times(std::string& out, const std::vector<Sums>& sums) const;

  const std::vector<std::string_view> operations_;
  std::array<Shard, kShards> shards_;
  std::array<Counter, kKinds> trouble_{};
};

}  // namespace holdfast::gateway
