#include "gateway/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "storage/wrap/wrap.h"
#include "support/gateway_client.h"

namespace holdfast::gateway {
namespace {

using std::chrono::microseconds;
using support::GatewayBench;
using support::GatewayClient;
using ::testing::HasSubstr;
using ::testing::Not;

const http::ServerRequest kRequest{.method = "GET", .target = "/b/k"};

http::AccessRecord record(int label, int status, Duration time = microseconds(700)) {
  return {.request = kRequest,
          .status = status,
          .bytes_in = 3,
          .bytes_out = 5,
          .time = time,
          .label = label};
}

std::string text_of(const Metrics& metrics) { return metrics.text({}); }

TEST(Metrics, CountsByOperationAndCode) {
  Metrics metrics({"GetObject", "PutObject"});
  metrics.count(record(0, 200));
  metrics.count(record(0, 200));
  metrics.count(record(0, 404));
  metrics.count(record(1, 299));
  metrics.count(record(-1, 431));
  const std::string text = text_of(metrics);
  EXPECT_THAT(text, HasSubstr("requests_total{operation=\"GetObject\",code=\"200\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("requests_total{operation=\"GetObject\",code=\"404\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("requests_total{operation=\"PutObject\",code=\"other\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("requests_total{operation=\"Refused\",code=\"431\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("received_bytes_total{operation=\"GetObject\"} 9\n"));
  EXPECT_THAT(text, HasSubstr("sent_bytes_total{operation=\"GetObject\"} 15\n"));
}

TEST(Metrics, SortsTimesIntoBuckets) {
  Metrics metrics({"GetObject"});
  for (const Duration time : {Duration(microseconds(500)), Duration(microseconds(501)),
                              Duration(std::chrono::seconds(400)), Duration(-1)}) {
    metrics.count(record(0, 200, time));
  }
  const std::string text = text_of(metrics);
  const std::string name = "holdfast_gateway_request_duration_seconds";
  EXPECT_THAT(text, HasSubstr(name + "_bucket{operation=\"GetObject\",le=\"0.0005\"} 2\n"));
  EXPECT_THAT(text, HasSubstr(name + "_bucket{operation=\"GetObject\",le=\"0.001\"} 3\n"));
  EXPECT_THAT(text, HasSubstr(name + "_bucket{operation=\"GetObject\",le=\"300\"} 3\n"));
  EXPECT_THAT(text, HasSubstr(name + "_bucket{operation=\"GetObject\",le=\"+Inf\"} 4\n"));
  EXPECT_THAT(text, HasSubstr(name + "_sum{operation=\"GetObject\"} 400.001001\n"));
  EXPECT_THAT(text, HasSubstr(name + "_count{operation=\"GetObject\"} 4\n"));
}

TEST(Metrics, TellsOfTroubleAndCutAnswers) {
  Metrics metrics({"GetObject"});
  metrics.count_trouble(ErrorKind::kNoSpace);
  metrics.count_trouble(ErrorKind::kFailed);
  http::AccessRecord cut = record(0, 200);
  cut.complete = false;
  metrics.count(cut);
  const std::string text = metrics.text({.open_connections = 4, .queued_requests = 2});
  EXPECT_THAT(text, HasSubstr("storage_errors_total{kind=\"no_space\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("storage_errors_total{kind=\"failed\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("cut_answers_total 1\n"));
  EXPECT_THAT(text, HasSubstr("open_connections 4\n"));
  EXPECT_THAT(text, HasSubstr("queued_requests 2\n"));
}

TEST(Metrics, LosesNothingWhenManyCount) {
  Metrics metrics({"GetObject"});
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 12; ++i) {
      threads.emplace_back([&] {
        for (int j = 0; j < 1000; ++j) metrics.count(record(0, 200));
      });
    }
  }
  EXPECT_THAT(text_of(metrics), HasSubstr("{operation=\"GetObject\",code=\"200\"} 12000\n"));
}

TEST(Metrics, ThePageNeedsNoKeyAndCanBeSwitchedOff) {
  GatewayBench bench;
  const support::GatewayAnswer page = bench.root.send({.target = "/-/metrics", .anonymous = true});
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.header("Content-Type"), HasSubstr("version=0.0.4"));
  EXPECT_THAT(page.body, HasSubstr("holdfast_build_info{version="));
  GatewayBench silent({.metrics = false});
  EXPECT_EQ(silent.root.send({.target = "/-/metrics", .anonymous = true}).status, 403);
}

TEST(Metrics, TheGatewayLabelsWhatItAnswers) {
  GatewayBench bench;
  const auto label_of = [&](const support::GatewayRequest& wanted) {
    http::ServerRequest request = bench.root.sign(wanted);
    const Context context = Context::with_clock(bench.clock);
    const http::ServerResponse response = bench.gateway.handle(context, request);
    http::AccessRecord done = record(response.label, response.status);
    bench.gateway.note(done);
  };
  label_of({.method = "PUT", .target = "/bucket"});
  label_of({.method = "GET", .target = "/bucket/none"});
  label_of({.method = "GET", .target = "/bucket/none", .anonymous = true});
  label_of({.method = "GET", .target = "/-/health", .anonymous = true});
  const std::string page = bench.root.send({.target = "/-/metrics", .anonymous = true}).body;
  EXPECT_THAT(page, HasSubstr("{operation=\"CreateBucket\",code=\"200\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("{operation=\"GetObject\",code=\"404\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("{operation=\"Unrouted\",code=\"403\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("{operation=\"Health\",code=\"200\"} 1\n"));
  EXPECT_THAT(page, Not(HasSubstr("PutObject")));
}

TEST(Metrics, TroubleOfTheStorageIsCounted) {
  FakeClock clock(parse_rfc3339("2026-11-22T14:31:20Z"));
  auto storage = storage::with_faults(
      storage::make_memory_storage(),
      [](std::string_view, const storage::ObjectRef&) { throw Unavailable("x", "on purpose"); });
  Gateway gateway(GatewayBench::with_root({}), *storage);
  GatewayClient root(gateway, clock);
  EXPECT_EQ(root.send("GET", "/bucket/k").status, 503);
  EXPECT_EQ(root.send({.target = "/-/health", .anonymous = true}).status, 503);
  EXPECT_THAT(root.send({.target = "/-/metrics", .anonymous = true}).body,
              HasSubstr("storage_errors_total{kind=\"unavailable\"} 2\n"));
}

}  // namespace
}  // namespace holdfast::gateway
