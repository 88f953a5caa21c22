#include "http/server_reply.h"

#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

#include "base/error.h"
#include "http/server_testing.h"

namespace holdfast::http {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// `total` letters in pieces of at most `piece`, with what can go wrong on the way.
class LetterSource : public Source {
 public:
  LetterSource(std::uint64_t total, std::size_t piece) : total_(total), piece_(piece) {}
  std::size_t read(std::span<char> into) override {
    if (given_ >= fail_at_) throw Corrupt("read", "broken on purpose");
    const auto count = std::size_t(std::min<std::uint64_t>({into.size(), piece_, total_ - given_}));
    for (std::size_t i = 0; i < count; ++i) into[i] = char('a' + (given_ + i) % 26);
    given_ += count;
    return count;
  }
  std::optional<std::uint64_t> size() const override { return announced_; }

  std::uint64_t fail_at_ = std::uint64_t(-1);  // at the end too: the check of a whole stream
  std::optional<std::uint64_t> announced_;

 private:
  const std::uint64_t total_;
  const std::size_t piece_;
  std::uint64_t given_ = 0;
};

std::string letters(std::size_t count) {
  std::string out(count, ' ');
  for (std::size_t i = 0; i < count; ++i) out[i] = char('a' + i % 26);
  return out;
}

// A file that goes when its source does.
class OwnedFileSource : public Source {
 public:
  OwnedFileSource(const std::string& content, std::uint64_t offset, std::uint64_t length)
      : path_(fs::path(testing::TempDir()) / "server_reply_test.file") {
    remove_file_if_there(path_);
    write_file_durably(path_, content);
    file_ = open_for_reading(path_);
    region_ = {file_.get(), offset, length};
  }
  ~OwnedFileSource() override { remove_file_if_there(path_); }
  std::size_t read(std::span<char>) override { throw Failed("read", "the region should be used"); }
  std::optional<FileRegion> file_region() override { return region_; }

