// The server under TLS. Waits are for peers and promises, never for a time.
#include "http/server_tls.h"

#include <atomic>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "http/client.h"
#include "http/server_testing.h"
#include "http/tls_testing.h"

namespace holdfast::http {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::StartsWith;

const Context kContext = Context::background();

class ServerTls : public ::testing::Test {
 protected:
  ServerTls() {
    ::signal(SIGPIPE, SIG_IGN);  // raised by the peers' side of OpenSSL
    install(TestIdentity(1));
    options_.tls = TlsFiles{certificate_, key_, Duration::zero()};
  }
  void install(const TestIdentity& identity) {
    write_file_durably(certificate_, identity.certificate_pem());
    write_file_durably(key_, identity.key_pem());
  }
  static std::string url(RunningServer& server) {
    return "https://127.0.0.1:" + std::to_string(server->port());
  }

  TemporaryFolder folder_;
  const std::string certificate_ = folder_.path() / "tls.crt";
  const std::string key_ = folder_.path() / "tls.key";
  ServerOptions options_;
};

// Answers with the body's bytes.
ServerResponse echo(const Context&, ServerRequest& request) {
  return text_response(read_all(*request.body, 64 << 20));
}

std::string pattern(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) out[i] = char('a' + i % 23 + i / 65536 % 3);
  return out;
}

