// What the client makes of peers that fail, and that it never repeats a request.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "base/error.h"
#include "http/client.h"
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

// The error that `action` throws; fails the test when it throws none.
template <typename Action>
Error error_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return Error(ErrorKind::kFailed, "nothing", "was thrown");
}

Error error_of_get(const std::string& url, const Context& context = kContext) {
  Client client;
  return error_of([&] { read_all(*client.send(context, {.url = url}), 1 << 20); });
}

// Hands out `bytes`, announces `announced` of them, and may fail at its end.
class OddSource : public Source {
 public:
  OddSource(std::string bytes, std::uint64_t announced, bool fails_at_end = false)
      : bytes_(std::move(bytes)), announced_(announced), fails_at_end_(fails_at_end) {}
  std::size_t read(std::span<char> into) override {
    std::size_t count = std::min(into.size(), bytes_.size() - position_);
    std::copy_n(bytes_.data() + position_, count, into.data());
    position_ += count;
    if (count == 0 && fails_at_end_) throw Corrupt("the source", "is not what it said");
    return count;
  }
  std::optional<std::uint64_t> size() const override { return announced_; }

 private:
  std::string bytes_;
  std::uint64_t announced_;
  bool fails_at_end_;
  std::size_t position_ = 0;
};

TEST(ClientFailureTest, ConnectionRefusedNamesThePlaceAndHidesTheQuery) {
  std::string place = "127.0.0.1:" + std::to_string(support::unused_port());
  Error error = error_of_get("http://" + place + "/snapshot?authKey=swordfish");
  EXPECT_EQ(error.to_string(),
            "GET http://" + place +
                "/snapshot: connection refused; check that a server listens on " + place);
  EXPECT_EQ(error.kind(), ErrorKind::kUnavailable);
}

TEST(ClientFailureTest, UnknownHostNamesTheHost) {
  Error error = error_of_get("http://no-such-host.invalid/");
  EXPECT_EQ(error.kind(), ErrorKind::kUnavailable);
  EXPECT_EQ(error.reason(), "the host name of no-such-host.invalid:80 does not resolve");
}

