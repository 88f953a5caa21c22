#include "codec/graph_hash.h"

#include <gtest/gtest.h>
#include <set>

#include "base/error.h"

namespace holdfast::codec {
namespace {

const std::string kWhat = "read x";

void feed(GraphHash& hash, const std::string& line) {
  GraphLine into;
  const JsonOrigin origin{kWhat, 1, line};
  read_graph_line(line, origin, into);
  hash.add(into, origin);
}

GraphHash hash_of(const std::vector<std::string>& lines, GraphHash::OriginalId original = {}) {
  GraphHash hash(std::move(original));
  for (const std::string& line : lines) feed(hash, line);
  return hash;
}

const std::string kOne =
    R"({"id":1,"label":"a","outE":{"e":[{"id":10,"inV":2,"properties":{"w":0.5,"x":true}},{"id":11,"inV":2}]},)"
    R"("properties":{"k":[{"id":20,"value":"v","properties":{"m":1,"n":2}},{"id":21,"value":"u"}],"l":[{"id":22,"value":3}]}})";
const std::string kTwo =
    R"({"id":2,"label":"b","inE":{"e":[{"id":10,"outV":1,"properties":{"w":0.5,"x":true}},{"id":11,"outV":1}]}})";
const std::string kThree =
    R"({"id":3,"label":"b","inE":{"loop":[{"id":12,"outV":3}]},"outE":{"loop":[{"id":12,"inV":3}]}})";
const std::vector<std::string> kGraph = {kOne, kTwo, kThree};

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, text.npos) << from;
  return at == text.npos ? text : text.replace(at, from.size(), to);
}

TEST(GraphHash, CountsEveryPart) {
  const GraphHash hash = hash_of(kGraph);
  EXPECT_TRUE(hash.is_whole());
  EXPECT_EQ(hash.why_not_whole(), "");
  const GraphSummary summary = hash.finish();
  EXPECT_EQ(summary.counts.vertices, 3u);
  EXPECT_EQ(summary.counts.edges, 3u);
  EXPECT_EQ(summary.counts.vertex_properties, 3u);
  EXPECT_EQ(summary.counts.meta_properties, 2u);
  EXPECT_EQ(summary.counts.edge_properties, 2u);
  EXPECT_EQ(summary.unknown_type, "");
}

// Recorded hashes must be found again by every later version.
TEST(GraphHash, StaysAsItWasRecorded) {
  EXPECT_EQ(hash_of({}).finish().hash,
            "ec9ffe9bafc00232dc4c32b9d00fa1f799acf43b5ccaac44267cdb133bf7da08");
  EXPECT_EQ(hash_of(kGraph).finish().hash,
            "f17bc3a139f7d21f34c23ae87d238a30c458c4b152239d0fc9c0470be75666c8");
}

TEST(GraphHash, IsOneForAllOrdersAndForms) {
  const GraphSummary expected = hash_of(kGraph).finish();
  EXPECT_EQ(hash_of({kThree, kOne, kTwo}).finish(), expected);
  const std::string other =
      R"( {"properties" : {"l":[{"value":{"@type":"g:Int32","@value":3},"id":22}],"k":[{"id":21,"value":"u"},)"
      R"({"id":20,"properties":{"n":2,"\u006d":1},"value":"\u0076"}]},"outE":{"e":[{"id":11,"inV":2},)"
      R"({"id":10,"properties":{"x":true,"w":5e-1},"inV":2}]},"label":"a","id":1} )";
  EXPECT_EQ(hash_of({other, kTwo, kThree}).finish(), expected);
}

