#include "http/client.h"

#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>
#include <thread>

#include "base/error.h"
#include "support/loopback.h"
#include "support/scripted_server.h"

namespace holdfast::http {
namespace {

using support::reply;
using support::ScriptedReply;
using support::ScriptedServer;
using testing::HasSubstr;
using testing::Not;
using Then = ScriptedReply::Then;

const Context kContext = Context::background();

std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = char((i * 2654435761u) >> 13);
  return bytes;
}

std::string body_of(Exchange& exchange) { return read_all(exchange, 64 << 20); }

TEST(ClientTest, SendsExactlyTheRequestAndHandsOutTheAnswer) {
  ScriptedServer server({reply(200, "hello", {{"ETag", "\"abc\""}, {"X-Empty", ""}})});
  Client client;
  auto exchange = client.send(
      kContext, {.url = server.url() + "/b/k?x=1", .headers = {{"X-One", " 1 "}, {"X-None", ""}}});
  EXPECT_EQ(exchange->status(), 200);
  EXPECT_EQ(exchange->header("etag"), "\"abc\"");
  EXPECT_EQ(exchange->header("x-empty"), "");
  EXPECT_EQ(exchange->header("x-missing"), std::nullopt);
  EXPECT_EQ(exchange->size(), 5u);
  EXPECT_EQ(body_of(*exchange), "hello");
  EXPECT_EQ(server.request(0).head,
            "GET /b/k?x=1 HTTP/1.1\r\nHost: " + server.place() +
                "\r\nUser-Agent: holdfast\r\nAccept: */*\r\nX-One:  1 \r\nX-None:\r\n\r\n");
}

TEST(ClientTest, LeavesThePathAsItIs) {
  ScriptedServer server({reply(200)});
  Client client;
  client.send(kContext, {.url = server.url() + "/b/a/../c//./d%2Fe"});
  EXPECT_EQ(server.request(0).first_line(), "GET /b/a/../c//./d%2Fe HTTP/1.1");
}

TEST(ClientTest, KeepsTheConnectionOnceTheBodyIsRead) {
  ScriptedServer server({reply(200, "one"), reply(404, "two"), reply(200), reply(200, "four")});
  Client client;
  for (const char* body : {"one", "two", "", "four"}) {
    EXPECT_EQ(body_of(*client.send(kContext, {.url = server.url() + "/"})), body);
  }
  EXPECT_EQ(server.connections(), 1u);
}

TEST(ClientTest, KeepsTheConnectionWhenExactlyTheBodyIsRead) {
  std::string body = pattern(700'000);
  ScriptedServer server({reply(200, body), reply(200)});
  Client client;
  {
    auto exchange = client.send(kContext, {.url = server.url() + "/"});
    std::string got(body.size(), '\0');
    ASSERT_EQ(read_full(*exchange, {got.data(), got.size()}), body.size());
    EXPECT_EQ(exchange->size(), 0u);
    EXPECT_EQ(got, body);
  }
  client.send(kContext, {.url = server.url() + "/"});
  EXPECT_EQ(server.connections(), 1u);
}

TEST(ClientTest, AnAnswerAfterALargeOneOnTheSameConnectionIsWhole) {
  std::string large = pattern(3'000'000);
  ScriptedServer server({reply(200, large), reply(200, "small"), reply(200, large)});
  Client client;
  for (const std::string& body : {large, std::string("small"), large}) {
    EXPECT_EQ(body_of(*client.send(kContext, {.url = server.url() + "/"})), body);
  }
  EXPECT_EQ(server.connections(), 1u);
}

TEST(ClientTest, DropsTheConnectionWhenTheAnswerIsAbandoned) {
  ScriptedServer server({reply(200, pattern(8 << 20)), reply(200)});
  Client client;
  client.send(kContext, {.url = server.url() + "/"});
  EXPECT_TRUE(server.wait_for_closed(1));
  client.send(kContext, {.url = server.url() + "/"});
  EXPECT_EQ(server.connections(), 2u);
}

TEST(ClientTest, KeepsAtMostTheNumberOfConnectionsItWasGiven) {
  ScriptedServer server([](const auto&) { return reply(200); });
  Client client({.max_kept_connections = 1});
  {
    auto first = client.send(kContext, {.url = server.url() + "/"});
    auto second = client.send(kContext, {.url = server.url() + "/"});
  }
  EXPECT_EQ(server.connections(), 2u);
  EXPECT_TRUE(server.wait_for_closed(1));
  client.send(kContext, {.url = server.url() + "/"});
  EXPECT_EQ(server.connections(), 2u);
}

TEST(ClientTest, ServesManyThreadsAtOnce) {
  ScriptedServer server([](const auto& request) { return reply(200, request.first_line()); });
  Client client;
  std::atomic<int> right = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int j = 0; j < 20; ++j) {
        std::string path = "/" + std::to_string(i) + "/" + std::to_string(j);
        auto exchange = client.send(kContext, {.url = server.url() + path});
        right += body_of(*exchange) == "GET " + path + " HTTP/1.1";
      }
    });
  }
  for (std::jthread& thread : threads) thread.join();
  EXPECT_EQ(right, 160);
  EXPECT_LE(server.connections(), 8u);
}

