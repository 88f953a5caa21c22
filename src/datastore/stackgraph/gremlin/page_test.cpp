#include "datastore/stackgraph/gremlin/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <vector>

#include "base/error.h"

namespace holdfast::datastore::sg {
namespace {

using testing::HasSubstr;

std::string list(const std::string& items) {
  return R"({"@type":"g:List","@value":[)" + items + "]}";
}

std::string page(const std::string& text, const std::string& others = "") {
  return list("\"" + text + "\"" + (others.empty() ? "" : "," + others));
}

// Vertex 1 has a property with properties, two edges out and one in; vertex 2 has nothing. A page
// may end after each of these, then the next one begins with the mark, unless it goes on.
struct Stretch {
  std::string mark, text, others;
};
const std::vector<Stretch> kStretches = {{"", "vl1`sv`psk`l10`i5`msm`tmsn`o..", "[false]"},
                                         {"x", "esout`l20`l2`msw`d0.5`.", ""},
                                         {"x", "eol21`l2`.", "\"o\\tther\""},
                                         {"x", ".", ""},
                                         {"y", "esin`u0a-2`l1`.", ""},
                                         {"y", ".", ""},
                                         {"", "vl2`sw`...", ""}};

const std::string kLines =
    R"({"id":{"@type":"g:Int64","@value":1},"label":"v",)"
    R"("inE":{"in":[{"id":{"@type":"g:UUID","@value":"0a-2"},"outV":{"@type":"g:Int64","@value":1}}]},)"
    R"("outE":{"out":[{"id":{"@type":"g:Int64","@value":20},"inV":{"@type":"g:Int64","@value":2},)"
    R"("properties":{"w":{"@type":"g:Double","@value":0.5}}}],)"
    R"("o\tther":[{"id":{"@type":"g:Int64","@value":21},"inV":{"@type":"g:Int64","@value":2}}]},)"
    R"("properties":{"k":[{"id":{"@type":"g:Int64","@value":10},"value":{"@type":"g:Int32","@value":5},)"
    R"("properties":{"m":true,"n":[false]}}]}})"
    "\n"
    R"({"id":{"@type":"g:Int64","@value":2},"label":"w"})"
    "\n";

// Of the stretches from `from` on, before `to`.
std::string page_of(std::size_t from, std::size_t to) {
  std::string text = kStretches[from].mark, others;
  for (std::size_t i = from; i < to; ++i) {
    text += kStretches[i].text;
    if (!kStretches[i].others.empty()) others += (others.empty() ? "" : ",") + kStretches[i].others;
  }
  return page(text, others);
}

class Reading {
 public:
  explicit Reading(std::size_t longest = 1 << 20)
      : reader_("ask", longest,
                [this](const codec::GraphLine& line) { codec::append_graph_line(line, lines_); }) {}
  // From memory that is gone afterwards.
  void add(const std::string& results) {
    auto bytes = std::make_unique<std::string>(results);
    reader_.add(*bytes);
    std::fill(bytes->begin(), bytes->end(), '#');
  }
  const PageReader& reader() const { return reader_; }
  const std::string& lines() const { return lines_; }

