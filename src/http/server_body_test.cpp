#include "http/server_body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <thread>

#include "base/error.h"
#include "http/server.h"

namespace holdfast::http {
namespace {

using namespace std::string_literals;

// Each reading is `step` later than the one before: waits are long without waiting.
class SteppingClock : public Clock {
 public:
  explicit SteppingClock(Duration step) : step_(step) {}
  WallTime now() const override { return {}; }
  SteadyTime steady() const override { return {time_ += step_}; }
  void wait(std::unique_lock<std::mutex>&, std::condition_variable&, SteadyTime) override {}

 private:
  const Duration step_;
  mutable Duration time_{0};
};

// The server's side of a connection, and the client's.
struct Wire {
  Wire() {
    int both[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both) != 0)
      ADD_FAILURE() << "no socket pair";
    client = Descriptor(both[0]);
    socket.emplace(Descriptor(both[1]));
  }
  void send(std::string_view bytes) {
    EXPECT_EQ(::send(client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              ssize_t(bytes.size()));
  }
  void end() { client.close(); }
  std::string received() {
    char bytes[256];
    const ssize_t count = ::recv(client.get(), bytes, sizeof bytes, MSG_DONTWAIT);
    return {bytes, std::size_t(std::max<ssize_t>(count, 0))};
  }

  Descriptor client;
  std::optional<Socket> socket;
  Input input;
};

Pace patient() { return Pace(system_clock(), std::chrono::seconds(60), 1); }

RequestHead sized(std::uint64_t length) {
  RequestHead head;
  head.content_length = length;
  return head;
}

RequestHead chunked() {
  RequestHead head;
  head.chunked = true;
  return head;
}

std::string code_of(RequestBody& body) {
  try {
    read_all(body, 1 << 20);
    return "none";
  } catch (const Error& error) {
    return error.code();
  }
}

std::string code_of_chunked(std::string_view bytes) {
  Wire wire;
  wire.send(bytes);
  wire.end();
  RequestBody body(chunked(), *wire.socket, wire.input, patient());
  return code_of(body);
}

TEST(RequestBody, IsEmptyWithoutFraming) {
  Wire wire;
  RequestBody body(RequestHead(), *wire.socket, wire.input, patient());
  EXPECT_EQ(body.size(), 0u);
  EXPECT_TRUE(body.finished());
  EXPECT_EQ(read_all(body, 10), "");
}

TEST(RequestBody, ReadsWhatCameWithTheHeadAndThenTheSocket) {
  Wire wire;
  wire.input.append("abc");
  wire.send("defgh");
  RequestBody body(sized(6), *wire.socket, wire.input, patient());
  EXPECT_EQ(body.size(), 6u);
  EXPECT_EQ(read_all(body, 100), "abcdef");
  EXPECT_TRUE(body.finished());
  EXPECT_EQ(body.delivered(), 6u);
  EXPECT_EQ(wire.input.view(), "");
  char rest[8];
  EXPECT_EQ(wire.socket->receive_now(rest).count, 2u)
      << "what follows the body stays in the socket";
}

TEST(RequestBody, LeavesTheNextRequestInTheInput) {
  Wire wire;
  wire.input.append("abcGET /");
  RequestBody body(sized(3), *wire.socket, wire.input, patient());
  EXPECT_EQ(read_all(body, 100), "abc");
  EXPECT_EQ(wire.input.view(), "GET /");
}

TEST(RequestBody, SaysThatItIsIncomplete) {
  Wire wire;
  wire.send("abc");
  wire.end();
  RequestBody body(sized(4), *wire.socket, wire.input, patient());
  EXPECT_EQ(code_of(body), kIncompleteBody);
  EXPECT_EQ(code_of(body), kIncompleteBody) << "a failed body stays failed";
  EXPECT_TRUE(body.failed());
  EXPECT_FALSE(body.worth_draining());
}

TEST(RequestBody, ReadsChunksHoweverTheyAreCut) {
  const std::string coded =
      "5\r\nhello\r\n1;name=\"v\"\r\n,\r\n00A\r\n 123456789\r\n0\r\nX-T: 1\r\nY: 2\r\n\r\nNEXT";
  for (std::size_t cut = 0; cut <= coded.size(); ++cut) {
    Wire wire;
    wire.input.append(coded.substr(0, cut));
    if (cut < coded.size()) wire.send(coded.substr(cut));
    RequestBody body(chunked(), *wire.socket, wire.input, patient());
    EXPECT_EQ(body.size(), std::nullopt);
    EXPECT_EQ(read_all(body, 100), "hello, 123456789") << cut;
    EXPECT_TRUE(body.finished());
    char rest[16];
    const std::size_t left = wire.socket->receive_now(rest).count;
    EXPECT_EQ(std::string(wire.input.view()) + std::string(rest, left), "NEXT") << cut;
  }
}

TEST(RequestBody, ReadsLargeChunksStraightFromTheSocket) {
  Wire wire;
  const std::string data(100'000, 'x');
  std::jthread sender([&] { wire.send("186a0\r\n" + data + "\r\n0\r\n\r\n"); });
  RequestBody body(chunked(), *wire.socket, wire.input, patient());
  EXPECT_EQ(read_all(body, 1 << 20), data);
  sender.join();
}

TEST(RequestBody, RefusesBrokenChunks) {
  for (const std::string& coded : {"\r\n"s,
                                   "x\r\n"s,
                                   "-1\r\nabc"s,
                                   "+3\r\nabc\r\n0\r\n\r\n"s,
                                   "0x3\r\nabc\r\n0\r\n\r\n"s,
                                   " 3\r\nabc\r\n0\r\n\r\n"s,
                                   "3 \r\nabc\r\n0\r\n\r\n"s,
                                   "3\nabc\r\n0\r\n\r\n"s,
                                   "3\r\nabcd\r\n0\r\n\r\n"s,
                                   "3\r\nabc\n0\r\n\r\n"s,
                                   "3\r\nabc0\r\n\r\n"s,
                                   "3;a\rb\r\nabc\r\n0\r\n\r\n"s,
                                   "3;"s + '\0' + "\r\nabc\r\n0\r\n\r\n",
                                   "1000000000000000\r\n"s,
                                   "10000000000000003\r\nabc\r\n0\r\n\r\n"s,
                                   "0\r\nA: b\n\r\n"s,
                                   "3;" + std::string(2000, 'e') + "\r\nabc\r\n0\r\n\r\n",
                                   std::string(2000, '0'),
                                   "0\r\n" + std::string(9000, 't') + "\r\n\r\n",
                                   "0\r\nA: " + std::string(9000, 't')}) {
    EXPECT_EQ(code_of_chunked(coded), kMalformedChunk) << coded.substr(0, 40);
  }
}

TEST(RequestBody, BoundsAllTrailersTogether) {
  std::string trailers;
  for (int i = 0; i < 400; ++i) trailers += "A: 01234567890123456789\r\n";
  EXPECT_EQ(code_of_chunked("0\r\n" + trailers + "\r\n"), kMalformedChunk);
}

TEST(RequestBody, SaysWhereverChunksEndEarly) {
  const std::string coded = "3\r\nabc\r\n0\r\nA: b\r\n\r\n";
  for (std::size_t cut = 0; cut < coded.size(); ++cut) {
    EXPECT_EQ(code_of_chunked(coded.substr(0, cut)), kIncompleteBody) << cut;
  }
  EXPECT_EQ(code_of_chunked(coded), "none");
}

TEST(RequestBody, SendsContinueOnceAndBeforeItWaits) {
  Wire wire;
  RequestHead head = sized(4);
  head.expect_continue = true;
  RequestBody body(head, *wire.socket, wire.input, patient());
  EXPECT_FALSE(body.worth_draining()) << "the client may never send it";
  EXPECT_EQ(wire.received(), "");
  std::jthread client([&] {
    pollfd ready{wire.client.get(), POLLIN, 0};
    ::poll(&ready, 1, 60'000);
    EXPECT_EQ(wire.received(), "HTTP/1.1 100 Continue\r\n\r\n");
    wire.send("ab");
    wire.send("cd");
  });
  EXPECT_EQ(read_all(body, 10), "abcd");
  client.join();
  EXPECT_EQ(wire.received(), "");
}

TEST(RequestBody, SendsNoContinueToAClientThatDidNotWait) {
  Wire wire;
  RequestHead head = sized(2);
  head.expect_continue = true;
  wire.input.append("ab");
  RequestBody body(head, *wire.socket, wire.input, patient());
  EXPECT_EQ(read_all(body, 10), "ab");
  EXPECT_EQ(wire.received(), "");
}

TEST(RequestBody, DrainsWhatIsThereWithoutWaiting) {
  Wire wire;
  wire.input.append("ab");
  wire.send("cd");
  RequestBody body(sized(4), *wire.socket, wire.input, patient());
  EXPECT_TRUE(body.drain(100));
  RequestBody unsent(sized(4), *wire.socket, wire.input, patient());
  EXPECT_FALSE(unsent.drain(100));
  RequestBody large(sized(1 << 20), *wire.socket, wire.input, patient());
  EXPECT_FALSE(large.worth_draining());
  EXPECT_FALSE(large.drain(1 << 20));
}

TEST(RequestBody, DrainsNoMoreThanItMay) {
  Wire wire;
  std::string coded;
  for (int i = 0; i < 20; ++i) coded += "1000\r\n" + std::string(4096, 'x') + "\r\n";
  wire.input.append(coded + "0\r\n\r\n");
  RequestBody body(chunked(), *wire.socket, wire.input, patient());
  EXPECT_FALSE(body.drain(8192));
  EXPECT_FALSE(body.finished());
}

TEST(RequestBody, GivesUpOnAStalledPeer) {
  Wire wire;
  wire.send("ab");
  RequestBody body(sized(4), *wire.socket, wire.input,
                   Pace(system_clock(), std::chrono::milliseconds(20), 0));
  EXPECT_EQ(code_of(body), kRequestTimeout);
}

TEST(Pace, MeasuresTheRateOverWaitingTimeOnly) {
  Wire wire;
  wire.send("x");  // always ready to be read
  const SteppingClock clock(std::chrono::seconds(1));
  Pace slow(clock, std::chrono::seconds(10), 100);
  int waits = 0;
  EXPECT_THROW(
      {
        for (; waits < 100; ++waits) {
          slow.wait(wire.socket->descriptor(), POLLIN);
          slow.moved(99);
        }
      },
      DeadlineExceeded);
  EXPECT_EQ(waits, 9) << "ten waits of a second are the first whole stretch";
  Pace quick(clock, std::chrono::seconds(10), 100);
  for (int i = 0; i < 100; ++i) {
    quick.moved(112);  // nine of them come before the end of the first stretch
    quick.wait(wire.socket->descriptor(), POLLIN);
  }
}

TEST(Pace, GivesWayToWhoWaitsWhenSlow) {
  Wire wire;
  wire.send("x");
  const SteppingClock clock(std::chrono::seconds(1));
  Crowd crowd{1000, std::chrono::seconds(5)};
  const auto waits_of = [&](std::size_t bytes_a_wait) {
    Pace pace(clock, std::chrono::seconds(100), 0, &crowd);
    for (int waits = 0; waits < 50; ++waits) {
      try {
        pace.wait(wire.socket->descriptor(), POLLIN);
      } catch (const DeadlineExceeded& error) {
        EXPECT_EQ(error.code(), kRequestTimeout);
        return waits;
      }
      pace.moved(bytes_a_wait);
    }
    return 50;
  };
  EXPECT_EQ(waits_of(10), 50) << "nobody waits";
  crowd.wanted = 1;
  EXPECT_EQ(waits_of(2000), 50) << "quick enough";
  EXPECT_EQ(crowd.wanted, 1u);
  EXPECT_EQ(waits_of(10), 4) << "five waits of a second are enough to judge by";
  EXPECT_EQ(waits_of(10), 50) << "one was wanted";
}

TEST(Pace, LetsTimePassBetweenWaits) {
  Wire wire;
  wire.send("x");
  FakeClock clock{WallTime()};
  Pace pace(clock, std::chrono::seconds(10), 1'000'000);
  for (int i = 0; i < 100; ++i) {
    clock.advance(std::chrono::hours(1));  // our own slowness
    EXPECT_NO_THROW(pace.wait(wire.socket->descriptor(), POLLIN));
  }
}

TEST(Socket, CountsWhatWasSentOfAFile) {
  Wire wire;
  const fs::path path = fs::path(testing::TempDir()) / "server_body_test.region";
  {
    write_file_durably(path, "0123456789");
  }
  const Descriptor file = open_for_reading(path);
  Pace pace = patient();
  std::uint64_t sent = 0;
  wire.socket->send_file({file.get(), 2, 5}, pace, sent);
  EXPECT_EQ(sent, 5u);
  EXPECT_EQ(wire.received(), "23456");
  EXPECT_THROW(wire.socket->send_file({file.get(), 8, 5}, pace, sent), Corrupt);
  EXPECT_EQ(sent, 7u);
  remove_file(path);
}

TEST(Socket, SendsPiecesInOrderAndSkipsEmptyOnes) {
  Wire wire;
  Pace pace = patient();
  std::string a = "a", b, c = "cc";
  std::array<iovec, 4> pieces = {iovec{b.data(), 0}, iovec{a.data(), 1}, iovec{b.data(), 0},
                                 iovec{c.data(), 2}};
  wire.socket->send(pieces, pace);
  EXPECT_EQ(wire.received(), "acc");
  wire.end();
  EXPECT_THROW(wire.socket->send("x", pace), Unavailable);
}

TEST(Input, KeepsWhatIsNotConsumed) {
  Input input;
  input.append("abc");
  input.consume(1);
  input.append("d");
  EXPECT_EQ(input.view(), "bcd");
  input.consume(3);
  EXPECT_TRUE(input.empty());
  input.release();
  input.append("e");
  EXPECT_EQ(input.view(), "e");
}

}  // namespace
}  // namespace holdfast::http
