// More than there is room for: connections, requests, unfinished heads, slow bodies.
// Every wait is for a peer or a promise, never for a time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <vector>

#include "http/server.h"
#include "http/server_testing.h"

namespace holdfast::http {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

TEST(ServerCrowd, RefusesConnectionsBeyondTheLimit) {
  ServerOptions options;
  options.max_connections = 2;
  options.overloaded_body = "<SlowDown/>";
  options.overloaded_type = "application/xml";
  RunningServer server(hello, options);
  auto a = std::make_unique<Peer>(server->port());
  Peer b(server->port());
  for (Peer* peer : {a.get(), &b}) {
    peer->send(get("/"));
    peer->read_until("hello");
  }
  Peer c(server->port());
  c.send(get("/"));
  const std::string answer = c.read_to_end();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 Service Unavailable\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Type: application/xml\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n<SlowDown/>"));
  c.close();
  a.reset();
  while (server->open_connections() > 1) std::this_thread::yield();
  Peer d(server->port());
  d.send(get("/"));
  EXPECT_THAT(d.read_until("hello"), StartsWith("HTTP/1.1 200 "));
}

TEST(ServerCrowd, RefusesRequestsBeyondTheQueue) {
  BusyServer busy;
  Peer waiting(busy.server->port()), refused(busy.server->port());
  busy.queue(waiting);
  refused.send(get("/"));
  EXPECT_THAT(refused.read_to_end(), StartsWith("HTTP/1.1 503 "));
  busy.gate.released.set_value();
  EXPECT_THAT(busy.running.read_until("hello"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(waiting.read_until("hello"), StartsWith("HTTP/1.1 200 "));
}

TEST(ServerCrowd, AnswersWhatIsUrgentWhileAllWorkersAreBusy) {
  ServerOptions options;
  options.urgent = [](std::string_view target) { return target == "/health"; };
  BusyServer busy(options);
  Peer waiting(busy.server->port()), health(busy.server->port());
  busy.queue(waiting);
  for (int i = 0; i < 3; ++i) {
    health.send(get("/health"));
    EXPECT_THAT(health.read_until("hello"), StartsWith("HTTP/1.1 200 "));
  }
  // What comes behind it on the same connection is ordinary: it waits for its turn.
  health.send(get("/health") + get("/ordinary"));
  EXPECT_THAT(health.read_until("hello"), StartsWith("HTTP/1.1 200 "));
  busy.gate.released.set_value();
  EXPECT_THAT(health.read_until("hello"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(busy.running.read_until("hello"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(waiting.read_until("hello"), StartsWith("HTTP/1.1 200 "));
}

TEST(ServerCrowd, TellsOfConnectionsBeyondTheLimit) {
  ServerOptions options;
  options.max_connections = 1;
  Records records;
  RunningServer server(hello, options, records.hook());
  Peer served(server->port());
  served.send(get("/"));
  served.read_until("hello");
  Peer refused(server->port());
  EXPECT_THAT(refused.read_to_end(), StartsWith("HTTP/1.1 503 "));
  server.stop();
  EXPECT_THAT(records.lines,
              testing::UnorderedElementsAre("GET / 200 ", "  503 too many connections"));
}

TEST(ServerCrowd, CutsTheOldestOfTooManyUnfinishedHeads) {
  ServerOptions options;
  options.max_unfinished_bytes = 256 * 1024;
  options.head_timeout = hours(1);
  Records records;
  RunningServer server(hello, options, records.hook());
  const std::string part = head_of_size(30'000).substr(0, 29'000);
  constexpr std::size_t kMostHeld = 9;  // 256 KiB hold no more of them
  std::vector<std::unique_ptr<Peer>> peers;
  auto cut = [&] {
    return std::size_t(std::count_if(peers.begin(), peers.end(),
                                     [](const auto& peer) { return peer->has_answer(); }));
  };
  while (peers.size() < 40) {
    peers.push_back(std::make_unique<Peer>(server->port()));
    peers.back()->send(get("/") + part);  // the part is read by a worker at first
    EXPECT_THAT(peers.back()->read_until("hello"), StartsWith("HTTP/1.1 200 "));
    // The order in which workers are done with them is that of their age: one by one.
    while (peers.size() < kMostHeld && server->unfinished_bytes() < peers.size() * part.size()) {
      std::this_thread::yield();
    }
    while (cut() + kMostHeld < peers.size()) std::this_thread::yield();
  }
  for (std::size_t i = 0; i < 30; ++i) {
    EXPECT_THAT(peers[i]->read_to_end(), StartsWith("HTTP/1.1 503 ")) << i;
  }
  // The youngest may have come just now: whoever has to go for it goes in a moment.
  while (server->unfinished_bytes() > options.max_unfinished_bytes) std::this_thread::yield();
  peers.back()->send("x\r\n\r\n");  // the youngest one is still welcome
  EXPECT_THAT(peers.back()->read_until("hello"), StartsWith("HTTP/1.1 200 "));
  peers.clear();
  while (server->open_connections() > 0) std::this_thread::yield();
  EXPECT_EQ(server->unfinished_bytes(), 0u);
  server.stop();
  EXPECT_THAT(records.lines, testing::Contains("GET / 503 too many unfinished requests"));
}

// All workers wait for clients that drip; who waits for a worker gets one.
TEST(ServerCrowd, LetsSlowBodiesGiveWayToThoseThatWait) {
  ServerOptions options;
  options.max_workers = 3;
  options.body_stall_timeout = hours(1);
  options.min_body_bytes_per_second = 0;
  options.crowded_after = milliseconds(100);
  options.crowded_bytes_per_second = std::uint64_t(1) << 50;
  RunningServer server(
      [](const Context&, ServerRequest& request) {
        read_all(*request.body, 1 << 20);
        return text_response("hello");
      },
      options);
  const std::string slow = "PUT /slow HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\nx";
  std::vector<std::unique_ptr<Peer>> peers;
  for (int i = 0; i < 3; ++i) {
    peers.push_back(std::make_unique<Peer>(server->port()));
    peers.back()->send(slow);
  }
  Peer waiting(server->port());
  waiting.send(get("/"));
  EXPECT_THAT(waiting.read_until("hello"), StartsWith("HTTP/1.1 200 "));
  // One of them made room, and is told so; the others may go on.
  int served = 0;
  for (auto& peer : peers) {
    peer->send(std::string(99'999, 'x'));
    const std::string answer = peer->read_until("\r\n\r\n");
    if (answer.starts_with("HTTP/1.1 200 ")) ++served;
    EXPECT_THAT(answer, testing::AnyOf(StartsWith("HTTP/1.1 200 "), StartsWith("HTTP/1.1 408 ")));
  }
  EXPECT_LT(served, 3);
}

}  // namespace
}  // namespace holdfast::http
