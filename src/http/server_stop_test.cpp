// The end of a server, and of connections at awkward moments. Every wait is for a peer or a
// promise, never for a time.
#include <atomic>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <latch>
#include <signal.h>
#include <vector>

#include "base/error.h"
#include "http/server.h"
#include "http/server_testing.h"

namespace holdfast::http {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing::EndsWith;
using testing::HasSubstr;

TEST(ServerStop, FinishesWhatRunsAndEndsWhatWaits) {
  Gate gate;
  RunningServer server(gate.handler());
  Peer running(server->port()), idle(server->port()), half(server->port());
  idle.send(get("/"));
  idle.read_until("hello");
  half.send("GET / HT");
  running.send(get("/gate") + get("/next"));
  gate.entered.get_future().wait();
  server->stop(hours(1));
  EXPECT_TRUE(idle.ends());
  half.read_to_end();
  const int port = server->port();
  Descriptor late(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(std::uint16_t(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_NE(::connect(late.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  gate.released.set_value();
  const std::string answer = running.read_to_end();
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(answer, EndsWith("hello"));
  running.close();
  server.join();
  EXPECT_EQ(server->open_connections(), 0u);
}

TEST(ServerStop, RunsWhatIsQueued) {
  BusyServer busy;
  Peer queued(busy.server->port()), idle(busy.server->port());
  busy.queue(queued);
  busy.server->stop(hours(1));
  EXPECT_TRUE(idle.ends());
  busy.gate.released.set_value();
  EXPECT_THAT(queued.read_to_end(), EndsWith("hello"));
}

TEST(ServerStop, CutsWhatOutlastsTheGrace) {
  std::promise<void> reading, sleeping;
  std::promise<ErrorKind> read_end, sleep_end;
  const auto note = [](std::promise<ErrorKind>& end, const std::function<void()>& body) {
    try {
      body();
    } catch (const Error& error) {
      end.set_value(error.kind());
      throw;
    }
  };
  RunningServer server([&](const Context& context, ServerRequest& request) {
    if (request.target == "/read") {
      reading.set_value();
      note(read_end, [&] { read_all(*request.body, 100); });
    } else {
      sleeping.set_value();
      note(sleep_end, [&] { context.sleep(hours(1), "a long request"); });
    }
    return text_response("done");
  });
  Peer reader(server->port()), sleeper(server->port());
  reader.send("PUT /read HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n");
  sleeper.send(get("/sleep"));
  reading.get_future().wait();
  sleeping.get_future().wait();
  server->stop(hours(1));
  server->stop(milliseconds(1));  // shortens the grace
  EXPECT_EQ(read_end.get_future().get(), ErrorKind::kInvalidArgument);
  EXPECT_EQ(sleep_end.get_future().get(), ErrorKind::kCancelled);
  server.join();
}

Server* server_to_stop = nullptr;

TEST(ServerStop, IsAskedForByASignalHandler) {
  RunningServer server(hello);
  Peer idle(server->port());
  server_to_stop = &*server.operator->();
  const auto before = ::signal(SIGUSR1, [](int) { server_to_stop->request_stop(); });
  ::raise(SIGUSR1);
  server.join();
  ::signal(SIGUSR1, before);
  EXPECT_TRUE(idle.ends());
}

TEST(ServerStop, MayComeBeforeTheStart) {
  Server server(Context::background(), {}, hello);
  server.stop(hours(1));
  server.run();
  EXPECT_EQ(server.open_connections(), 0u);
}

TEST(ServerStop, MayComeFromAHandler) {
  Server* self = nullptr;
  std::promise<void> known;
  std::shared_future<void> wait_until_known = known.get_future().share();
  RunningServer server([&](const Context&, ServerRequest&) {
    wait_until_known.wait();
    self->stop(hours(1));
    return text_response("bye");
  });
  self = server.operator->();
  known.set_value();
  Peer peer(server->port());
  peer.send(get("/"));
  EXPECT_THAT(peer.read_to_end(), EndsWith("bye"));
  peer.close();
  server.join();
}

// Connections expire, are closed and are used at the same moments.
TEST(ServerStop, ServesWhileConnectionsExpire) {
  ServerOptions options;
  options.idle_timeout = milliseconds(1);
  options.head_timeout =
      milliseconds(50);  // so that each client gets on, however busy the machine is
  RunningServer server(hello, options);
  std::atomic<int> answered{0};
  std::vector<std::jthread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      while (answered < 40) {
        Peer peer(server->port());
        while (peer.send(get("/")) && !peer.read_until("hello").empty()) ++answered;
      }
    });
  }
  for (std::jthread& client : clients) client.join();
  server.stop(hours(1));
  EXPECT_GE(answered.load(), 40);
  EXPECT_EQ(server->open_connections(), 0u);
}

TEST(ServerStop, ComesInTheMiddleOfWork) {
  for (int round = 0; round < 5; ++round) {
    RunningServer server(hello);
    std::latch under_way(4);
    std::vector<std::jthread> clients;
    for (int i = 0; i < 4; ++i) {
      clients.emplace_back([&] {
        Peer peer(server->port());
        int answered = 0;
        while (peer.send(get("/")) && !peer.read_until("hello").empty()) {
          if (++answered == 5) under_way.count_down();
        }
      });
    }
    under_way.wait();
    server.stop(hours(1));
    for (std::jthread& client : clients) client.join();
    EXPECT_EQ(server->open_connections(), 0u);
  }
}

}  // namespace
}  // namespace holdfast::http
