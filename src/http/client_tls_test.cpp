// The client over TLS, against a server with a certificate that was signed on the spot.
#include <atomic>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "http/client.h"
#include "http/tls_testing.h"
#include "support/loopback.h"

namespace holdfast::http {
namespace {

using testing::HasSubstr;

const Context kContext = Context::background();

// Answers every request of every connection with "sealed".
class TlsServer {
 public:
  TlsServer() : context_(SSL_CTX_new(TLS_server_method())) {
    SSL_CTX_use_certificate(context_, identity_.certificate());
    SSL_CTX_use_PrivateKey(context_, identity_.key());
    thread_ = std::thread([this] { run(); });
  }
  ~TlsServer() {
    ::shutdown(listener_.socket(), SHUT_RDWR);
    thread_.join();
    SSL_CTX_free(context_);
  }
  std::string url() const { return "https://127.0.0.1:" + std::to_string(listener_.port()); }
  std::string certificate() const { return identity_.certificate_pem(); }
  int handshakes() const { return handshakes_; }

 private:
  void run() {
    // OpenSSL writes to clients that have gone.
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    int socket;
    while ((socket = ::accept4(listener_.socket(), nullptr, nullptr, SOCK_CLOEXEC)) >= 0) {
      SSL* session = SSL_new(context_);
      SSL_set_fd(session, socket);
      if (SSL_accept(session) == 1) {
        ++handshakes_;
        char request[4096];
        while (SSL_read(session, request, sizeof request) > 0) {
          constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsealed";
          SSL_write(session, kAnswer.data(), int(kAnswer.size()));
        }
      }
      SSL_free(session);
      ::close(socket);
    }
  }

  TestIdentity identity_;
  SSL_CTX* context_;
  support::Listener listener_;
  std::atomic<int> handshakes_ = 0;
  std::thread thread_;
};

TEST(ClientTlsTest, TrustsTheGivenCaAndKeepsTheConnection) {
  TlsServer server;
  TemporaryFolder folder;
  write_file_durably(folder.path() / "ca.pem", server.certificate());
  {
    Client client({.ca_file = (folder.path() / "ca.pem").string()});
    for (int i = 0; i < 3; ++i) {
      auto exchange = client.send(kContext, {.url = server.url() + "/"});
      EXPECT_EQ(read_all(*exchange, 100), "sealed");
    }
  }
  EXPECT_EQ(server.handshakes(), 1);
}

TEST(ClientTlsTest, AnUnknownCaIsAFailureThatSaysWhatToDo) {
  TlsServer server;
  Client client;
  try {
    client.send(kContext, {.url = server.url() + "/?secret"});
    FAIL() << "an unknown CA was trusted";
  } catch (const Failed& error) {
    EXPECT_THAT(error.reason(), HasSubstr("is not trusted"));
    EXPECT_THAT(error.advice(), HasSubstr("CA's certificate file"));
    EXPECT_THAT(error.to_string(), testing::Not(HasSubstr("secret")));
  }
}

TEST(ClientTlsTest, AMissingCaFileIsAFailureThatSaysWhatToDo) {
  TlsServer server;
  Client client({.ca_file = "/no/such/ca.pem"});
  try {
    client.send(kContext, {.url = server.url() + "/"});
    FAIL() << "connected without the CA file";
  } catch (const Failed& error) {
    EXPECT_THAT(error.reason(), HasSubstr("/no/such/ca.pem"));
  }
}

TEST(ClientTlsTest, VerificationCanBeSwitchedOff) {
  TlsServer server;
  Client client({.verify_tls = false});
  EXPECT_EQ(read_all(*client.send(kContext, {.url = server.url() + "/"}), 100), "sealed");
}

TEST(ClientTlsTest, AServerWithoutTlsIsAFailure) {
  support::Listener plain;
  // Joined on every way out: the client may also throw what this test does not expect.
  std::jthread answering([&] {
    int socket = ::accept4(plain.socket(), nullptr, nullptr, SOCK_CLOEXEC);
    constexpr std::string_view kAnswer = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    char hello[1024];
    ssize_t got = ::recv(socket, hello, sizeof hello, 0);
    ssize_t sent = ::send(socket, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL);
    EXPECT_GT(got, 0);
    EXPECT_GT(sent, 0);
    // A hello that comes in pieces must not meet a closed socket: the reset would drop the answer.
    ::shutdown(socket, SHUT_WR);
    while (::recv(socket, hello, sizeof hello, 0) > 0) {
    }
    ::close(socket);
  });
  Client client;
  try {
    client.send(kContext, {.url = "https://127.0.0.1:" + std::to_string(plain.port()) + "/"});
    ADD_FAILURE() << "spoke TLS with a plain server";
  } catch (const Failed& error) {
    EXPECT_THAT(error.advice(), HasSubstr("speaks TLS"));
  }
}

}  // namespace
}  // namespace holdfast::http