 private:
  fs::path path_;
  Descriptor file_;
  FileRegion region_;
};

ServerResponse with_source(std::unique_ptr<Source> source) {
  ServerResponse response;
  response.source = std::move(source);
  return response;
}

// What a client reads when the handler answers so, and whether the server thought it complete.
struct Exchanged {
  std::string all;
  bool reset = false;
  bool complete = false;
  int status = 0;
  std::uint64_t bytes_out = 0;
};

Exchanged exchange(
    std::function<ServerResponse()> answer,
    const std::string& request = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n") {
  Exchanged out;
  std::promise<void> recorded;
  RunningServer server([&](const Context&, ServerRequest&) { return answer(); }, {},
                       [&](const AccessRecord& record) {
                         out.complete = record.complete;
                         out.status = record.status;
                         out.bytes_out = record.bytes_out;
                         recorded.set_value();
                       });
  Peer peer(server->port());
  peer.send(request);
  out.all = peer.read_to_end();
  out.reset = peer.is_reset();
  recorded.get_future().wait();
  return out;
}

std::string body_of(const std::string& all) { return all.substr(all.find("\r\n\r\n") + 4); }

TEST(Reply, SendsASourceOfKnownSizeWithItsLength) {
  const Exchanged got = exchange([] {
    auto source = std::make_unique<LetterSource>(300'000, 7'777);
    source->announced_ = 300'000;
    return with_source(std::move(source));
  });
  EXPECT_THAT(got.all.substr(0, 200), HasSubstr("Content-Length: 300000\r\n"));
  EXPECT_EQ(body_of(got.all), letters(300'000));
  EXPECT_TRUE(got.complete);
  EXPECT_EQ(got.bytes_out, 300'000u);
}

TEST(Reply, SendsAnEmptySource) {
  const Exchanged got = exchange([] {
    auto source = std::make_unique<LetterSource>(0, 1);
    source->announced_ = 0;
    return with_source(std::move(source));
  });
  EXPECT_THAT(got.all, HasSubstr("Content-Length: 0\r\n"));
  EXPECT_EQ(body_of(got.all), "");
}

TEST(Reply, SendsASourceOfUnknownSizeInChunks) {
  const Exchanged got =
      exchange([] { return with_source(std::make_unique<LetterSource>(30, 20)); });
  EXPECT_THAT(got.all, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_THAT(got.all, Not(HasSubstr("Content-Length")));
  EXPECT_EQ(body_of(got.all),
            "14\r\n" + letters(20) + "\r\na\r\n" + letters(30).substr(20) + "\r\n0\r\n\r\n");
  EXPECT_EQ(got.bytes_out, 30u);
  EXPECT_EQ(
      body_of(exchange([] { return with_source(std::make_unique<LetterSource>(0, 20)); }).all),
      "0\r\n\r\n");
}

TEST(Reply, EndsAnOldClientsBodyOfUnknownSizeWithTheConnection) {
  const Exchanged got = exchange([] { return with_source(std::make_unique<LetterSource>(30, 20)); },
                                 "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_THAT(got.all, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(got.all, Not(HasSubstr("chunked")));
  EXPECT_EQ(body_of(got.all), letters(30));
}

TEST(Reply, TurnsAFailureBeforeTheFirstByteIntoA500) {
  const Exchanged got = exchange([] {
    auto source = std::make_unique<LetterSource>(30, 20);
    source->announced_ = 30;
    source->fail_at_ = 0;
    return with_source(std::move(source));
  });
  EXPECT_THAT(got.all, StartsWith("HTTP/1.1 500 "));
  EXPECT_EQ(got.status, 500);
  EXPECT_FALSE(got.complete);
}

TEST(Reply, CutsTheConnectionWhenASourceFailsMidway) {
  for (const std::optional<std::uint64_t> announced :
       {std::optional<std::uint64_t>(30), std::optional<std::uint64_t>()}) {
    const Exchanged got = exchange([&] {
      auto source = std::make_unique<LetterSource>(30, 20);
      source->announced_ = announced;
      source->fail_at_ = 20;
      return with_source(std::move(source));
    });
    EXPECT_TRUE(got.reset);
    EXPECT_FALSE(got.complete);
    EXPECT_THAT(got.all, Not(EndsWith("0\r\n\r\n")));
  }
}

// The check over a whole stream comes with its end: its failure must not leave a complete body with
// the client.
TEST(Reply, HoldsBackTheLastBytesUntilTheSourceHasEnded) {
  const Exchanged got = exchange([] {
    auto source = std::make_unique<LetterSource>(40, 20);
    source->announced_ = 40;
    source->fail_at_ = 40;
    return with_source(std::move(source));
  });
  EXPECT_TRUE(got.reset);
  EXPECT_LE(got.bytes_out, 20u);
}

TEST(Reply, NeverSendsMoreOrLessThanWasAnnounced) {
  for (const std::uint64_t announced : {10u, 20u, 29u, 31u, 40u}) {
    const Exchanged got = exchange([&] {
      auto source = std::make_unique<LetterSource>(30, 20);
      source->announced_ = announced;
      return with_source(std::move(source));
    });
    EXPECT_FALSE(got.complete) << announced;
    EXPECT_LT(got.bytes_out, announced) << announced;
  }
  const Exchanged none = exchange([] {
    auto source = std::make_unique<LetterSource>(0, 1);
    source->announced_ = 10;
    return with_source(std::move(source));
  });
  EXPECT_EQ(none.status, 500);
}

TEST(Reply, SendsRegionsOfFilesOfAnySize) {
  const std::string content = letters(3'000'000);
  for (const std::uint64_t length : {0u, 1u, 4096u, 16384u, 16385u, 2'900'000u}) {
    const Exchanged got = exchange(
        [&] { return with_source(std::make_unique<OwnedFileSource>(content, 5, length)); });
    EXPECT_THAT(got.all.substr(0, 200),
                HasSubstr("Content-Length: " + std::to_string(length) + "\r\n"));
    EXPECT_TRUE(body_of(got.all) == content.substr(5, length)) << length;
    EXPECT_TRUE(got.complete);
    EXPECT_EQ(got.bytes_out, length);
  }
}

TEST(Reply, NoticesAFileThatIsShorterThanItsRegion) {
  const Exchanged small =
      exchange([] { return with_source(std::make_unique<OwnedFileSource>("abc", 0, 4)); });
  EXPECT_THAT(small.all, StartsWith("HTTP/1.1 500 "));
  const Exchanged large = exchange(
      [] { return with_source(std::make_unique<OwnedFileSource>(letters(50'000), 0, 60'000)); });
  EXPECT_TRUE(large.reset);
  EXPECT_FALSE(large.complete);
}

TEST(Reply, SendsNoBodyToHead) {
  const std::string head = "HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
  const auto answer = [&](std::function<ServerResponse()> make) {
    const Exchanged got = exchange(std::move(make), head);
    EXPECT_EQ(body_of(got.all), "");
    return got.all;
  };
  EXPECT_THAT(answer([] { return text_response("hello"); }), HasSubstr("Content-Length: 5\r\n"));
  EXPECT_THAT(answer([] {
                ServerResponse response;
                response.head_only = true;
                response.length = 5'000'000'000;
                return response;
              }),
              HasSubstr("Content-Length: 5000000000\r\n"));
  EXPECT_THAT(answer([] {
                auto source = std::make_unique<LetterSource>(30, 20);
                source->announced_ = 30;
                return with_source(std::move(source));
              }),
              HasSubstr("Content-Length: 30\r\n"));
  EXPECT_THAT(answer([] { return with_source(std::make_unique<LetterSource>(30, 20)); }),
              Not(HasSubstr("Content-Length")));
}

TEST(Reply, SendsNoBodyWhereTheStatusForbidsIt) {
  const auto all_of = [](int status) {
    return exchange([=] { return text_response("body", status); }).all;
  };
  EXPECT_THAT(all_of(204), StartsWith("HTTP/1.1 204 No Content\r\n"));
  EXPECT_THAT(all_of(204), Not(HasSubstr("Content-Length")));
  EXPECT_THAT(all_of(304), EndsWith("Content-Length: 4\r\nConnection: close\r\n\r\n"));
}

TEST(Reply, AnnouncesNoLengthThatNobodySends) {
  const Exchanged got = exchange([] {
    ServerResponse response;
    response.head_only = true;
    response.length = 10;
    return response;
  });
  EXPECT_THAT(got.all, HasSubstr("Content-Length: 0\r\n")) << "a GET that is answered like a HEAD";
}

TEST(Reply, SendsWhatAProducerMakesAsItIsMade) {
  std::promise<void> seen;
  std::shared_future<void> wait_for_seen = seen.get_future().share();
  RunningServer server([&](const Context&, ServerRequest&) {
    ServerResponse response;
    response.producer = [&](const std::function<void(std::string_view)>& write) {
      write(" ");
      write("");
      wait_for_seen.wait();
      write("<done/>");
    };
    return response;
  });
  Peer peer(server->port());
  peer.send(get("/"));
  EXPECT_THAT(peer.read_until("1\r\n \r\n"), HasSubstr("Transfer-Encoding: chunked\r\n"));
  seen.set_value();
  EXPECT_EQ(peer.read_until("0\r\n\r\n"), "7\r\n<done/>\r\n0\r\n\r\n");
  peer.send(get("/"));
  EXPECT_THAT(peer.read_until("0\r\n\r\n"), EndsWith("<done/>\r\n0\r\n\r\n"))
      << "the connection is kept";
}

TEST(Reply, TreatsAProducersFailureLikeASources) {
  const auto failing = [](bool after_a_byte) {
    return exchange([=] {
      ServerResponse response;
      response.producer = [=](const std::function<void(std::string_view)>& write) {
        if (after_a_byte) write("x");
        throw Failed("produce", "on purpose");
      };
      return response;
    });
  };
  EXPECT_THAT(failing(false).all, StartsWith("HTTP/1.1 500 "));
  EXPECT_TRUE(failing(true).reset);
  EXPECT_EQ(body_of(exchange([] {
                      ServerResponse response;
                      response.producer = [](const auto&) {};
                      return response;
                    }).all),
            "0\r\n\r\n");
}

TEST(Reply, RefusesHeadersThatWouldSplitTheResponse) {
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"X-A", "b\r\nSet-Cookie: c"},
                                                        {"X-A", std::string("b\0c", 3)},
                                                        {"X-A\r\nB", "c"},
                                                        {"X A", "c"},
                                                        {"", "c"}}) {
    const Exchanged got = exchange([&] {
      ServerResponse response = text_response("hello");
      response.headers = {{name, value}};
      return response;
    });
    EXPECT_THAT(got.all, StartsWith("HTTP/1.1 500 ")) << name;
    EXPECT_THAT(got.all, Not(HasSubstr("Set-Cookie")));
  }
}

TEST(DateLine, ChangesWithTheSecond) {
  FakeClock clock(parse_rfc3339("2026-11-22T14:31:20Z"));
  DateLine line;
  EXPECT_EQ(line.text(clock), "Sun, 22 Nov 2026 14:31:20 GMT");
  clock.advance(std::chrono::milliseconds(999));
  EXPECT_EQ(line.text(clock), "Sun, 22 Nov 2026 14:31:20 GMT");
  clock.advance(std::chrono::milliseconds(1));
  EXPECT_EQ(line.text(clock), "Sun, 22 Nov 2026 14:31:21 GMT");
}

TEST(ReasonPhrase, KnowsEveryStatusItSendsItself) {
  const std::set<std::string_view> unknown = {"", "Other"};
  for (const int status : {400, 408, 431, 500, 501, 503, 505})
    EXPECT_FALSE(unknown.contains(reason_phrase(status)));
  EXPECT_EQ(reason_phrase(418), "Other");
}

}  // namespace
}  // namespace holdfast::http