 private:
  std::string lines_;
  PageReader reader_;
};

TEST(GremlinPageTest, AVertexIsPutTogetherWhereverItsPagesEnd) {
  const std::size_t all = kStretches.size();
  Reading whole;
  whole.add(list(page_of(0, all)));
  whole.reader().finish();
  EXPECT_EQ(whole.lines(), kLines);

  for (std::size_t cut = 1; cut + 1 < all; ++cut) {
    Reading pieces;
    pieces.add(list(page_of(0, cut)));
    EXPECT_THROW(pieces.reader().finish(), Failed);
    pieces.add(list(page_of(cut, all)));
    pieces.reader().finish();
    EXPECT_EQ(pieces.lines(), kLines) << "cut at " << cut;
  }
  Reading all_cuts;
  for (std::size_t at = 0; at < all; ++at) all_cuts.add(list(page_of(at, at + 1)));
  EXPECT_EQ(all_cuts.lines(), kLines);
  Reading one_frame;
  one_frame.add(list(page_of(0, 2) + "," + page_of(2, all)));
  EXPECT_EQ(one_frame.lines(), kLines);
}

std::string reason_of(const std::string& results, std::size_t longest = 1 << 20) {
  Reading reading(longest);
  try {
    reading.add(results);
  } catch (const Error& error) {
    return std::string(name_of(error.kind())) + ": " + error.reason();
  }
  return "no error";
}

TEST(GremlinPageTest, WhatIsNoPageIsAnError) {
  EXPECT_EQ(reason_of(list("")), "no error");
  EXPECT_THAT(reason_of(""), HasSubstr("a list is not a g:List"));
  EXPECT_THAT(reason_of("[]"), HasSubstr("a list is not a g:List"));
  EXPECT_THAT(reason_of(list("1")), HasSubstr("a list is not a g:List"));
  EXPECT_THAT(reason_of(list(list(""))), HasSubstr("a page is empty"));
  EXPECT_THAT(reason_of(list(list("1"))), HasSubstr("does not begin with its text"));
  EXPECT_THAT(reason_of(list(page("vl1`sv`...")) + "x"), testing::StartsWith("failed: "));
  const std::pair<const char*, const char*> texts[] = {
      {"xl1`", "a vertex within another one"},
      {"v", "a page ends in the middle"},
      {"vl1", "a page ends in the middle"},
      {"vl1`o", "a page ends in the middle"},
      {"vl1`l2`", "a label or a key is not a text"},
      {"vl1`sv`q", "a mark is none that can stand there"},
      {"vl1`sv`.esa`l1`l2`ml1`t.", "a key is not a text"},
      {"vl1`sv`.v", "a mark is none that can stand there"},
      {"vz", "a value is of no kind that is known"},
      {"vi1`sv`...v", "a page ends in the middle"}};
  for (const auto& [text, reason] : texts) {
    EXPECT_THAT(reason_of(list(page(text))), HasSubstr(reason)) << text;
  }
  EXPECT_THAT(reason_of(list(page("vl1`sv`.") + "," + page("vl2`"))),
              HasSubstr("a vertex within another one"));
  EXPECT_THAT(reason_of(list(page("vl1`sv`.") + "," + page("y."))),
              HasSubstr("a vertex goes on elsewhere than it ended"));
  EXPECT_THAT(reason_of(list(page("vl1`sv`...", "5"))),
              HasSubstr("a page has more values than its text tells of"));
}

// They become part of a line of JSON.
TEST(GremlinPageTest, WhatIsNoValueIsAnError) {
  for (const char* value : {"i", "i-", "i01", "i1.5", "i1}", "l 1", "l1e5", "d", "d1.", "d.5",
                            "dNaN", "dtrue", "d1,2", "d0x1", "u1}", "ug"}) {
    EXPECT_THAT(reason_of(list(page("v" + std::string(value) + "`sv`..."))),
                testing::StartsWith("failed: the server's answer cannot be read"))
        << value;
  }
  for (const char* value : {"i0", "i-7", "l-0", "d-0.0", "d1.0E-5", "d4.9E-324", "uab-1", "s"}) {
    EXPECT_EQ(reason_of(list(page("v" + std::string(value) + "`sv`..."))), "no error") << value;
  }
}

TEST(GremlinPageTest, AVertexTooLargeToHoldIsRefused) {
  const std::string vertex = page_of(0, 6);
  EXPECT_EQ(reason_of(list(vertex), 1000), "no error");
  EXPECT_EQ(reason_of(list(vertex), 100), "unsupported: a vertex has over 100 bytes of edges");
}

}  // namespace
}  // namespace holdfast::datastore::sg
