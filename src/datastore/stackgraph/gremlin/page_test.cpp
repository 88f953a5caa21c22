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

// Vertex 1 has a property with properties, two edges out and one in; vertex 2 has nothing.
const std::vector<std::string> kItems = {
    "true", "1", R"("v")", "true", R"("k")", "10", R"({"@type":"g:Int32","@value":5})", "true",
    R"("m")", "true", "true", R"("n")", "[false]", "false", "false",
    // where a page may end: before an edge or a `false` of the edges
    "true", R"("out")", "20", "2", "true", R"("w")", "0.5", "false", "true", R"("other")", "21",
    "2", "false", "false", "true", R"("in")", "22", "1", "false", "false", "true", "2", R"("w")",
    "false", "false", "false"};

const std::string kLines =
    R"({"id":1,"label":"v","inE":{"in":[{"id":22,"outV":1}]},)"
    R"("outE":{"out":[{"id":20,"inV":2,"properties":{"w":0.5}}],"other":[{"id":21,"inV":2}]},)"
    R"("properties":{"k":[{"id":10,"value":{"@type":"g:Int32","@value":5},"properties":{"m":true,"n":[false]}}]}})"
    "\n"
    R"({"id":2,"label":"w"})"
    "\n";

std::string joined(std::size_t from, std::size_t to) {
  std::string out;
  for (std::size_t i = from; i < to; ++i) out += (i > from ? "," : "") + kItems[i];
  return out;
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
  Reading whole;
  whole.add(list(list(joined(0, kItems.size()))));
  whole.reader().finish();
  EXPECT_EQ(whole.lines(), kLines);

  const std::pair<std::size_t, const char*> cuts[] = {{15, "false,true,"},
                                                      {23, "false,true,"},
                                                      {28, "false,true,"},
                                                      {29, "false,false,"},
                                                      {34, "false,false,"}};
  for (const auto& [cut, mark] : cuts) {
    Reading pieces;
    pieces.add(list(list(joined(0, cut))));
    EXPECT_THROW(pieces.reader().finish(), Failed);
    pieces.add(list(list(mark + joined(cut, kItems.size()))));
    pieces.reader().finish();
    EXPECT_EQ(pieces.lines(), kLines) << "cut at " << cut;
  }
  Reading all_cuts;
  std::size_t from = 0;
  std::string begin;
  for (const auto& [cut, mark] : cuts) {
    all_cuts.add(list(list(begin + joined(from, cut))));
    from = cut;
    begin = mark;
  }
  all_cuts.add(list(list(begin + joined(from, kItems.size()))));
  EXPECT_EQ(all_cuts.lines(), kLines);
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
  EXPECT_THAT(reason_of(list(list("1"))), HasSubstr("a mark is not true or false"));
  EXPECT_THAT(reason_of(list(list("false,true"))), HasSubstr("a vertex within another one"));
  EXPECT_THAT(reason_of(list(list("true,1"))), HasSubstr("a page ends in the middle"));
  EXPECT_THAT(reason_of(list(list("true,1,2"))), HasSubstr("a label or a key is not a text"));
  EXPECT_THAT(reason_of(list(list("true,1,\"v\",false") + "," + list("true,2"))),
              HasSubstr("a vertex within another one"));
  EXPECT_THAT(reason_of(list(list("true,1,\"v\",false") + "," + list("false,false"))),
              HasSubstr("a vertex goes on elsewhere than it ended"));
  EXPECT_THAT(reason_of(list(list("true,1,\"v\",false,true,\"e\",1,2"))),
              HasSubstr("a page ends in the middle"));
  EXPECT_THAT(reason_of(list("") + "x"), testing::StartsWith("failed: "));
}

TEST(GremlinPageTest, AVertexTooLargeToHoldIsRefused) {
  const std::string page = list(list(joined(0, 28)));
  EXPECT_EQ(reason_of(page, page.size()), "no error");
  EXPECT_EQ(reason_of(page, 100), "unsupported: a vertex has over 100 bytes of edges");
}

}  // namespace
}  // namespace holdfast::datastore::sg
