#include "http/server.h"

#include <atomic>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <mutex>
#include <sys/resource.h>
#include <vector>

#include "base/error.h"
#include "http/server_testing.h"

namespace holdfast::http {
namespace {

using std::chrono::milliseconds;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// Answers with what it was asked: method, target and body.
ServerResponse echo(const Context&, ServerRequest& request) {
  return text_response(request.method + " " + request.target + " " +
                       read_all(*request.body, 1 << 20));
}

std::string get(std::string_view target) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n\r\n";
}

TEST(Server, AnswersWithStatusHeadersDateAndLength) {
  RunningServer server([](const Context&, ServerRequest&) {
    ServerResponse response = text_response("hello", 201);
    response.headers = {{"ETag", "\"e\""}, {"content-length", "77"}, {"Connection", "odd"}};
    return response;
  });
  Peer peer(server->port());
  peer.send(get("/"));
  const std::string head = peer.read_head();
  EXPECT_THAT(head, StartsWith("HTTP/1.1 201 Created\r\nDate: "));
  EXPECT_THAT(head, HasSubstr(" GMT\r\nETag: \"e\"\r\nContent-Length: 5\r\n\r\n"));
  EXPECT_EQ(peer.read_exactly(5), "hello");
}

TEST(Server, GivesTheHandlerWhatWasAsked) {
  std::string seen;
  std::optional<std::uint64_t> length;
  RunningServer server([&](const Context&, ServerRequest& request) {
    seen = request.method + " " + request.target + " " +
           std::string(request.header("X-A").value_or("-")) + " " +
           std::string(request.header("x-none").value_or("-")) + " " + request.peer;
    length = request.content_length;
    return text_response(read_all(*request.body, 100));
  });
  Peer peer(server->port());
  peer.send(
      "PUT /a%20b?x=1 HTTP/1.1\r\nHost: h\r\nx-a:  first \r\nX-A: second\r\nContent-Length: "
      "4\r\n\r\nbody");
  EXPECT_THAT(peer.read_until("body"), EndsWith("\r\n\r\nbody"));
  EXPECT_THAT(seen, StartsWith("PUT /a%20b?x=1 first - 127.0.0.1:"));
  EXPECT_EQ(length, 4u);
}

TEST(Server, ServesManyRequestsOfOneConnectionInOrder) {
  RunningServer server(echo);
  Peer peer(server->port());
  for (int i = 0; i < 50; ++i) {
    peer.send(get("/" + std::to_string(i)));
    EXPECT_THAT(peer.read_until(" /" + std::to_string(i) + " "), StartsWith("HTTP/1.1 200 OK\r\n"));
  }
  EXPECT_EQ(server->open_connections(), 1u);
}

TEST(Server, ServesPipelinedRequestsInOrder) {
  RunningServer server(echo);
  Peer peer(server->port());
  std::string all;
  for (int i = 0; i < 100; ++i) {
    all += "PUT /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc";
  }
  ASSERT_TRUE(peer.send(all + "GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
  for (int i = 0; i < 100; ++i) {
    EXPECT_THAT(peer.read_until("abc"), EndsWith("PUT /" + std::to_string(i) + " abc"));
  }
  EXPECT_THAT(peer.read_to_end(), EndsWith("Connection: close\r\n\r\nGET /last "));
}

}  // namespace
}  // namespace holdfast::http
