#include "http/server.h"

#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <vector>

#include "base/error.h"
#include "http/server_testing.h"

namespace holdfast::http {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// Answers with what it was asked: method, target and body.
ServerResponse echo(const Context&, ServerRequest& request) {
  return text_response(request.method + " " + request.target + " " +
                       read_all(*request.body, 1 << 20));
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
  EXPECT_THAT(head, EndsWith(" GMT\r\nETag: \"e\"\r\nContent-Length: 5\r\n\r\n"));
  EXPECT_EQ(peer.read_exactly(5), "hello");
}

TEST(Server, GivesTheHandlerWhatWasAsked) {
  std::promise<std::string> seen;
  RunningServer server([&](const Context&, ServerRequest& request) {
    seen.set_value(request.method + " " + request.target + " " +
                   std::string(request.header("X-A").value_or("-")) + " " +
                   std::string(request.header("x-none").value_or("-")) + " " +
                   std::to_string(request.content_length.value_or(99)) + " " + request.peer);
    return text_response(read_all(*request.body, 100));
  });
  Peer peer(server->port());
  peer.send(
      "PUT /a%20b?x=1 HTTP/1.1\r\nHost: h\r\nx-a:  first \r\nX-A: second\r\nContent-Length: "
      "4\r\n\r\nbody");
  EXPECT_THAT(peer.read_until("body"), EndsWith("\r\n\r\nbody"));
  EXPECT_THAT(seen.get_future().get(), StartsWith("PUT /a%20b?x=1 first - 4 127.0.0.1:"));
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

TEST(Server, ServesAClientThatAsksAgainWithoutParkingItsConnection) {
  ServerOptions options;
  options.await_next = std::chrono::minutes(5);
  RunningServer server(hello, options);
  Peer peer(server->port());
  for (int i = 0; i < 20; ++i) {
    peer.send(get("/"));
    peer.read_until("hello");
  }
  EXPECT_EQ(server->parked(), 0u);
  // Whom a worker waits for is cut like one that is parked.
  server.stop(std::chrono::minutes(5));
  EXPECT_TRUE(peer.ends());
}

TEST(Server, WaitsForNextRequestsOnlyWhereItIsTold) {
  ServerOptions options;
  options.await_next = std::chrono::milliseconds(0);
  RunningServer server(hello, options);
  Peer peer(server->port());
  for (std::uint64_t i = 1; i <= 20; ++i) {
    peer.send(get("/"));
    peer.read_until("hello");
    while (server->parked() < i) std::this_thread::yield();
    EXPECT_EQ(server->parked(), i);
  }
}

TEST(Server, KeepsMostWorkersFreeOfWaitingForNextRequests) {
  ServerOptions options;
  options.await_next = std::chrono::minutes(5);
  options.max_workers = 4;
  RunningServer server(hello, options);
  std::vector<std::unique_ptr<Peer>> peers;
  for (int i = 0; i < 10; ++i) peers.push_back(std::make_unique<Peer>(server->port()));
  for (int round = 0; round < 3; ++round) {
    for (auto& peer : peers) {
      peer->send(get("/"));
      EXPECT_NE(peer->read_until("hello"), "");
    }
  }
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

TEST(Server, LetsPipeliningClientsTakeTurnsWithOthers) {
  // One worker: without turns the second client would be served last.
  ServerOptions options;
  options.max_workers = 1;
  std::promise<void> both_sent;
  std::shared_future<void> go = both_sent.get_future().share();
  std::vector<std::string> order;  // of one thread
  RunningServer server(
      [&](const Context&, ServerRequest& request) {
        order.push_back(request.target);
        if (request.target == "/a0") go.wait();
        return text_response("ok.");
      },
      options);
  Peer a(server->port()), b(server->port());
  a.send(get("/a0") + get("/a1") + get("/a2") + get("/a3"));
  b.send(get("/b"));
  while (server->queued_requests() < 1) std::this_thread::yield();
  both_sent.set_value();
  for (int i = 0; i < 4; ++i) a.read_until("ok.");
  b.read_until("ok.");
  server.stop();
  EXPECT_THAT(order, testing::ElementsAre("/a0", "/b", "/a1", "/a2", "/a3"));
}

TEST(Server, TakesARequestByteByByte) {
  RunningServer server(echo);
  Peer peer(server->port());
  for (char c : std::string("\r\nPUT /k HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
                            "chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n")) {
    ASSERT_TRUE(peer.send({&c, 1}));
  }
  EXPECT_THAT(peer.read_until(" ab"), EndsWith("\r\n\r\nPUT /k ab"));
}

TEST(Server, KeepsOrEndsTheConnectionAsTheClientAndTheHandlerSay) {
  RunningServer server([](const Context&, ServerRequest& request) {
    ServerResponse response = text_response("x");
    response.close = request.target == "/close";
    return response;
  });
  const auto answer = [&](const std::string& text) {
    Peer peer(server->port());
    peer.send(text);
    const std::string head = peer.read_head();
    EXPECT_EQ(peer.read_exactly(1), "x");
    if (head.find("Connection: close\r\n") != std::string::npos) {
      EXPECT_TRUE(peer.ends());
      return std::string("ended");
    }
    peer.send(get("/close"));
    EXPECT_THAT(peer.read_to_end(), StartsWith("HTTP/1.1 200 OK\r\n"));
    return head.find("Connection: keep-alive\r\n") == std::string::npos ? std::string("kept")
                                                                        : std::string("kept, said");
  };
  EXPECT_EQ(answer(get("/")), "kept");
  EXPECT_EQ(answer(get("/close")), "ended");
  EXPECT_EQ(answer("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"), "ended");
  EXPECT_EQ(answer("GET / HTTP/1.0\r\n\r\n"), "ended");
  EXPECT_EQ(answer("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), "kept, said");
}

TEST(Server, AnswersAClientThatHasEndedItsSide) {
  RunningServer server(echo);
  Peer peer(server->port());
  peer.send("PUT /half HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab" + get("/second"));
  peer.finish_sending();
  const std::string all = peer.read_to_end();
  EXPECT_THAT(all, HasSubstr("PUT /half ab"));
  EXPECT_THAT(all, EndsWith("GET /second "));
}

TEST(Server, RunsRequestsAtTheSameTime) {
  std::atomic<int> inside{0};
  std::promise<void> all_inside;
  std::shared_future<void> go = all_inside.get_future().share();
  RunningServer server([&](const Context&, ServerRequest&) {
    if (++inside == 20) all_inside.set_value();
    go.wait();
    return text_response("ok.");
  });
  std::vector<std::unique_ptr<Peer>> peers;
  for (int i = 0; i < 20; ++i) {
    peers.push_back(std::make_unique<Peer>(server->port()));
    peers.back()->send(get("/"));
  }
  for (auto& peer : peers) EXPECT_THAT(peer->read_until("ok."), EndsWith("ok."));
}

TEST(Server, TurnsWhatAHandlerThrowsIntoAnAnswer) {
  RunningServer server([](const Context&, ServerRequest& request) -> ServerResponse {
    if (request.target == "/odd") throw std::runtime_error("secret detail");
    if (request.target == "/body") read_all(*request.body, 100);
    throw Failed("get", "secret detail");
  });
  const auto answer = [&](const std::string& text) {
    Peer peer(server->port());
    peer.send(text);
    return peer.read_to_end();
  };
  for (const char* target : {"/odd", "/error"}) {
    const std::string all = answer(get(target));
    EXPECT_THAT(all, StartsWith("HTTP/1.1 500 Internal Server Error\r\n"));
    EXPECT_THAT(all, HasSubstr("Connection: close\r\n"));
    EXPECT_THAT(all, Not(HasSubstr("secret")));
  }
  EXPECT_THAT(answer("PUT /body HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
              StartsWith("HTTP/1.1 400 Bad Request\r\n"));
}

TEST(Server, RefusesMalformedRequestsBeforeTheHandler) {
  bool handled = false;
  RunningServer server([&](const Context&, ServerRequest&) {
    handled = true;
    return text_response("handled");
  });
  const auto status_of = [&](const std::string& text) {
    Peer peer(server->port());
    peer.send(text);
    const std::string all = peer.read_to_end();
    EXPECT_THAT(all, HasSubstr("Connection: close\r\n")) << text;
    return all.substr(0, 12);
  };
  EXPECT_EQ(status_of("GET / HTTP/1.1\nHost: h\n\n"), "HTTP/1.1 400");
  EXPECT_EQ(status_of("\x16\x03\x01\x02"), "HTTP/1.1 400");
  EXPECT_EQ(
      status_of(
          "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n" +
          get("/x")),
      "HTTP/1.1 400");
  EXPECT_EQ(status_of("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n"),
            "HTTP/1.1 501");
  EXPECT_EQ(status_of("GET / HTTP/3.0\r\nHost: h\r\n\r\n"), "HTTP/1.1 505");
  server.stop();
  EXPECT_FALSE(handled);
}

TEST(Server, RefusesAMalformedRequestBehindAGoodOne) {
  RunningServer server(echo);
  Peer peer(server->port());
  peer.send(get("/good") + "GET /bad HTTP/1.1\nHost: h\n\n");
  EXPECT_THAT(peer.read_until("GET /good "), StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(peer.read_to_end(), StartsWith("HTTP/1.1 400 Bad Request\r\n"));
}

TEST(Server, LetsItsOwnerWriteTheRefusals) {
  ServerOptions options;
  options.refusal = [](int status, std::string_view why) {
    if (status == 505) throw Failed("make a refusal", "on purpose");
    ServerResponse response;
    response.headers = {{"Content-Type", "application/xml"}};
    response.text = "<" + std::to_string(status) + " " + std::string(why) + ">";
    return response;
  };
  RunningServer server(
      [](const Context&, ServerRequest&) -> ServerResponse { throw Failed("get", "x"); }, options);
  const auto answer = [&](const std::string& text) {
    Peer peer(server->port());
    peer.send(text);
    return peer.read_to_end();
  };
  const std::string all = answer("GET / HTTP/1.1\r\n\r\n");
  EXPECT_THAT(all, HasSubstr("Content-Type: application/xml\r\n"));
  EXPECT_THAT(all, EndsWith("\r\n\r\n<400 no Host>"));
  EXPECT_THAT(answer(get("/")), EndsWith("\r\n\r\n<500 the server failed>"));
  EXPECT_THAT(answer("GET / HTTP/1.2\r\nHost: h\r\n\r\n"), StartsWith("HTTP/1.1 505 "))
      << "its own plain text then";
}

TEST(Server, RecordsWhatWasDone) {
  std::promise<std::string> line;
  RunningServer server(
      [](const Context&, ServerRequest& request) {
        return text_response(read_all(*request.body, 100) + "!", 404);
      },
      {},
      [&](const AccessRecord& record) {
        line.set_value(record.request.method + " " + record.request.target + " " +
                       std::to_string(record.status) + " in " + std::to_string(record.bytes_in) +
                       " out " + std::to_string(record.bytes_out) +
                       (record.complete ? " complete" : " cut") +
                       (record.time > Duration::zero() ? "" : " no time"));
      });
  Peer peer(server->port());
  peer.send("PUT /k HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody");
  EXPECT_EQ(line.get_future().get(), "PUT /k 404 in 4 out 5 complete");
}

TEST(Server, SaysWhyItCannotListen) {
  Server first(Context::background(), {}, echo);
  ServerOptions options;
  options.port = first.port();
  EXPECT_THROW(Server(Context::background(), options, echo), Refused);
  options.host = "192.0.2.1";  // reserved for documentation: not this machine's
  EXPECT_THROW(Server(Context::background(), options, echo), Failed);
  options.host = "no such host";
  EXPECT_THROW(Server(Context::background(), options, echo), Failed);
}

TEST(Server, ListensOnTheAddressesThatItIsGiven) {
  for (const char* host : {"", "0.0.0.0", "127.0.0.1"}) {
    ServerOptions options;
    options.host = host;
    RunningServer server(echo, options);
    Peer peer(server->port());
    peer.send(get("/here"));
    EXPECT_THAT(peer.read_until("GET /here "), StartsWith("HTTP/1.1 200 OK\r\n")) << host;
  }
}

TEST(Server, TakesBracketsForNoPartOfTheName) {
  ServerOptions options;
  options.host = "[127.0.0.1]";
  RunningServer server(echo, options);
  Peer peer(server->port());
  peer.send(get("/here"));
  EXPECT_THAT(peer.read_until("GET /here "), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST(Server, CanListenAgainAtOnce) {
  ServerOptions options;
  {
    RunningServer server(echo);
    options.port = server->port();
    Peer peer(server->port());
    peer.send(get("/"));
    peer.read_until("GET / ");
    server.stop();  // the server ends first, so that its side waits in TIME_WAIT
    EXPECT_TRUE(peer.ends());
  }
  RunningServer again(echo, options);
  EXPECT_EQ(again->port(), options.port);
}

}  // namespace
}  // namespace holdfast::http
