#include "codec/graph_line.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace holdfast::codec {
namespace {

const std::string kWhat = "read x";

GraphLine read(std::string_view line) {
  GraphLine into;
  read_graph_line(line, {kWhat, 7, line}, into);
  return into;
}

std::string rewritten(std::string_view line) {
  std::string out;
  append_graph_line(read(line), out);
  return out;
}

template <typename Kind>
void expect_refused(std::string_view line, const std::string& why) {
  try {
    ADD_FAILURE() << line << " was read as " << rewritten(line);
  } catch (const Kind& error) {
    EXPECT_NE(error.to_string().find(why), std::string::npos) << error.to_string();
    EXPECT_NE(error.to_string().find("line 7"), std::string::npos) << error.to_string();
  }
}

const std::string kFull =
    R"({"id":{"@type":"g:Int64","@value":1},"label":"a b",)"
    R"("inE":{"made":[{"id":5,"outV":2,"properties":{"w":0.5,"x":"y"}}]},)"
    R"("outE":{"has":[{"id":6,"inV":"t"},{"id":7,"inV":1}],"made":[{"id":8,"inV":3}]},)"
    R"("properties":{"many":[{"id":9,"value":"v","properties":{"since":2004}},{"id":10,"value":"v"}],)"
    R"("one":[{"id":11,"value":null}]}})";

TEST(GraphLine, GivesTheSpansOfAllParts) {
  const GraphLine line = read(kFull);
  EXPECT_EQ(line.id, R"({"@type":"g:Int64","@value":1})");
  EXPECT_EQ(line.label, "a b");
  ASSERT_EQ(line.in.size(), 1u);
  EXPECT_EQ(line.in[0].label, "made");
  EXPECT_EQ(line.in[0].id, "5");
  EXPECT_EQ(line.in[0].other, "2");
  EXPECT_EQ(line.in[0].properties, R"({"w":0.5,"x":"y"})");
  ASSERT_EQ(line.out.size(), 3u);
  EXPECT_EQ(line.out[0].other, R"("t")");
  EXPECT_EQ(line.out[0].properties, "");
  EXPECT_EQ(line.out[1].label, "has");
  EXPECT_EQ(line.out[2].label, "made");
  ASSERT_EQ(line.properties.size(), 3u);
  EXPECT_EQ(line.properties[0].key, "many");
  EXPECT_EQ(line.properties[0].id, "9");
  EXPECT_EQ(line.properties[0].value, R"("v")");
  EXPECT_EQ(line.properties[0].meta, R"({"since":2004})");
  EXPECT_EQ(line.properties[1].meta, "");
  EXPECT_EQ(line.properties[2].value, "null");
}

TEST(GraphLine, IsWrittenAsItWasRead) {
  EXPECT_EQ(rewritten(kFull), kFull + "\n");
  EXPECT_EQ(rewritten(R"({"id":7,"label":"alone"})"), "{\"id\":7,\"label\":\"alone\"}\n");
  EXPECT_EQ(rewritten(R"({"label":"","properties":{},"outE":{"a":[]},"id":7})"),
            "{\"id\":7,\"label\":\"\"}\n");
  EXPECT_EQ(rewritten(R"({"id":7,"label":"a","outE":{"e":[{"inV":1,"id":2,"properties":{ }}]}})"),
            "{\"id\":7,\"label\":\"a\",\"outE\":{\"e\":[{\"id\":2,\"inV\":1}]}}\n");
}

TEST(GraphLine, PutsEdgesOfALabelAndValuesOfAKeyTogether) {
  GraphLine line;
  line.id = "1";
  line.label = "v";
  line.out = {{"b", "1", "1", ""}, {"a", "2", "1", ""}, {"b", "3", "1", R"({"k":1})"}};
  line.properties = {{"y", "4", "1", ""}, {"x", "5", "2", ""}, {"y", "6", "3", R"({"m":1})"}};
  std::string out;
  append_graph_line(line, out);
  EXPECT_EQ(
      out,
      R"({"id":1,"label":"v","outE":{"b":[{"id":1,"inV":1},{"id":3,"inV":1,"properties":{"k":1}}],)"
      R"("a":[{"id":2,"inV":1}]},"properties":{"y":[{"id":4,"value":1},)"
      R"({"id":6,"value":3,"properties":{"m":1}}],"x":[{"id":5,"value":2}]}})"
      "\n");
  EXPECT_EQ(rewritten(std::string_view(out).substr(0, out.size() - 1)), out);
}

TEST(GraphLine, UsesItsStorageAgain) {
  GraphLine line;
  read_graph_line(kFull, {kWhat, 1, {}}, line);
  const std::string next = R"({"id":7,"label":"alone"})";
  read_graph_line(next, {kWhat, 2, {}}, line);
  EXPECT_TRUE(line.in.empty() && line.out.empty() && line.properties.empty());
  EXPECT_EQ(line.label, "alone");
}

TEST(GraphLine, RefusesWhatIsMissing) {
  expect_refused<Corrupt>("", "the line is not an object");
  expect_refused<Corrupt>("[]", "the line is not an object");
  expect_refused<Corrupt>("{}", "the vertex has no \"id\"");
  expect_refused<Corrupt>(R"({"id":1})", "the vertex has no \"label\"");
  expect_refused<Corrupt>(R"({"id":1,"label":"a","outE":{"e":[{"inV":1}]}})",
                          "an edge has no \"id\"");
  expect_refused<Corrupt>(R"({"id":1,"label":"a","outE":{"e":[{"id":1}]}})",
                          "an edge has no \"inV\"");
  expect_refused<Corrupt>(R"({"id":1,"label":"a","inE":{"e":[{"id":1}]}})",
                          "an edge has no \"outV\"");
  expect_refused<Corrupt>(R"({"id":1,"label":"a","properties":{"k":[{"value":1}]}})",
                          "a vertex property has no \"id\"");
  expect_refused<Corrupt>(R"({"id":1,"label":"a","properties":{"k":[{"id":1}]}})",
                          "a vertex property has no \"value\"");
}

TEST(GraphLine, RefusesWhatIsThereTwice) {
  expect_refused<Corrupt>(R"({"id":1,"id":1,"label":"a"})",
                          "\"id\" is there twice (line 7, column 14)");
  expect_refused<Corrupt>(R"({"id":1,"label":"a","label":"a"})", "\"label\" is there twice");
  expect_refused<Corrupt>(R"({"id":1,"label":"","label":""})", "\"label\" is there twice");
  for (std::string_view part : {"inE", "outE", "properties"}) {
    const std::string twice = "\"" + std::string(part) + "\":{}";
    expect_refused<Corrupt>("{\"id\":1,\"label\":\"a\"," + twice + "," + twice + "}",
                            "is there twice");
  }
  expect_refused<Corrupt>(R"({"id":1,"label":"a","outE":{"e":[],"f":[],"e":[]}})",
                          "\"e\" is there twice");
  expect_refused<Corrupt>(R"({"id":1,"label":"a","properties":{"e":[],"\u0065":[]}})",
                          "\"e\" is there twice");
  expect_refused<Corrupt>(R"({"id":1,"label":"a","outE":{"e":[{"id":1,"id":1,"inV":1}]}})",
                          "\"id\" is there twice");
  expect_refused<Corrupt>(
      R"({"id":1,"label":"a","outE":{"e":[{"id":1,"inV":1,"properties":{},"properties":{}}]}})",
      "\"properties\" is there twice");
  expect_refused<Corrupt>(
      R"({"id":1,"label":"a","properties":{"k":[{"id":1,"value":1,"properties":{},"properties":{}}]}})",
      "\"properties\" is there twice");
}

TEST(GraphLine, RefusesWrongTypes) {
  expect_refused<Corrupt>(R"({"id":1,"label":1})", "the label is not a text");
  expect_refused<Corrupt>(R"({"id":1,"label":"a","outE":[]})", "the edges are not an object");
  expect_refused<Corrupt>(R"({"id":1,"label":"a","outE":{"e":{}}})", "are not an array");
  expect_refused<Corrupt>(R"({"id":1,"label":"a","outE":{"e":[1]}})", "an edge is not an object");
  expect_refused<Corrupt>(R"({"id":1,"label":"a","outE":{"e":[{"id":1,"inV":1,"properties":[]}]}})",
                          "an edge's properties are not an object");
  expect_refused<Corrupt>(R"({"id":1,"label":"a","properties":[]})",
                          "the properties are not an object");
  expect_refused<Corrupt>(R"({"id":1,"label":"a","properties":{"k":1}})", "are not an array");
  expect_refused<Corrupt>(R"({"id":1,"label":"a","properties":{"k":[1]}})", "is not an object");
  expect_refused<Corrupt>(
      R"({"id":1,"label":"a","properties":{"k":[{"id":1,"value":1,"properties":1}]}})",
      "meta-properties are not an object");
  expect_refused<Corrupt>(R"({"id":1,"label":"a"}{)", "behind the JSON");
}

TEST(GraphLine, TellsOtherVersionsApart) {
  expect_refused<Unsupported>(R"({"id":1,"label":["a","b"]})", "several labels, as GraphSON 4");
  expect_refused<Unsupported>(R"({"id":1,"label":{"@type":"g:List","@value":["a"]}})",
                              "GraphSON 4");
  expect_refused<Unsupported>(R"({"vertices":[]})", "the whole graph is one object");
  expect_refused<Unsupported>(R"({"id":1,"label":"a","more":1})", "unknown member \"more\"");
  expect_refused<Unsupported>(R"({"id":1,"label":"a","outE":{"e":[{"id":1,"outV":1}]}})",
                              "unknown member \"outV\"");
  expect_refused<Unsupported>(R"({"id":1,"label":"a","properties":{"k":[{"id":1,"vals":1}]}})",
                              "unknown member \"vals\"");
}

TEST(GraphLine, MembersOfAnObject) {
  GraphMembers members;
  const JsonOrigin origin{.what = kWhat};
  read_graph_members(R"({"a":{"@type":"g:Int32","@value":1}, "b":"c"})", origin, members);
  const GraphMembers expected = {{"a", R"({"@type":"g:Int32","@value":1})"}, {"b", "\"c\""}};
  EXPECT_EQ(members, expected);
  read_graph_members("", origin, members);
  EXPECT_TRUE(members.empty());
  EXPECT_THROW(read_graph_members(R"({"a":1,"a":1})", origin, members), Corrupt);
  EXPECT_THROW(read_graph_members("[]", origin, members), Corrupt);
}

}  // namespace
}  // namespace holdfast::codec
