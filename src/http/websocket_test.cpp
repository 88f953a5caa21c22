#include "http/websocket.h"

#include <atomic>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "codec/digest.h"
#include "codec/text.h"
#include "support/loopback.h"
#include "support/scripted_server.h"

namespace holdfast::http {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const Context kContext = Context::background();

std::string accept_of(std::string_view head) {
  const std::string_view name = "Sec-WebSocket-Key: ";
  const std::size_t at = head.find(name) + name.size();
  const std::string key(head.substr(at, head.find('\r', at) - at));
  return codec::to_base64(codec::digest_of(codec::DigestAlgorithm::kSha1,
                                           key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
}

std::string welcome(std::string_view head) {
  return "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nConnection: keep-alive, "
         "Upgrade\r\n"
         "Sec-WebSocket-Accept: " +
         accept_of(head) + "\r\n\r\n";
}

// Shakes hands with one client, sends it `bytes`, and notes what it says until it goes.
class Peer {
 public:
  explicit Peer(std::string bytes, bool stays = true) : bytes_(std::move(bytes)), stays_(stays) {
    thread_ = std::thread([this] { run(); });
  }
  ~Peer() {
    ::shutdown(listener_.socket(), SHUT_RDWR);
    thread_.join();
  }
  std::string url() const {
    return "ws://127.0.0.1:" + std::to_string(listener_.port()) + "/g?x=1";
  }
  const std::string& head() const { return head_; }
  // All that came behind the head, once the client has gone.
  std::string heard() {
    thread_.join();
    thread_ = std::thread([] {});
    return heard_;
  }

 private:
  void run() {
    const Descriptor socket(::accept4(listener_.socket(), nullptr, nullptr, SOCK_CLOEXEC));
    char bytes[4096];
    while (!head_.ends_with("\r\n\r\n")) {
      const ssize_t count = ::recv(socket.get(), bytes, sizeof bytes, 0);
      if (count <= 0) return;
      head_.append(&bytes[0], std::size_t(count));
    }
    const std::string out = welcome(head_) + bytes_;
    if (::send(socket.get(), out.data(), out.size(), MSG_NOSIGNAL) < 0) return;
    if (!stays_) ::shutdown(socket.get(), SHUT_WR);
    for (ssize_t count; (count = ::recv(socket.get(), bytes, sizeof bytes, 0)) > 0;) {
      heard_.append(&bytes[0], std::size_t(count));
    }
  }

  std::string bytes_, head_, heard_;
  bool stays_;
  support::Listener listener_;
  std::thread thread_;
};

// The payloads of a client's frames, each with its opcode before it.
std::vector<std::string> unmasked(std::string_view bytes) {
  std::vector<std::string> frames;
  while (bytes.size() >= 6) {
    const std::size_t size = std::uint8_t(bytes[1]) & 0x7f;
    std::string frame = std::to_string(bytes[0] & 0x0f) + ":";
    for (std::size_t i = 0; i < size; ++i) frame += char(bytes[6 + i] ^ bytes[2 + i % 4]);
    frames.push_back(frame);
    bytes.remove_prefix(6 + size);
  }
  return frames;
}

std::string reason_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return std::string(name_of(error.kind())) + ": " + error.reason();
  }
  return "no error";
}

TEST(WebSocketTest, SpeaksAndListensAndAnswersPingsAndSaysGoodbye) {
  Peer peer("\x89\x02hi\x82\x03one\x01\x02tw\x80\x01o");
  {
    WebSocket socket(kContext, peer.url(), "ask", {});
    socket.send_binary(kContext, "question");
    EXPECT_EQ(socket.receive(kContext), "one");
    EXPECT_EQ(socket.receive(kContext), "two");
  }
  EXPECT_THAT(unmasked(peer.heard()), testing::ElementsAre("2:question", "10:hi", "8:"));
  EXPECT_THAT(peer.head(), StartsWith("GET /g?x=1 HTTP/1.1\r\nHost: 127.0.0.1:"));
  EXPECT_THAT(peer.head(), HasSubstr("\r\nSec-WebSocket-Version: 13\r\n"));
}

TEST(WebSocketTest, ASilentServerIsAskedForASignOfLifeAndThenGivenUp) {
  Peer peer("");
  WebSocketOptions options;
  options.client.idle_timeout = std::chrono::milliseconds(40);
  {
    WebSocket socket(kContext, peer.url(), "ask", options);
    EXPECT_EQ(reason_of([&] { socket.receive(kContext); }), "unavailable: no byte came for 0 s");
  }
  EXPECT_THAT(unmasked(peer.heard()), testing::ElementsAre("9:"));
}

TEST(WebSocketTest, TheContextsDeadlineAndCancellationEndAWait) {
  Peer peer("");
  WebSocket socket(kContext, peer.url(), "ask", {});
  EXPECT_THROW(socket.receive(kContext.with_timeout(std::chrono::milliseconds(20))),
               DeadlineExceeded);
  const Context cancelled = kContext.cancellable();
  cancelled.cancel();
  EXPECT_THROW(socket.receive(cancelled), Cancelled);
}

TEST(WebSocketTest, AServersGoodbyeAndItsGoingAreTold) {
  {
    Peer peer(std::string("\x88\x0e\x03\xf1", 4) + "some secrets");
    WebSocket socket(kContext, peer.url(), "ask", {});
    try {
      socket.receive(kContext);
      FAIL() << "heard something";
    } catch (const Unavailable& error) {
      EXPECT_EQ(error.to_string(),
                "ask: the server closed the websocket with the status 1009; let the server take "
                "longer requests (maxContentLength)");
    }
  }
  Peer peer("\x82\x05half", false);
  WebSocket socket(kContext, peer.url(), "ask", {});
  EXPECT_EQ(reason_of([&] { socket.receive(kContext); }),
            "unavailable: the server closed the connection");
}

TEST(WebSocketTest, AMalformedFrameAndATooLongMessageAreErrors) {
  Peer bad("\x82\x81....x");
  WebSocket socket(kContext, bad.url(), "ask", {});
  EXPECT_EQ(reason_of([&] { socket.receive(kContext); }),
            "failed: the server broke the websocket protocol: a masked frame");
  Peer long_one("\x82\x0bhello world");
  WebSocket other(kContext, long_one.url(), "ask", {.longest_message = 10});
  EXPECT_EQ(reason_of([&] { other.receive(kContext); }),
            "failed: the server sent a message of over 10 bytes");
}

std::string reason_of_answer(const std::function<std::string(std::string_view)>& answer) {
  support::ScriptedServer server([&](const support::RecordedRequest& request) {
    return support::ScriptedReply{.bytes = answer(request.head),
                                  .then = support::ScriptedReply::Then::kClose};
  });
  const std::string url = "ws://" + server.place() + "/gremlin";
  std::string reason = reason_of([&] { WebSocket(kContext, url, "ask", {}); });
  const std::size_t at = reason.find(server.place());
  if (at != std::string::npos) reason.replace(at, server.place().size(), "PLACE");
  return reason;
}

TEST(WebSocketTest, OnlyTheRightHandshakeIsTaken) {
  const auto status = [](const char* line) {
    return [line](std::string_view) { return std::string(line) + "\r\nContent-Length: 0\r\n\r\n"; };
  };
  EXPECT_EQ(reason_of_answer(status("HTTP/1.1 404 Not Found")),
            "failed: PLACE gave the status 404 instead of a websocket");
  EXPECT_EQ(reason_of_answer(status("HTTP/1.1 401 Unauthorized")),
            "access_denied: PLACE answered with the status 401");
  EXPECT_EQ(reason_of_answer(status("HTTP/1.1 503 Busy")),
            "unavailable: PLACE answered with the status 503");
  EXPECT_EQ(reason_of_answer(status("SSH-2.0-OpenSSH")),
            "failed: PLACE gave an answer that is not HTTP/1.1");
  EXPECT_EQ(reason_of_answer([](std::string_view) { return std::string(40'000, 'x'); }),
            "failed: PLACE gave an answer without an end");
  EXPECT_EQ(reason_of_answer([](std::string_view) { return std::string("HTTP/1.1 101 S"); }),
            "unavailable: the server closed the connection");
  const std::string wrong = "failed: PLACE gave a handshake that is not a websocket's";
  EXPECT_EQ(reason_of_answer(status("HTTP/1.1 101 Switching Protocols")), wrong);
  EXPECT_EQ(reason_of_answer([](std::string_view) { return welcome("Sec-WebSocket-Key: x\r"); }),
            wrong);
  EXPECT_EQ(reason_of_answer([](std::string_view head) {
              std::string answer = welcome(head);
              return answer.insert(answer.size() - 2, "Sec-WebSocket-Protocol: graphql\r\n");
            }),
            "failed: PLACE gave a websocket of a kind that was not asked for");
}

TEST(WebSocketTest, WhatCannotBeReachedIsUnavailableAndAWrongUrlIsInvalid) {
  const std::string url = "ws://127.0.0.1:" + std::to_string(support::unused_port());
  EXPECT_EQ(reason_of([&] { WebSocket(kContext, url, "ask", {}); }),
            "unavailable: connection refused");
  for (const char* wrong : {"http://127.0.0.1:1/", "ws://user:secret@127.0.0.1:1/", "ws://"}) {
    EXPECT_THAT(reason_of([&] { WebSocket(kContext, wrong, "ask", {}); }),
                StartsWith("invalid_argument: "));
  }
}

}  // namespace
}  // namespace holdfast::http