TEST(ClientFailureTest, PeersThatBreakOffAreUnavailable) {
  struct Case {
    ScriptedReply answer;
    const char* reason;
  };
  const Case cases[] = {
      {{.bytes = "", .then = Then::kClose}, "before an answer"},
      {{.bytes = "", .then = Then::kReset}, "before an answer"},
      {{.bytes = "HTTP/1.1 200 OK\r\nContent-Le", .then = Then::kReset}, "the connection"},
      {{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", .then = Then::kClose},
       "before its announced length"},
      {{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", .then = Then::kReset},
       "within the answer"},
      {{.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"},
       "within the answer"},
      {{.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        .then = Then::kClose},
       "before its announced length"},
  };
  for (const Case& one : cases) {
    ScriptedServer server({one.answer});
    Error error = error_of_get(server.url() + "/?secret");
    EXPECT_EQ(error.kind(), ErrorKind::kUnavailable) << error.to_string();
    EXPECT_THAT(error.reason(), HasSubstr(one.reason)) << one.answer.bytes;
    EXPECT_THAT(error.to_string(), HasSubstr(server.place()));
    EXPECT_THAT(error.to_string(), Not(HasSubstr("secret")));
    EXPECT_EQ(server.requests().size(), 1u);
  }
}

TEST(ClientFailureTest, AnAnswerThatIsNotHttpIsAFailure) {
  for (const char* bytes :
       {"220 mail.example ESMTP\r\n", "\x16\x03\x01\x02", "HTTP/9.9 200 OK\r\n\r\n"}) {
    ScriptedServer server({{.bytes = bytes, .then = Then::kClose}});
    Error error = error_of_get(server.url() + "/");
    EXPECT_EQ(error.kind(), ErrorKind::kFailed) << bytes << ": " << error.to_string();
    EXPECT_THAT(error.reason(), HasSubstr("not HTTP")) << bytes;
  }
}

TEST(ClientFailureTest, AnEndlessHeadIsAFailure) {
  std::string head = "HTTP/1.1 200 OK\r\n";
  while (head.size() < 70'000) head += "X-Filler: " + std::string(1000, 'x') + "\r\n";
  ScriptedServer server({{.bytes = head, .then = Then::kStall}});
  Error error = error_of_get(server.url() + "/");
  EXPECT_EQ(error.kind(), ErrorKind::kFailed);
  EXPECT_THAT(error.reason(), HasSubstr("65536 bytes"));
}

TEST(ClientFailureTest, AReadAfterAFailureFailsAgain) {
  std::string most(900'000, 'x');
  ScriptedServer server({{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + most,
                          .then = Then::kClose}});
  Client client;
  auto exchange = client.send(kContext, {.url = server.url() + "/"});
  EXPECT_THROW(read_all(*exchange, 1 << 20), Unavailable);
  EXPECT_THROW(read_all(*exchange, 1 << 20), Unavailable);
}

TEST(ClientFailureTest, DoesNotRepeatARequestOnAConnectionThatDiesUnderIt) {
  for (const char* method : {"GET", "POST", "PUT"}) {
    ScriptedServer server(
        {reply(200), {.bytes = "", .then = Then::kClose}, reply(200, "repeated")});
    Client client;
    MemorySource source("body");
    client.send(kContext, {.url = server.url() + "/"});
    Error error = error_of([&] {
      client.send(kContext, {.method = method,
                             .url = server.url() + "/second",
                             .body = std::string_view(method) == "PUT" ? &source : nullptr});
    });
    EXPECT_EQ(error.kind(), ErrorKind::kUnavailable) << method;
    EXPECT_EQ(error.reason(), "the connection was closed before an answer came") << method;
    EXPECT_EQ(server.requests().size(), 2u) << method;
  }
}

TEST(ClientFailureTest, AKeptConnectionThatWasClosedMeanwhileIsReplaced) {
  ScriptedReply last = reply(200);
  last.then = Then::kClose;
  ScriptedServer server({last, reply(200, "fresh")});
  Client client;
  client.send(kContext, {.url = server.url() + "/"});
  ScriptedServer other({reply(200)});
  client.send(kContext, {.url = other.url() + "/"});  // time for the end to arrive
  EXPECT_EQ(read_all(*client.send(kContext, {.url = server.url() + "/"}), 100), "fresh");
  EXPECT_EQ(server.connections(), 2u);
}

TEST(ClientFailureTest, WhatTheBodyThrowsGoesThrough) {
  ScriptedServer server([](const auto&) { return reply(200); });
  Client client;
  auto error = [&](OddSource source) {
    return error_of([&] {
      client.send(kContext, {.method = "PUT", .url = server.url() + "/", .body = &source});
    });
  };
  EXPECT_EQ(error({"abc", 3, true}).kind(), ErrorKind::kCorrupt);
  EXPECT_EQ(error({"", 0, true}).kind(), ErrorKind::kCorrupt);
  EXPECT_EQ(error({"abcd", 3}).reason(), "the body is longer than announced");
  EXPECT_EQ(error({"a", 0}).reason(), "the body is longer than announced");
  EXPECT_EQ(error({"ab", 3}).reason(), "the body ended after 2 of 3 bytes");
  EXPECT_TRUE(server.wait_for_closed(server.connections()));
  // Whatever the server got of them, it was never a whole body.
  for (const auto& request : server.requests()) {
    EXPECT_LT(request.body.size(), 3u);
  }
}

TEST(ClientFailureTest, ABodyOfUnknownSizeIsRefused) {
  class Endless : public Source {
    std::size_t read(std::span<char>) override { return 0; }
  } source;
  Client client;
  EXPECT_THROW(
      client.send(kContext, {.method = "PUT", .url = "http://127.0.0.1:1/", .body = &source}),
      InvalidArgument);
}

// Runs `action` while another thread does `meanwhile` as soon as the server has got the request.
template <typename Action, typename Meanwhile>
Error error_while(ScriptedServer& server, Action action, Meanwhile meanwhile) {
  std::jthread other([&] {
    EXPECT_TRUE(server.wait_for_connections(1));
    meanwhile();
  });
  Error error = error_of(action);
  other.join();
  return error;
}

TEST(ClientFailureTest, ACancelledContextEndsTheRequest) {
  ScriptedServer server({{.bytes = "", .then = Then::kStall}});
  Context context = kContext.cancellable();
  Error error = error_while(
      server, [&] { Client().send(context, {.url = server.url() + "/"}); },
      [&] {
        EXPECT_TRUE(server.wait_for_requests(1));
        context.cancel();
      });
  EXPECT_EQ(error.kind(), ErrorKind::kCancelled);
}

TEST(ClientFailureTest, TheDeadlineCoversTheBody) {
  FakeClock clock(WallTime{});
  Context context = Context::with_clock(clock).with_timeout(std::chrono::minutes(1));
  ScriptedServer server(
      {{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", .then = Then::kStall}});
  Client client;
  auto exchange = client.send(context, {.url = server.url() + "/"});
  Error error = error_while(
      server, [&] { read_all(*exchange, 100); }, [&] { clock.advance(std::chrono::minutes(2)); });
  EXPECT_EQ(error.kind(), ErrorKind::kDeadlineExceeded);
}

TEST(ClientFailureTest, NothingStartsAfterTheDeadline) {
  FakeClock clock(WallTime{});
  Context context = Context::with_clock(clock).with_timeout(std::chrono::seconds(1));
  clock.advance(std::chrono::seconds(2));
  ScriptedServer server({reply(200)});
  EXPECT_EQ(error_of_get(server.url() + "/", context).kind(), ErrorKind::kDeadlineExceeded);
  EXPECT_EQ(server.connections(), 0u);
}

TEST(ClientFailureTest, APeerThatSaysNothingIsUnavailable) {
  FakeClock clock(WallTime{});
  Context context = Context::with_clock(clock);
  ScriptedServer server({{.bytes = "", .then = Then::kStall}});
  Error error = error_while(
      server, [&] { Client().send(context, {.url = server.url() + "/"}); },
      [&] {
        EXPECT_TRUE(server.wait_for_requests(1));
        clock.advance(std::chrono::seconds(61));
      });
  EXPECT_EQ(error.kind(), ErrorKind::kUnavailable);
  EXPECT_EQ(error.reason(), "no byte moved for 60 s");
}

TEST(ClientFailureTest, AHandshakeThatHangsIsUnavailable) {
  FakeClock clock(WallTime{});
  Context context = Context::with_clock(clock);
  // The client's hello never holds an empty line, so the server waits for more for ever.
  ScriptedServer server({reply(200)});
  Error error = error_while(
      server, [&] { Client().send(context, {.url = "https://" + server.place() + "/"}); },
      [&] { clock.advance(std::chrono::seconds(11)); });
  EXPECT_EQ(error.kind(), ErrorKind::kUnavailable);
  EXPECT_EQ(error.reason(), "no connection within 10 s");
  EXPECT_THAT(error.advice(), HasSubstr(server.place()));
}

}  // namespace
}  // namespace holdfast::http
