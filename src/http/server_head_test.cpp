#include "http/server_head.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::http {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::Pair;

struct Scanned {
  HeadState state;
  std::size_t begin, end;
};

Scanned scan(std::string_view bytes) {
  HeadScan scan;
  const HeadState state = scan_head(bytes, scan);
  return {state, scan.begin, scan.next};
}

RequestHead parse(const std::string& head) {
  auto parsed = parse_head(head);
  if (const auto* refusal = std::get_if<HeadRefusal>(&parsed)) {
    ADD_FAILURE() << "refused: " << refusal->why;
    return {};
  }
  return std::get<RequestHead>(parsed);
}

int refusal_status(const std::string& head) {
  auto parsed = parse_head(head);
  const auto* refusal = std::get_if<HeadRefusal>(&parsed);
  return refusal ? refusal->status : 0;
}

// A request with these header lines.
std::string with(const std::string& lines) {
  return "PUT /b/k HTTP/1.1\r\nHost: h\r\n" + lines + "\r\n";
}

TEST(ScanHead, FindsTheEndAndLeavesTheRest) {
  const std::string head = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  const Scanned found = scan(head + "body\nnot looked at");
  EXPECT_EQ(found.state, HeadState::kComplete);
  EXPECT_EQ(found.begin, 0u);
  EXPECT_EQ(found.end, head.size());
}

TEST(ScanHead, GivesTheSameResultHoweverTheBytesArrive) {
  const std::string head = "\r\nGET / HTTP/1.1\r\nHost: h\r\nA: b\r\n\r\n";
  HeadScan scan;
  for (std::size_t size = 0; size < head.size(); ++size) {
    ASSERT_EQ(scan_head(std::string_view(head).substr(0, size), scan), HeadState::kIncomplete)
        << size;
  }
  EXPECT_EQ(scan_head(head, scan), HeadState::kComplete);
  EXPECT_EQ(scan.begin, 2u);
  EXPECT_EQ(scan.next, head.size());
}

