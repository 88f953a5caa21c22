#include "gateway/metrics.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>

namespace holdfast::gateway {

const std::array<int, Metrics::kCodes - 1> Metrics::kStatuses = {
    200, 201, 204, 206, 304, 400, 403, 404, 405, 408, 409,
    411, 412, 416, 431, 500, 501, 503, 505, 507, 413, 401};
const std::array<double, Metrics::kBuckets> Metrics::kBounds = {
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30, 60, 300};

namespace {

template <typename... Values>
void line(std::string& out, fmt::format_string<Values...> format, Values&&... values) {
  fmt::format_to(std::back_inserter(out), format, std::forward<Values>(values)...);
  out += '\n';
}

void head(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
  line(out, "# HELP {} {}", name, help);
  line(out, "# TYPE {} {}", name, type);
}

void single(std::string& out, std::string_view name, std::string_view type, std::string_view help,
            std::uint64_t value) {
  head(out, name, type, help);
  line(out, "{} {}", name, value);
}

void add(std::atomic<std::uint64_t>& counter, std::uint64_t value) {
  counter.fetch_add(value, std::memory_order_relaxed);
}

}  // namespace

Metrics::Metrics(std::vector<std::string_view> operations) : operations_(std::move(operations)) {
  for (Shard& shard : shards_) {
    shard.operations = std::make_unique<Operation[]>(operations_.size() + 1);
  }
}

Metrics::Shard& Metrics::own_shard() {
  static std::atomic<std::size_t> threads{0};
  thread_local const std::size_t kOwn = threads.fetch_add(1, std::memory_order_relaxed) % kShards;
  return shards_[kOwn];
}

std::string_view Metrics::name_of_operation(std::size_t index) const {
  return index < operations_.size() ? operations_[index] : "Refused";
}

void Metrics::count(const http::AccessRecord& record) {
  Shard& shard = own_shard();
  const bool known = record.label >= 0 && std::size_t(record.label) < operations_.size();
  Operation& operation = shard.operations[known ? std::size_t(record.label) : operations_.size()];
  const auto code = std::find(kStatuses.begin(), kStatuses.end(), record.status);
  add(operation.by_code[std::size_t(code - kStatuses.begin())], 1);
  add(operation.received, record.bytes_in);
  add(operation.sent, record.bytes_out);
  const Duration time = std::max(record.time, Duration::zero());
  add(operation.nanoseconds, std::uint64_t(time.count()));
  const double seconds = std::chrono::duration<double>(time).count();
  const auto bound = std::lower_bound(kBounds.begin(), kBounds.end(), seconds);
  add(operation.by_time[std::size_t(bound - kBounds.begin())], 1);
  if (!record.complete) add(shard.cut, 1);
}

void Metrics::count_trouble(ErrorKind kind) { add(trouble_[std::size_t(kind)], 1); }

Metrics::Sums Metrics::sums_of(std::size_t operation) const {
  Sums sums;
  for (const Shard& shard : shards_) {
    const Operation& part = shard.operations[operation];
    for (std::size_t i = 0; i < kCodes; ++i) sums.by_code[i] += part.by_code[i];
    for (std::size_t i = 0; i <= kBuckets; ++i) sums.by_time[i] += part.by_time[i];
    sums.received += part.received;
    sums.sent += part.sent;
    sums.nanoseconds += part.nanoseconds;
  }
  // Of the buckets, so that a histogram's count is its last bucket whatever happens meanwhile.
  for (const std::uint64_t count : sums.by_time) sums.requests += count;
  return sums;
}

void Metrics::write_requests(std::string& out, const std::vector<Sums>& sums) const {
  constexpr std::string_view kName = "holdfast_gateway_requests_total";
  head(out, kName, "counter", "Requests answered, by operation and HTTP status.");
  for (std::size_t i = 0; i < sums.size(); ++i) {
    for (std::size_t code = 0; code < kCodes; ++code) {
      if (sums[i].by_code[code] == 0) continue;
      const std::string status =
          code < kStatuses.size() ? std::to_string(kStatuses[code]) : std::string("other");
      line(out, "{}{{operation=\"{}\",code=\"{}\"}} {}", kName, name_of_operation(i), status,
           sums[i].by_code[code]);
    }
  }
}

void Metrics::write_bytes(std::string& out, const std::vector<Sums>& sums) const {
  const auto write = [&](std::string_view name, std::string_view help,
                         std::uint64_t Sums::* member) {
    head(out, name, "counter", help);
    for (std::size_t i = 0; i < sums.size(); ++i) {
      if (sums[i].requests == 0) continue;
      line(out, "{}{{operation=\"{}\"}} {}", name, name_of_operation(i), sums[i].*member);
    }
  };
  write("holdfast_gateway_received_bytes_total", "Bytes of request bodies.", &Sums::received);
  write("holdfast_gateway_sent_bytes_total", "Bytes of answers' bodies.", &Sums::sent);
}

void Metrics::write_times(std::string& out, const std::vector<Sums>& sums) const {
  constexpr std::string_view kName = "holdfast_gateway_request_duration_seconds";
  head(out, kName, "histogram", "From the complete head of a request to the end of its answer.");
  for (std::size_t i = 0; i < sums.size(); ++i) {
    if (sums[i].requests == 0) continue;
    const std::string_view operation = name_of_operation(i);
    std::uint64_t below = 0;
    for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
      below += sums[i].by_time[bucket];
      line(out, "{}_bucket{{operation=\"{}\",le=\"{}\"}} {}", kName, operation, kBounds[bucket],
           below);
    }
    line(out, "{}_bucket{{operation=\"{}\",le=\"+Inf\"}} {}", kName, operation, sums[i].requests);
    line(out, "{}_sum{{operation=\"{}\"}} {}", kName, operation, double(sums[i].nanoseconds) / 1e9);
    line(out, "{}_count{{operation=\"{}\"}} {}", kName, operation, sums[i].requests);
  }
}

std::string Metrics::text(const ServerGauges& gauges) const {
  std::vector<Sums> sums;
  for (std::size_t i = 0; i <= operations_.size(); ++i) sums.push_back(sums_of(i));
  std::string out;
  write_requests(out, sums);
  write_bytes(out, sums);
  write_times(out, sums);
  std::uint64_t cut = 0;
  for (const Shard& shard : shards_) cut += shard.cut;
  single(out, "holdfast_gateway_cut_answers_total", "counter",
         "Answers that the client did not take whole.", cut);
  constexpr std::string_view kErrors = "holdfast_gateway_storage_errors_total";
  head(out, kErrors, "counter", "Requests that failed by the storage's or the server's fault.");
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    if (trouble_[kind] == 0) continue;
    line(out, "{}{{kind=\"{}\"}} {}", kErrors, name_of(ErrorKind(kind)), trouble_[kind].load());
  }
  single(out, "holdfast_gateway_open_connections", "gauge", "Connections, idle ones included.",
         gauges.open_connections);
  single(out, "holdfast_gateway_queued_requests", "gauge", "Requests that wait for a worker.",
         gauges.queued_requests);
  single(out, "holdfast_gateway_failed_handshakes_total", "counter",
         "TLS handshakes that failed or took too long.", gauges.failed_handshakes);
  head(out, "holdfast_build_info", "gauge", "The version that runs.");
  line(out, "holdfast_build_info{{version=\"{}\"}} 1", HOLDFAST_VERSION);
  return out;
}

}  // namespace holdfast::gateway
