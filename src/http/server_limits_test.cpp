// Limits, timeouts, and peers that misbehave. Every wait is for a peer or a promise,
// never for a time.
#include <fmt/format.h>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <sys/resource.h>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "http/server.h"
#include "http/server_testing.h"

namespace holdfast::http {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

// Endless, as far as a test is concerned.
class Zeros : public Source {
 public:
  std::size_t read(std::span<char> into) override {
    std::fill(into.begin(), into.end(), '0');
    return into.size();
  }
};

TEST(ServerLimits, RefusesHeadsThatAreTooLarge) {
  ServerOptions options;
  options.max_head_bytes = 8192;
  RunningServer server(hello, options);
  Peer fits(server->port());
  fits.send(head_of_size(8192) + head_of_size(8192));  // the second is read by a worker
  EXPECT_THAT(fits.read_until("hello"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(fits.read_until("hello"), StartsWith("HTTP/1.1 200 "));
  fits.send(get("/") + head_of_size(8193));
  EXPECT_THAT(fits.read_until("hello"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(fits.read_to_end(), StartsWith("HTTP/1.1 431 "));
  Peer whole(server->port());
  whole.send(head_of_size(8193));
  EXPECT_THAT(whole.read_to_end(), StartsWith("HTTP/1.1 431 "));
  Peer endless(server->port());
  endless.send("GET /" + std::string(9000, 'x'));
  EXPECT_THAT(endless.read_to_end(), StartsWith("HTTP/1.1 431 "));
}

TEST(ServerLimits, RefusesHeadsThatAreTooSlow) {
  ServerOptions options;
  options.head_timeout = milliseconds(50);
  RunningServer server(hello, options);
  Peer first(server->port());
  first.send("GET / HTTP/1.1\r\nHost:");
  EXPECT_THAT(first.read_to_end(), StartsWith("HTTP/1.1 408 Request Timeout\r\n"));
  Peer later(server->port());
  later.send(get("/") + "GET / HT");
  EXPECT_THAT(later.read_until("hello"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(later.read_to_end(), StartsWith("HTTP/1.1 408 Request Timeout\r\n"));
}

TEST(ServerLimits, CountsAHeadsTimeFromItsFirstByte) {
  ServerOptions options;
  options.head_timeout = milliseconds(50);
  RunningServer server(hello, options);
  Peer dripping(server->port());
  while (dripping.send("x")) std::this_thread::yield();  // never a whole head, never silent
  SUCCEED();
}

TEST(ServerLimits, ClosesIdleConnections) {
  ServerOptions options;
  options.idle_timeout = milliseconds(50);
  RunningServer server(hello, options);
  Peer silent(server->port());
  EXPECT_TRUE(silent.ends());
  Peer used(server->port());
  used.send(get("/"));
  used.read_until("hello");
  EXPECT_TRUE(used.ends());
}

TEST(ServerLimits, TellsOfRequestsThatNoHandlerSees) {
  ServerOptions options;
  options.max_head_bytes = 8192;
  options.head_timeout = milliseconds(50);
  Records records;
  RunningServer server(hello, options, records.hook());
  for (const std::string& request :
       {"GET /large?a HTTP/1.1\r\nX: " + std::string(9000, 'x'),
        std::string(
            "PUT /two HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"),
        get("/served") + "GET /old HTTP/3.0\r\nHost: h\r\n\r\n",
        std::string("\x16\x03\x01 rubbish\r\n"), std::string("GET /slow HT")}) {
    Peer peer(server->port());
    peer.send(request);
    EXPECT_THAT(peer.read_to_end(), StartsWith("HTTP/1.1 "));
  }
  server.stop();
  EXPECT_THAT(records.lines,
              testing::ElementsAre("GET /large?a 431 the head of the request is too large",
                                   "PUT /two 400 multiple Content-Length", "GET /served 200 ",
                                   "GET /old 505 a version other than HTTP/1.0 and HTTP/1.1",
                                   "  400 a malformed request",
                                   "GET /slow 408 the head of the request took too long"));
}

TEST(ServerLimits, TellsTheHandlersLabel) {
  std::promise<int> label;
  RunningServer server(
      [](const Context&, ServerRequest&) {
        ServerResponse response = text_response("hello");
        response.label = 7;
        return response;
      },
      {}, [&](const AccessRecord& record) { label.set_value(record.label); });
  Peer peer(server->port());
  peer.send(get("/"));
  EXPECT_EQ(label.get_future().get(), 7);
}

TEST(ServerLimits, HoldsManyIdleConnections) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const std::size_t count = std::min<std::size_t>(1000, (limit.rlim_cur - 50) / 2);
  RunningServer server(hello);
  std::vector<std::unique_ptr<Peer>> peers;
  for (std::size_t i = 0; i < count; ++i) peers.push_back(std::make_unique<Peer>(server->port()));
  for (const std::size_t i : {std::size_t(0), count / 2, count - 1}) {
    peers[i]->send(get("/"));
    EXPECT_THAT(peers[i]->read_until("hello"), StartsWith("HTTP/1.1 200 "));
  }
  EXPECT_EQ(server->open_connections(), count);
  peers.clear();
  while (server->open_connections() > 0) std::this_thread::yield();
}

TEST(ServerLimits, WaitsWhenDescriptorsRunOut) {
  RunningServer server(hello);
  Peer served(server->port());
  served.send(get("/"));
  served.read_until("hello");
  // The sanitizer for undefined behaviour opens a pipe at its first sight of a type: let it see the
  // log's now.
  log::warning(Context::background(), "descriptors will run out on purpose");
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const int next_free = ::dup(0);
  ::close(next_free);
  const rlimit full{rlim_t(next_free) + 1, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &full), 0);
  Peer waiting(server->port());  // takes the last descriptor
  waiting.send(get("/"));
  served.send(get("/"));
  EXPECT_THAT(served.read_until("hello"), StartsWith("HTTP/1.1 200 "))
      << "others are served meanwhile";
  EXPECT_EQ(server->open_connections(), 1u);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_THAT(waiting.read_until("hello"), StartsWith("HTTP/1.1 200 "));
}

TEST(ServerLimits, RaisesTheLimitOfOpenFiles) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit low{200, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  ServerOptions options;
  options.max_connections = 300;
  options.max_workers = 10;
  const Server server(Context::background(), options, hello);
  rlimit after{};
  ::getrlimit(RLIMIT_NOFILE, &after);
  EXPECT_EQ(after.rlim_cur, 380u);
  options.max_connections = 100;
  const Server smaller(Context::background(), options, hello);
  ::getrlimit(RLIMIT_NOFILE, &after);
  EXPECT_EQ(after.rlim_cur, 380u) << "never lowered";
  ::setrlimit(RLIMIT_NOFILE, &before);
}

// How a body that goes wrong ends: the code of the error, and what the client reads.
struct BodyEnd {
  std::string code, answer;
};

BodyEnd failed_upload(const std::function<void(Peer&)>& client, Duration stall = hours(1),
                      std::uint64_t rate = 1) {
  ServerOptions options;
  options.body_stall_timeout = stall;
  options.min_body_bytes_per_second = rate;
  std::promise<std::string> code;
  RunningServer server(
      [&](const Context&, ServerRequest& request) {
        try {
          read_all(*request.body, 1 << 30);
          code.set_value("none");
        } catch (const Error& error) {
          code.set_value(error.code());
          throw;
        }
        return text_response("stored");
      },
      options);
  Peer peer(server->port());
  peer.send("PUT /k HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000\r\n\r\nfirst bytes");
  client(peer);
  BodyEnd end;
  end.code = code.get_future().get();
  end.answer = peer.read_to_end();
  return end;
}

TEST(ServerLimits, NoticesAPeerThatEndsMidBody) {
  const BodyEnd end = failed_upload([](Peer& peer) { peer.finish_sending(); });
  EXPECT_EQ(end.code, kIncompleteBody);
  EXPECT_THAT(end.answer, StartsWith("HTTP/1.1 400 Bad Request\r\n"));
}

TEST(ServerLimits, NoticesAPeerThatVanishesMidBody) {
  EXPECT_EQ(failed_upload([](Peer& peer) { peer.close(); }).code, kIncompleteBody);
  EXPECT_EQ(failed_upload([](Peer& peer) { peer.reset(); }).code, kIncompleteBody);
}

TEST(ServerLimits, GivesUpOnABodyThatStalls) {
  const BodyEnd end = failed_upload([](Peer&) {}, milliseconds(50));
  EXPECT_EQ(end.code, kRequestTimeout);
  EXPECT_THAT(end.answer, StartsWith("HTTP/1.1 408 Request Timeout\r\n"));
}

TEST(ServerLimits, GivesUpOnABodyThatDrips) {
  const auto drip = [](Peer& peer) {
    while (peer.send("x")) std::this_thread::yield();
  };
  EXPECT_EQ(failed_upload(drip, milliseconds(50), std::uint64_t(1) << 50).code, kRequestTimeout);
}

TEST(ServerLimits, GivesUpOnAPeerThatDoesNotRead) {
  ServerOptions options;
  options.body_stall_timeout = milliseconds(50);
  std::promise<bool> complete;
  RunningServer server(
      [](const Context&, ServerRequest&) {
        ServerResponse response;
        response.source = std::make_unique<Zeros>();
        return response;
      },
      options, [&](const AccessRecord& record) { complete.set_value(record.complete); });
  Peer peer(server->port(), 4096);
  peer.send(get("/"));
  EXPECT_FALSE(complete.get_future().get());
  EXPECT_TRUE(peer.is_reset());
}

TEST(ServerLimits, NoticesAPeerThatVanishesMidAnswer) {
  std::promise<bool> complete;
  RunningServer server(
      [](const Context&, ServerRequest&) {
        ServerResponse response;
        response.source = std::make_unique<Zeros>();
        return response;
      },
      {}, [&](const AccessRecord& record) { complete.set_value(record.complete); });
  Peer peer(server->port());
  peer.send(get("/"));
  peer.read_head();
  peer.reset();
  EXPECT_FALSE(complete.get_future().get());
  while (server->open_connections() > 0) std::this_thread::yield();
}

// sendfile() has no flag against SIGPIPE: the test would die of it.
TEST(ServerLimits, SurvivesAPeerThatVanishesDuringSendfile) {
  const fs::path path = fs::path(testing::TempDir()) / "server_limits_test.large";
  remove_file_if_there(path);
  write_file_durably(path, std::string(32 << 20, 'x'));
  const Descriptor file = open_for_reading(path);
  std::promise<bool> complete;
  RunningServer server(
      [&](const Context&, ServerRequest&) {
        ServerResponse response;
        response.source =
            std::make_unique<FileSource>(FileRegion{file.get(), 0, 32 << 20}, "large");
        return response;
      },
      {}, [&](const AccessRecord& record) { complete.set_value(record.complete); });
  {
    Peer peer(server->port(), 4096);
    peer.send(get("/"));
    peer.read_head();
    peer.reset();
  }
  EXPECT_FALSE(complete.get_future().get());
  remove_file(path);
}

TEST(ServerLimits, KeepsTheConnectionOverASmallUnreadBody) {
  RunningServer server(hello);
  Peer peer(server->port());
  peer.send(
      "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabcde" +
      std::string(
          "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n") +
      get("/"));
  for (int i = 0; i < 3; ++i) EXPECT_THAT(peer.read_until("hello"), StartsWith("HTTP/1.1 200 "));
}

TEST(ServerLimits, ClosesTheConnectionOverALargeUnreadBody) {
  RunningServer server(hello);
  Peer peer(server->port());
  peer.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 10000000\r\n\r\n" +
            std::string(100'000, 'x'));
  const std::string answer = peer.read_to_end();
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(answer, EndsWith("hello"))
      << "what the client still sends must not destroy the answer";
}

TEST(ServerLimits, AsksForNoBodyThatTheHandlerDoesNotWant) {
  RunningServer server([](const Context&, ServerRequest& request) {
    if (request.target == "/want") return text_response(read_all(*request.body, 100));
    return text_response("refused", 403);
  });
  const auto head = [](const std::string& target) {
    return "PUT " + target +
           " HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n";
  };
  Peer wanted(server->port());
  wanted.send(head("/want"));
  EXPECT_EQ(wanted.read_head(), "HTTP/1.1 100 Continue\r\n\r\n");
  wanted.send("body");
  EXPECT_THAT(wanted.read_until("body"), StartsWith("HTTP/1.1 200 OK\r\n"));
  Peer unwanted(server->port());
  unwanted.send(head("/no"));
  const std::string answer = unwanted.read_to_end();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 403 Forbidden\r\n"));
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
}

}  // namespace
}  // namespace holdfast::http