TEST(GraphHash, IgnoresTheIdsOfEdgesAndProperties) {
  const std::string one =
      replaced(replaced(kOne, "\"id\":10", "\"id\":100"), "\"id\":20", "\"id\":200");
  const std::string two = replaced(kTwo, "\"id\":10", "\"id\":100");
  const GraphSummary before = hash_of(kGraph).finish(),
                     after = hash_of({one, two, kThree}).finish();
  EXPECT_EQ(after.hash, before.hash);
  EXPECT_NE(after.ids, before.ids);
  // Which edge has which id counts there, not only that all ids are used.
  const std::string crossed_one = replaced(
      replaced(replaced(kOne, "\"id\":10", "\"id\":x"), "\"id\":11", "\"id\":10"), ":x", ":11");
  const std::string crossed_two = replaced(
      replaced(replaced(kTwo, "\"id\":10", "\"id\":x"), "\"id\":11", "\"id\":10"), ":x", ":11");
  EXPECT_NE(hash_of({crossed_one, crossed_two, kThree}).finish().ids, before.ids);
}

TEST(GraphHash, DiffersForEveryChange) {
  std::set<std::string> all = {hash_of(kGraph).finish().hash};
  const std::vector<std::pair<std::string, std::string>> in_one = {
      {"\"label\":\"a\"", "\"label\":\"b\""},
      {"\"v\"", "\"w\""},
      {"\"k\":[", "\"kk\":["},
      {"\"m\":1", "\"m\":2"},
      {"\"m\":1", "\"o\":1"},
      {"\"m\":1,", ""},
      {"\"value\":3", "\"value\":{\"@type\":\"g:Int64\",\"@value\":3}"},
      {",{\"id\":21,\"value\":\"u\"}", ""},
      {"\"value\":\"u\"", "\"value\":\"v\""}};
  for (const auto& [from, to] : in_one) {
    EXPECT_TRUE(all.insert(hash_of({replaced(kOne, from, to), kTwo, kThree}).finish().hash).second)
        << from << " to " << to;
  }
  const std::vector<std::pair<std::string, std::string>> in_both = {
      {"0.5", "0.25"}, {"\"w\"", "\"v\""}, {",\"x\":true", ""}, {"{\"e\":", "{\"f\":"}};
  for (const auto& [from, to] : in_both) {
    const GraphHash hash = hash_of({replaced(kOne, from, to), replaced(kTwo, from, to), kThree});
    EXPECT_TRUE(hash.is_whole());
    EXPECT_TRUE(all.insert(hash.finish().hash).second) << from << " to " << to;
  }
  EXPECT_TRUE(all.insert(hash_of({kOne, kTwo}).finish().hash).second);
  EXPECT_TRUE(all.insert(hash_of({}).finish().hash).second);
}

// A meta-property moved to another value, properties to another edge: the same parts, another
// graph.
TEST(GraphHash, DiffersForTheSamePartsPutTogetherInAnotherWay) {
  const std::string meta = R"(,"properties":{"m":1,"n":2})";
  const std::string moved =
      replaced(replaced(kOne, meta, ""), "\"value\":\"u\"", "\"value\":\"u\"" + meta);
  EXPECT_NE(hash_of({moved, kTwo, kThree}).finish().hash, hash_of(kGraph).finish().hash);
  const std::vector<std::string> forward = {
      R"({"id":1,"label":"a","outE":{"e":[{"id":5,"inV":2}]}})",
      R"({"id":2,"label":"a","inE":{"e":[{"id":5,"outV":1}]}})"};
  const std::vector<std::string> backward = {
      R"({"id":1,"label":"a","inE":{"e":[{"id":5,"outV":2}]}})",
      R"({"id":2,"label":"a","outE":{"e":[{"id":5,"inV":1}]}})"};
  EXPECT_NE(hash_of(forward).finish().hash, hash_of(backward).finish().hash);
  EXPECT_TRUE(hash_of(forward).is_whole() && hash_of(backward).is_whole());
}