TEST_F(ServerTls, CarriesBodiesOfEverySizeBothWays) {
  RunningServer server(echo, options_);
  Client client({.ca_file = certificate_});
  for (const std::size_t size : {0u, 1u, 16'383u, 16'384u, 16'385u, 5'000'003u}) {
    const std::string body = pattern(size);
    MemorySource source(body);
    auto exchange =
        client.send(kContext, {.method = "PUT", .url = url(server) + "/", .body = &source});
    EXPECT_EQ(read_all(*exchange, 64 << 20), body) << size;
  }
  EXPECT_EQ(server->open_connections(), 1u) << "one handshake for all";
}

TEST_F(ServerTls, SendsFilesAndStreams) {
  const std::string body = pattern(3'000'001);
  write_file_durably(folder_.path() / "file", body);
  const Descriptor file = open_for_reading(folder_.path() / "file");
  RunningServer server(
      [&](const Context&, ServerRequest& request) {
        ServerResponse response;
        const FileRegion region{file.get(), 1, body.size() - 1};
        if (request.target == "/file") {
          response.source = std::make_unique<FileSource>(region, "file");
        } else {
          response.producer = [&](const auto& write) { write(body), write("end"); };
        }
        return response;
      },
      options_);
  Client client({.ca_file = certificate_});
  EXPECT_EQ(read_all(*client.send(kContext, {.url = url(server) + "/file"}), 64 << 20),
            body.substr(1));
  EXPECT_EQ(read_all(*client.send(kContext, {.url = url(server) + "/made"}), 64 << 20),
            body + "end");
}

TEST_F(ServerTls, FindsRequestsThatCameTogether) {
  RunningServer server(hello, options_);
  TlsPeer peer(server->port());
  ASSERT_TRUE(peer.greeted());
  peer.send(get("/1") + get("/2") + "GET /3 HTTP/1.1\r\nHo");
  EXPECT_THAT(peer.read_until("hello"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(peer.read_until("hello"), StartsWith("HTTP/1.1 200 "));
  peer.send("st: h\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(peer.read_to_end(), HasSubstr("hello"));
  EXPECT_TRUE(peer.ended_in_order());
}

TEST_F(ServerTls, TakesAHeadThatFillsManyRecords) {
  RunningServer server(hello, options_);
  TlsPeer peer(server->port());
  for (const char c : get("/")) peer.send({&c, 1});
  EXPECT_THAT(peer.read_until("hello"), StartsWith("HTTP/1.1 200 "));
  peer.send("GET / HTTP/1.1\r\nHost: h\r\nX-Fill: " + std::string(100'000, 'x') + "\r\n\r\n");
  EXPECT_THAT(peer.read_to_end(), StartsWith("HTTP/1.1 431 "));
}

TEST_F(ServerTls, SpeaksOnlyTheNewerVersions) {
  RunningServer server(hello, options_);
  EXPECT_EQ(TlsPeer(server->port()).version(), "TLSv1.3");
  EXPECT_TRUE(TlsPeer(server->port(), TLS1_2_VERSION).greeted());
  EXPECT_FALSE(TlsPeer(server->port(), TLS1_1_VERSION).greeted());
  while (server->failed_handshakes() < 1) std::this_thread::yield();
}

TEST_F(ServerTls, TellsAPlainClientWhatIsWrong) {
  RunningServer server(hello, options_);
  Peer plain(server->port());
  plain.send(get("/"));
  const std::string answer = plain.read_to_end();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(answer, HasSubstr("this port speaks TLS"));
}

TEST_F(ServerTls, CutsHandshakesThatTakeTooLong) {
  options_.head_timeout = milliseconds(50);
  options_.idle_timeout = hours(1);
  RunningServer server(hello, options_);
  Peer silent(server->port());
  EXPECT_EQ(silent.read_to_end(), "");
  // The head of a record for 512 bytes, which then come one by one: never a whole one, never
  // silent.
  Peer dripping(server->port());
  dripping.send(std::string("\x16\x03\x01\x02\x00", 5));
  int sent = 0;
  while (sent < 500 && dripping.send("x")) ++sent, std::this_thread::yield();
  EXPECT_EQ(dripping.read_to_end(), "");
  EXPECT_EQ(server->failed_handshakes(), 2u);
  EXPECT_EQ(server->open_connections(), 0u);
}

TEST_F(ServerTls, AHandshakeThatIsDoneLeavesTimeForTheHead) {
  options_.head_timeout = hours(1);
  options_.idle_timeout = milliseconds(50);
  RunningServer server(hello, options_);
  TlsPeer idle(server->port());
  EXPECT_TRUE(idle.greeted());
  EXPECT_EQ(idle.read_to_end(), "");
  EXPECT_EQ(server->failed_handshakes(), 0u);
}

TEST_F(ServerTls, ShowsTheNewPairWhenTheFilesChange) {
  RunningServer server(hello, options_);
  TlsPeer before(server->port());
  EXPECT_EQ(before.serial(), 1);
  install(TestIdentity(2));
  EXPECT_EQ(TlsPeer(server->port()).serial(), 2);
  before.send(get("/"));
  EXPECT_THAT(before.read_until("hello"), StartsWith("HTTP/1.1 200 ")) << "who is there stays";
}

TEST_F(ServerTls, KeepsTheOldPairWhenTheNewOneIsBad) {
  RunningServer server(hello, options_);
  write_file_durably(certificate_, "no certificate");
  EXPECT_EQ(TlsPeer(server->port()).serial(), 1);
  fs::remove(key_);
  EXPECT_EQ(TlsPeer(server->port()).serial(), 1);
  const TestIdentity next(3);
  write_file_durably(certificate_, next.certificate_pem());
  EXPECT_EQ(TlsPeer(server->port()).serial(), 1) << "half of the pair";
  write_file_durably(key_, next.key_pem());
  EXPECT_EQ(TlsPeer(server->port()).serial(), 3);
}

TEST_F(ServerTls, LogsABadPairOnce) {
  RunningServer server(hello, options_);
  write_file_durably(key_, TestIdentity(2).key_pem());
  testing::internal::CaptureStderr();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(TlsPeer(server->port()).serial(), 1);
  const std::string log = testing::internal::GetCapturedStderr();
  const std::size_t first = log.find("the old certificate stays in use");
  ASSERT_NE(first, std::string::npos) << log;
  EXPECT_EQ(log.find("the old certificate stays in use", first + 1), std::string::npos) << log;
  EXPECT_THAT(log, HasSubstr(key_));
  EXPECT_THAT(log, testing::Not(HasSubstr("PRIVATE")));
}

TEST_F(ServerTls, ServesOnWhileTheFilesChange) {
  RunningServer server(echo, options_);
  std::atomic<bool> enough = false;
  std::atomic<int> answered = 0, wrong = 0;
  std::vector<std::jthread> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back([&] {
      while (!enough) {
        TlsPeer peer(server->port());
        peer.send(
            "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nConnection: close\r\n\r\n12345");
        peer.read_to_end().ends_with("12345") ? ++answered : ++wrong;
      }
    });
  }
  for (long serial = 2; serial < 12; ++serial) {
    install(TestIdentity(serial));
    const int before = answered;
    while (answered < before + 5 && wrong == 0) std::this_thread::yield();
  }
  enough = true;
  clients.clear();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(TlsPeer(server->port()).serial(), 11);
}

TEST_F(ServerTls, StopsInTheMiddleOfHandshakes) {
  RunningServer server(hello, options_);
  Peer silent(server->port());
  Peer begun(server->port());
  begun.send("\x16");
  while (server->open_connections() < 2) std::this_thread::yield();
  server.stop(hours(1));
  EXPECT_EQ(server->open_connections(), 0u);
}

TEST_F(ServerTls, ACutAnswerDoesNotPassForAWholeOne) {
  RunningServer server(
      [](const Context&, ServerRequest&) {
        ServerResponse response;
        response.producer = [](const auto& write) {
          write("some");
          throw Failed("make the answer", "on purpose");
        };
        return response;
      },
      options_);
  TlsPeer peer(server->port());
  peer.send("GET / HTTP/1.0\r\n\r\n");
  peer.read_to_end();
  EXPECT_FALSE(peer.ended_in_order());
}

std::string refusal_of(const TlsFiles& files) {
  try {
    TlsIdentity identity(kContext, files);
  } catch (const InvalidArgument& error) {
    return error.to_string();
  }
  return "taken";
}

TEST_F(ServerTls, RefusesAPairThatCannotBeUsed) {
  EXPECT_EQ(refusal_of({certificate_, key_}), "taken");
  EXPECT_THAT(refusal_of({"/no/such.crt", key_}), HasSubstr("/no/such.crt: No such file"));
  EXPECT_THAT(refusal_of({certificate_, "/no/such.key"}), HasSubstr("/no/such.key"));
  EXPECT_THAT(refusal_of({key_, key_}), HasSubstr("PEM file with the certificate"));
  write_file_durably(key_, TestIdentity(2).key_pem());
  EXPECT_THAT(refusal_of({certificate_, key_}), HasSubstr("the certificate's own key"));
  const TestIdentity locked;
  write_file_durably(certificate_, locked.certificate_pem());
  write_file_durably(key_, locked.key_pem("passphrase"));
  EXPECT_THAT(refusal_of({certificate_, key_}), HasSubstr("without a passphrase"));
}

}  // namespace
}  // namespace holdfast::http