TEST(ClientTest, ReadsALargeBodyInPiecesOfAnySize) {
  std::string body = pattern(5'000'003);
  ScriptedServer server({reply(200, body)});
  Client client;
  auto exchange = client.send(kContext, {.url = server.url() + "/"});
  std::string got;
  std::vector<char> buffer(300'000);
  std::size_t count, piece = 1;
  while ((count = exchange->read({buffer.data(), piece})) > 0) {
    got.append(buffer.data(), count);
    EXPECT_EQ(exchange->size(), body.size() - got.size());
    piece = std::min(piece * 3, buffer.size());
  }
  EXPECT_TRUE(got == body);
}

TEST(ClientTest, ReadsAChunkedBody) {
  ScriptedServer server({{.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                   "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: t\r\n\r\n"},
                         reply(200)});
  Client client;
  auto exchange = client.send(kContext, {.url = server.url() + "/"});
  EXPECT_EQ(exchange->size(), std::nullopt);
  EXPECT_EQ(body_of(*exchange), "abcde");
  EXPECT_EQ(exchange->header("Trailer"), std::nullopt);
  exchange.reset();
  client.send(kContext, {.url = server.url() + "/"});
  EXPECT_EQ(server.connections(), 1u);
}

TEST(ClientTest, AnswersWithoutABodyEndAtOnce) {
  ScriptedServer server({{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n"},
                         {.bytes = "HTTP/1.1 204 No Content\r\n\r\n"},
                         {.bytes = "HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n"}});
  Client client;
  auto head = client.send(kContext, {.method = "HEAD", .url = server.url() + "/"});
  EXPECT_EQ(head->header("content-length"), "1234");
  EXPECT_EQ(head->size(), 0u);
  EXPECT_EQ(body_of(*head), "");
  head.reset();
  for (int status : {204, 304}) {
    auto exchange = client.send(kContext, {.url = server.url() + "/"});
    EXPECT_EQ(exchange->status(), status);
    EXPECT_EQ(body_of(*exchange), "");
  }
  EXPECT_EQ(server.connections(), 1u);
}

TEST(ClientTest, SkipsInterimAnswers) {
  ScriptedServer server({{.bytes = "HTTP/1.1 102 Processing\r\nX-Early: 1\r\n\r\n"
                                   "HTTP/1.1 200 OK\r\nX-Late: 2\r\nContent-Length: 0\r\n\r\n"}});
  Client client;
  auto exchange = client.send(kContext, {.url = server.url() + "/"});
  EXPECT_EQ(exchange->status(), 200);
  EXPECT_EQ(exchange->headers().size(), 2u);
  EXPECT_EQ(exchange->header("x-early"), std::nullopt);
}

TEST(ClientTest, StreamsABody) {
  std::string body = pattern(3'000'001);
  ScriptedServer server({reply(200), reply(200), reply(200)});
  Client client;
  MemorySource source(body), empty("");
  client.send(kContext, {.method = "PUT", .url = server.url() + "/", .body = &source});
  EXPECT_TRUE(server.request(0).body == body);
  EXPECT_EQ(server.request(0).header("content-length"), "3000001");
  EXPECT_FALSE(server.request(0).has_header("expect"));
  EXPECT_FALSE(server.request(0).has_header("transfer-encoding"));
  EXPECT_FALSE(server.request(0).has_header("content-type"));
  client.send(kContext, {.method = "PUT", .url = server.url() + "/", .body = &empty});
  EXPECT_EQ(server.request(1).header("content-length"), "0");
  client.send(kContext, {.method = "POST", .url = server.url() + "/?uploads"});
  EXPECT_EQ(server.request(2).header("content-length"), "0");
  EXPECT_EQ(server.connections(), 1u);
}

TEST(ClientTest, SwitchesBetweenKindsOfRequests) {
  ScriptedServer server([](const auto&) { return reply(200); });
  Client client;
  MemorySource source("abc");
  client.send(kContext, {.method = "PUT", .url = server.url() + "/1", .body = &source});
  client.send(kContext, {.method = "DELETE", .url = server.url() + "/2"});
  client.send(kContext, {.url = server.url() + "/3"});
  EXPECT_EQ(server.request(1).first_line(), "DELETE /2 HTTP/1.1");
  EXPECT_FALSE(server.request(1).has_header("content-length"));
  EXPECT_EQ(server.request(2).first_line(), "GET /3 HTTP/1.1");
  EXPECT_FALSE(server.request(2).has_header("content-length"));
}

TEST(ClientTest, WaitsForLeaveToSendTheBody) {
  std::string body = pattern(200'000);
  ScriptedReply refusal = reply(403, "no");
  refusal.read_body = false;
  ScriptedReply welcome = reply(200);
  welcome.send_continue = true;
  ScriptedServer server({welcome, refusal});
  Client client;
  for (int status : {200, 403}) {
    MemorySource source(body);
    auto exchange = client.send(
        kContext,
        {.method = "PUT", .url = server.url() + "/", .body = &source, .expect_continue = true});
    EXPECT_EQ(exchange->status(), status);
    EXPECT_EQ(*source.size(), status == 200 ? 0 : body.size());
  }
  EXPECT_EQ(server.request(0).header("expect"), "100-continue");
  EXPECT_TRUE(server.request(0).body == body);
}

TEST(ClientTest, HearsAnAnswerThatComesBeforeTheBodyWasSent) {
  ScriptedReply refusal = reply(507, "full", {{"Connection", "close"}});
  refusal.read_body = false;
  refusal.then = Then::kClose;
  ScriptedServer server({refusal});
  Client client;
  std::string body = pattern(32 << 20);
  auto source = std::make_unique<MemorySource>(body);
  auto exchange =
      client.send(kContext, {.method = "PUT", .url = server.url() + "/", .body = source.get()});
  source.reset();
  EXPECT_EQ(exchange->status(), 507);
  EXPECT_EQ(body_of(*exchange), "full");
}

TEST(ClientTest, FollowsNoRedirect) {
  ScriptedServer server({reply(307, "", {{"Location", "http://127.0.0.1:1/"}})});
  Client client;
  EXPECT_EQ(client.send(kContext, {.url = server.url() + "/"})->status(), 307);
}

TEST(ClientTest, TakesNoProxyFromTheEnvironment) {
  ScriptedServer server({reply(200, "direct")});
  std::string nowhere = "http://127.0.0.1:" + std::to_string(support::unused_port());
  for (const char* name : {"http_proxy", "all_proxy"}) ::setenv(name, nowhere.c_str(), 1);
  Client client;
  EXPECT_EQ(body_of(*client.send(kContext, {.url = server.url() + "/"})), "direct");
  for (const char* name : {"http_proxy", "all_proxy"}) ::unsetenv(name);
}

TEST(ClientTest, RefusesWhatCannotBeSentSafely) {
  Client client;
  for (const char* url :
       {"", "127.0.0.1/", "file:///etc/passwd", "ftp://h/", "http://", "http:///x", "http://a:b@h/",
        "http://h/a b", "http://h/a\r\nX: y", "http://h/\xc3\xa4", "http://h/#f"}) {
    EXPECT_THROW(client.send(kContext, {.url = url}), InvalidArgument) << url;
  }
  for (const char* method : {"", "GET /", "GET\r\nX: y"}) {
    EXPECT_THROW(client.send(kContext, {.method = method, .url = "http://127.0.0.1:1/"}),
                 InvalidArgument);
  }
  for (const auto& [name, value] : Headers{{"", "x"},
                                           {"A B", "x"},
                                           {"A:", "x"},
                                           {"A\r\nB", "x"},
                                           {"A", "x\r\nB: y"},
                                           {"A", "x\ny"},
                                           {"A", std::string("x\0y", 3)}}) {
    EXPECT_THROW(client.send(kContext, {.url = "http://127.0.0.1:1/", .headers = {{name, value}}}),
                 InvalidArgument)
        << name;
  }
}

}  // namespace
}  // namespace holdfast::http