TEST(ScanHead, AllowsAFewBlankLinesBeforeTheRequest) {
  const Scanned found = scan("\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(found.state, HeadState::kComplete);
  EXPECT_EQ(found.begin, 8u);
  EXPECT_EQ(scan("\r\n\r\n\r\n\r\n\r\n").state, HeadState::kMalformed);
}

TEST(ScanHead, RefusesABareLineFeedAtOnce) {
  EXPECT_EQ(scan("GET / HTTP/1.1\n").state, HeadState::kMalformed);
  EXPECT_EQ(scan("GET / HTTP/1.1\r\nHost: h\n").state, HeadState::kMalformed);
  EXPECT_EQ(scan("\n").state, HeadState::kMalformed);
}

TEST(ScanHead, RefusesWhatIsNoHttpByItsFirstByte) {
  EXPECT_EQ(scan("\x16\x03\x01").state, HeadState::kMalformed);  // a TLS client
  EXPECT_EQ(scan("\0"s).state, HeadState::kMalformed);
  EXPECT_EQ(scan(" GET").state, HeadState::kMalformed);
  EXPECT_EQ(scan("\r\n:").state, HeadState::kMalformed);
}

TEST(ParseHead, KeepsHeadersInOrderAndAsSent) {
  const RequestHead head = parse(
      "PUT /a%2Fb?x=%20&y HTTP/1.1\r\nhost: h:1\r\nX-Amz-Meta-B:  v\tw \r\nx-amz-meta-b:\r\n\r\n");
  EXPECT_EQ(head.method, "PUT");
  EXPECT_EQ(head.target, "/a%2Fb?x=%20&y");
  EXPECT_EQ(head.minor_version, 1);
  EXPECT_THAT(head.headers, ElementsAre(Pair("host", "h:1"), Pair("X-Amz-Meta-B", "v\tw"),
                                        Pair("x-amz-meta-b", "")));
  EXPECT_EQ(head.content_length, std::nullopt);
  EXPECT_FALSE(head.chunked);
}

TEST(ParseHead, TakesUtf8InValues) {
  EXPECT_EQ(parse(with("X-Amz-Meta-N: h\xc3\xa9\r\n")).headers[1].second, "h\xc3\xa9");
}

TEST(ParseHead, ReadsTheFraming) {
  EXPECT_EQ(parse(with("Content-Length: 0\r\n")).content_length, 0u);
  EXPECT_EQ(parse(with("CONTENT-LENGTH: 5368709120\r\n")).content_length, 5368709120u);
  EXPECT_TRUE(parse(with("Transfer-Encoding: Chunked\r\n")).chunked);
}

TEST(ParseHead, ReadsWhetherTheConnectionIsKept) {
  const auto kept = [](const std::string& version, const std::string& lines) {
    return parse("GET / HTTP/" + version + "\r\nHost: h\r\n" + lines + "\r\n").keep_alive;
  };
  EXPECT_TRUE(kept("1.1", ""));
  EXPECT_FALSE(kept("1.1", "Connection: close\r\n"));
  EXPECT_FALSE(kept("1.1", "Connection: TE, Close\r\n"));
  EXPECT_FALSE(kept("1.1", "Connection: TE\r\nConnection: close\r\n"));
  EXPECT_FALSE(kept("1.0", ""));
  EXPECT_TRUE(kept("1.0", "Connection: Keep-Alive\r\n"));
}

TEST(ParseHead, ReadsWhetherTheClientWaitsForItsBody) {
  EXPECT_TRUE(parse(with("Content-Length: 3\r\nExpect: 100-Continue\r\n")).expect_continue);
  EXPECT_TRUE(
      parse(with("Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n")).expect_continue);
  EXPECT_FALSE(parse(with("Content-Length: 0\r\nExpect: 100-continue\r\n")).expect_continue);
  EXPECT_FALSE(parse(with("Content-Length: 3\r\n")).expect_continue);
  EXPECT_FALSE(
      parse("PUT / HTTP/1.0\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n").expect_continue);
  // Another expectation is nothing to wait for, and no reason to refuse: S3 takes it.
  EXPECT_FALSE(parse(with("Content-Length: 3\r\nExpect: 200\r\n")).expect_continue);
  EXPECT_FALSE(parse(with("Content-Length: 3\r\nExpect:\r\n")).expect_continue);
}

TEST(ParseHead, TakesTheTargetsThatServersGet) {
  EXPECT_EQ(parse("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").target, "*");
  EXPECT_EQ(parse("GET //a/../b HTTP/1.1\r\nHost: h\r\n\r\n").target, "//a/../b");
  EXPECT_EQ(parse("GET / HTTP/1.0\r\n\r\n").target, "/");
}

// What one program may read in one way and the next in another.
TEST(ParseHead, RefusesWhatIsAmbiguous) {
  const std::vector<std::pair<std::string, std::string>> heads = {
      {"two lengths that differ", with("Content-Length: 1\r\nContent-Length: 2\r\n")},
      {"two lengths that agree", with("Content-Length: 1\r\ncontent-length: 1\r\n")},
      {"a list of lengths", with("Content-Length: 1, 1\r\n")},
      {"a signed length", with("Content-Length: +1\r\n")},
      {"a negative length", with("Content-Length: -1\r\n")},
      {"a hexadecimal length", with("Content-Length: 0x10\r\n")},
      {"an empty length", with("Content-Length: \r\n")},
      {"a length with a blank inside", with("Content-Length: 1 1\r\n")},
      {"a length over 64 bits", with("Content-Length: 18446744073709551617\r\n")},
      {"a length that offsets cannot hold", with("Content-Length: 9223372036854775808\r\n")},
      {"length and chunked", with("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n")},
      {"chunked and length", with("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n")},
      {"chunked twice", with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")},
      {"a folded line", with("A: b\r\n c\r\n")},
      {"a line folded by a tab", with("A: b\r\n\tc\r\n")},
      {"a first line folded", "GET / HTTP/1.1\r\n Host: h\r\n\r\n"},
      {"a blank before the colon", with("Content-Length : 1\r\n")},
      {"a blank in a name", with("A B: c\r\n")},
      {"a name with a slash", with("A/B: c\r\n")},
      {"no name", with(": c\r\n")},
      {"no colon", with("Transfer-Encoding\r\n")},
      {"NUL in a value", with("A: b"s + '\0' + "c\r\n")},
      {"NUL in a name", with("A"s + '\0' + ": c\r\n")},
      {"NUL in the target", "GET /a"s + '\0' + " HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"a bare CR in a value", with("A: b\rContent-Length: 1\r\n")},
      {"a bare LF", with("A: b\nContent-Length: 1\r\n")},
      {"a vertical tab", with("Transfer-Encoding:\vchunked\r\n")},
      {"DEL in a value", with("A: b\x7f\r\n")},
      {"an absolute target", "GET http://h/a HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"an authority", "CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"no target", "GET  HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"a star for another method", "GET * HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"a blank in the target", "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"a tab in the request line", "GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"two Hosts", with("Host: other\r\n")},
      {"no Host", "GET / HTTP/1.1\r\n\r\n"},
      {"no version", "GET /\r\nHost: h\r\n\r\n"},
      {"a method that is no token", "G(T / HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"chunked in HTTP/1.0", "PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"},
      {"nothing", ""},
      {"an end that is missing", "GET / HTTP/1.1\r\nHost: h\r\n"},
  };
  for (const auto& [what, head] : heads) EXPECT_EQ(refusal_status(head), 400) << what;
}

TEST(ParseHead, SaysWhatItDoesNotKnow) {
  EXPECT_EQ(refusal_status("GET / HTTP/2.0\r\nHost: h\r\n\r\n"), 505);
  EXPECT_EQ(refusal_status("GET / HTTP/0.9\r\nHost: h\r\n\r\n"), 505);
  EXPECT_EQ(refusal_status(with("Transfer-Encoding: gzip, chunked\r\n")), 501);
  EXPECT_EQ(refusal_status(with("Transfer-Encoding: identity\r\n")), 501);
  EXPECT_EQ(refusal_status(with("Transfer-Encoding: xchunked\r\n")), 501);
  EXPECT_EQ(refusal_status(std::string(33, 'A') + " / HTTP/1.1\r\nHost: h\r\n\r\n"), 501);
}

TEST(SameName, IgnoresCaseOfAsciiOnly) {
  EXPECT_TRUE(same_name("Content-Length", "cONTENT-lENGTH"));
  EXPECT_FALSE(same_name("Content-Length", "Content-Lengt"));
  EXPECT_FALSE(same_name("a[", "a{"));  // 32 apart, but no letters
  EXPECT_TRUE(same_name("", ""));
}

std::string peeked(std::string_view bytes) {
  const RequestLine line = peek_request_line(bytes);
  return line.method + "|" + line.target;
}

TEST(PeekRequestLine, TakesWhatIsThereAndNothingElse) {
  EXPECT_EQ(peeked("GET /a?b HTTP/1.1\r\nHost: h"), "GET|/a?b");
  EXPECT_EQ(peeked("GET /a"), "GET|/a");
  EXPECT_EQ(peeked("GET /a\nX: y"), "GET|/a");
  EXPECT_EQ(peeked("GET"), "|");
  EXPECT_EQ(peeked(""), "|");
  EXPECT_EQ(peeked("Authorization: AWS4 Signature=1"), "|") << "a header's line is not shown";
  EXPECT_EQ(peeked("\x16\x03 x"), "|");
  EXPECT_EQ(peeked(std::string(33, 'A') + " /"), "|");
  EXPECT_EQ(peeked("GET /" + std::string(100'000, 'a')).size(), 4 + 2048u);
}

}  // namespace
}  // namespace holdfast::http
