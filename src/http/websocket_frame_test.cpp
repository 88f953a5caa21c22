#include "http/websocket_frame.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <vector>

#include "base/error.h"

namespace holdfast::http {
namespace {

using Kind = WebSocketOpcode;

void feed(WebSocketReader& reader, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::span<char> space = reader.space();
    const std::size_t count = std::min(space.size(), bytes.size());
    std::copy_n(bytes.begin(), count, space.begin());
    reader.filled(count);
    bytes.remove_prefix(count);
  }
}

// A frame as a server sends it.
std::string frame(int first, std::string_view payload) {
  std::string out(1, char(first));
  if (payload.size() <= 125) {
    out += char(payload.size());
  } else if (payload.size() <= 0xffff) {
    out += char(126);
    for (int shift = 8; shift >= 0; shift -= 8) out += char(payload.size() >> shift);
  } else {
    out += char(127);
    for (int shift = 56; shift >= 0; shift -= 8) out += char(payload.size() >> shift);
  }
  return out.append(payload);
}

std::string reason_of(std::string_view bytes, std::size_t longest = 1 << 20) {
  WebSocketReader reader("ask", longest);
  feed(reader, bytes);
  try {
    while (reader.next()) {
    }
  } catch (const Failed& error) {
    EXPECT_EQ(error.subject(), "ask");
    return error.reason();
  }
  return "no error";
}

TEST(WebSocketFrameTest, MessagesOfAllLengthsComeWholeFromBytesInAnyPieces) {
  std::string bytes;
  const std::vector<std::size_t> sizes{0, 1, 125, 126, 65535, 65536, 300'000};
  for (std::size_t size : sizes) bytes += frame(0x82, std::string(size, 'x'));
  for (std::size_t step : {std::size_t(1), std::size_t(7), std::size_t(70'000), bytes.size()}) {
    WebSocketReader reader("ask", 300'000);
    std::vector<std::size_t> found;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      feed(reader, std::string_view(bytes).substr(at, step));
      while (auto item = reader.next()) {
        EXPECT_EQ(item->kind, Kind::kBinary);
        EXPECT_EQ(item->payload.find_first_not_of('x'), std::string_view::npos);
        found.push_back(item->payload.size());
      }
    }
    EXPECT_EQ(found, sizes);
  }
}

TEST(WebSocketFrameTest, PiecesOfAMessageAreOneAndControlFramesMayStandBetween) {
  WebSocketReader reader("ask", 100);
  feed(reader, frame(0x01, "one ") + frame(0x89, "are you there") + frame(0x00, "two ") +
                   frame(0x80, "three") + frame(0x81, "next"));
  auto item = reader.next();
  ASSERT_TRUE(item);
  EXPECT_EQ(item->kind, Kind::kPing);
  EXPECT_EQ(item->payload, "are you there");
  item = reader.next();
  ASSERT_TRUE(item);
  EXPECT_EQ(item->kind, Kind::kText);
  EXPECT_EQ(item->payload, "one two three");
  item = reader.next();
  ASSERT_TRUE(item);
  EXPECT_EQ(item->payload, "next");
  EXPECT_FALSE(reader.next());
}

TEST(WebSocketFrameTest, AGoodbyeTellsItsStatus) {
  WebSocketReader reader("ask", 100);
  feed(reader, frame(0x88, "") + frame(0x88, std::string("\x03\xf1", 2) + "too long"));
  EXPECT_EQ(reader.next()->close_status, 1005);
  auto item = reader.next();
  EXPECT_EQ(item->close_status, 1009);
  EXPECT_EQ(item->payload, "too long");
}

TEST(WebSocketFrameTest, WhateverAServerMayNotSendIsAnError) {
  const std::string broke = "the server broke the websocket protocol: ";
  EXPECT_EQ(reason_of(frame(0xc2, "x")), broke + "a frame of an extension that was not agreed on");
  EXPECT_EQ(reason_of(frame(0x83, "x")), broke + "a frame of the unknown kind 3");
  EXPECT_EQ(reason_of(frame(0x8f, "x")), broke + "a frame of the unknown kind 15");
  EXPECT_EQ(reason_of(std::string("\x82\x81....x", 7)), broke + "a masked frame");
  EXPECT_EQ(reason_of(frame(0x89, std::string(126, 'x'))),
            broke + "a control frame over 125 bytes");
  EXPECT_EQ(reason_of("\x89\x7e"), broke + "a control frame over 125 bytes");
  EXPECT_EQ(reason_of(frame(0x09, "x")), broke + "a control frame in pieces");
  EXPECT_EQ(reason_of(frame(0x80, "x")),
            broke + "the continuation of a message that has not begun");
  EXPECT_EQ(reason_of(frame(0x02, "x") + frame(0x82, "y")), broke + "a message within another one");
  EXPECT_EQ(reason_of(std::string("\x82\x7e\x00\x7d", 4)),
            broke + "a frame whose length is written longer than it must be");
  EXPECT_EQ(reason_of(std::string("\x82\x7f\0\0\0\0\0\0\xff\xff", 10)),
            broke + "a frame whose length is written longer than it must be");
  EXPECT_EQ(reason_of(frame(0x88, "x")), broke + "a close frame with half a status");
  EXPECT_EQ(reason_of(frame(0x88, std::string("\x03\xed", 2))),
            broke + "a close frame with the status 1005");
  EXPECT_EQ(reason_of(frame(0x81, "\xc3")), broke + "a text that is not UTF-8");
  EXPECT_EQ(reason_of(frame(0x01, "\xc3") + frame(0x80, "\xa9")), "no error");
}

TEST(WebSocketFrameTest, AMessageBeyondTheLimitIsRefusedByItsHeadAlone) {
  const std::string long_one = "the server sent a message of over 10 bytes";
  EXPECT_EQ(reason_of(frame(0x82, "0123456789"), 10), "no error");
  EXPECT_EQ(reason_of(std::string("\x82\x0b", 2), 10), long_one);
  EXPECT_EQ(reason_of(frame(0x02, "012345") + std::string("\x80\x05", 2), 10), long_one);
  EXPECT_EQ(reason_of("\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff", 10), long_one);
}

TEST(WebSocketFrameTest, AClientsFramesAreMasked) {
  std::string out;
  append_masked_frame(Kind::kBinary, "abcde", 0x01020304, out);
  EXPECT_EQ(out, std::string("\x82\x85\x01\x02\x03\x04", 6) + "````d");
  for (std::size_t size : {125u, 126u, 65535u, 65536u}) {
    out.clear();
    append_masked_frame(Kind::kText, std::string(size, 'x'), 0, out);
    const std::string expected = frame(0x81, std::string(size, 'x'));
    EXPECT_EQ(out.size(), expected.size() + 4);
    EXPECT_EQ(out[1], char(expected[1] | 0x80));
    EXPECT_EQ(out.substr(2, expected.size() - 2 - size),
              expected.substr(2, expected.size() - 2 - size));
  }
}

}  // namespace
}  // namespace holdfast::http