TEST(GraphHash, FindsAnEdgeWithoutItsOtherHalf) {
  const GraphHash missing = hash_of({kOne, kThree});
  EXPECT_FALSE(missing.is_whole());
  EXPECT_EQ(missing.why_not_whole(), "3 edges leave a vertex, but 1 come in at one");
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"0.5", "0.6"},
           {"\"w\"", "\"v\""},
           {"\"id\":11", "\"id\":12"},
           {"\"outV\":1", "\"outV\":3"},
           {"{\"e\":", "{\"f\":"},
           {",\"properties\":{\"w\":0.5,\"x\":true}", ""}}) {
    const GraphHash hash = hash_of({kOne, replaced(kTwo, from, to), kThree});
    EXPECT_FALSE(hash.is_whole()) << from << " to " << to;
    EXPECT_EQ(hash.why_not_whole(), "an edge is not the same at both its ends");
  }
}

TEST(GraphHash, IsMergedFromParts) {
  const std::string one = replaced(kOne, "\"u\"", R"({"@type":"x:Y","@value":1})");
  const GraphSummary expected = hash_of({one, kTwo, kThree}).finish();
  EXPECT_EQ(expected.unknown_type, "x:Y");
  for (const auto& [first, second] :
       std::vector<std::pair<std::vector<std::string>, std::vector<std::string>>>{
           {{one, kThree}, {kTwo}}, {{kTwo}, {one, kThree}}, {{}, {one, kTwo, kThree}}}) {
    GraphHash all = hash_of(first);
    all.merge(hash_of(second));
    EXPECT_TRUE(all.is_whole());
    EXPECT_EQ(all.finish(), expected);
  }
}

TEST(GraphHash, PutsTheOriginalIdsBack) {
  std::vector<std::string> renumbered;
  for (std::string line : kGraph) {
    for (const char* member : {"{\"id\":", "\"inV\":", "\"outV\":"}) {
      for (int id = 1; id <= 3; ++id) {
        const std::string from = member + std::to_string(id),
                          to = member + std::to_string(id + 1000);
        for (std::size_t at = line.find(from); at != line.npos;
             at = line.find(from, at + to.size())) {
          const char next = line[at + from.size()];
          if (next == ',' || next == '}') line.replace(at, from.size(), to);
        }
      }
    }
    renumbered.push_back(line);
  }
  EXPECT_TRUE(hash_of(renumbered).is_whole());
  EXPECT_NE(hash_of(renumbered).finish().hash, hash_of(kGraph).finish().hash);
  const GraphHash back = hash_of(renumbered, [](std::string_view id, std::string& original) {
    original = std::to_string(std::stoi(std::string(id)) - 1000);
  });
  EXPECT_TRUE(back.is_whole());
  EXPECT_EQ(back.finish().hash, hash_of(kGraph).finish().hash);
}

TEST(GraphHash, TellsAnUnknownTypeOfAValue) {
  const std::string line =
      R"({"id":1,"label":"a","properties":{"k":[{"id":{"@type":"x:Id","@value":1},"value":{"@type":"g:New","@value":1}}]}})";
  EXPECT_EQ(hash_of({line}).finish().unknown_type, "g:New");
}

TEST(GraphHash, RefusesAValueThatIsNone) {
  EXPECT_THROW(hash_of({R"({"id":1,"label":"a","properties":{"k":[{"id":1,"value":[1]}]}})"}),
               Unsupported);
  try {
    hash_of(
        {R"({"id":1,"label":"a","properties":{"k":[{"id":1,"value":{"@type":"g:Int32","@value":2147483648}}]}})"});
    ADD_FAILURE() << "it was taken";
  } catch (const Corrupt& error) {
    EXPECT_EQ(error.to_string(), "read x: there is no such g:Int32 (line 1, column 84)");
  }
}

TEST(DigestSum, CarriesFromWordToWord) {
  DigestSum sum{{~0ull, ~0ull, 5, ~0ull}};
  sum.add(DigestSum{{1, 0, 0, 1}});
  EXPECT_EQ(sum, (DigestSum{{0, 0, 6, 0}}));
  DigestSum full{{~0ull, ~0ull, ~0ull, ~0ull}};
  full.add(full);
  EXPECT_EQ(full, (DigestSum{{~0ull - 1, ~0ull, ~0ull, ~0ull}}));
}

}  // namespace
}  // namespace holdfast::codec
