#include "codec/graphson.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

#include "base/error.h"

namespace holdfast::codec {
namespace {

const JsonOrigin kOrigin{.what = "read x"};

std::string typed(std::string_view type, std::string_view value) {
  return R"({"@type":")" + std::string(type) + R"(","@value":)" + std::string(value) + "}";
}

GraphValue read(std::string_view json) { return read_graphson(json, kOrigin); }

std::string rewritten(std::string_view json) {
  std::string out;
  append_graphson(read(json), out);
  return out;
}

template <typename Kind>
void expect_refused(const std::string& json, const std::string& why) {
  try {
    ADD_FAILURE() << json << " was read as " << rewritten(json);
  } catch (const Kind& error) {
    EXPECT_NE(error.to_string().find(why), std::string::npos) << error.to_string();
    EXPECT_EQ(error.subject(), "read x");
  }
}

TEST(Graphson, WritesWhatItHasReadLetterForLetter) {
  for (const std::string& json :
       {std::string("null"),
        std::string("true"),
        std::string("false"),
        std::string("\"t\\n\""),
        typed("g:Int32", "-2147483648"),
        typed("g:Int64", "9223372036854775807"),
        typed("g:Double", "0.1"),
        typed("g:Double", "-0.0"),
        typed("g:Double", "\"NaN\""),
        typed("g:Double", "\"Infinity\""),
        typed("g:Double", "\"-Infinity\""),
        typed("g:Float", "1.1"),
        typed("g:Float", "\"NaN\""),
        typed("g:Float", "\"-Infinity\""),
        typed("g:UUID", "\"41d2e28a-20a4-4ab0-b379-d810dede3786\""),
        typed("g:Date", "1481750076295"),
        typed("g:Timestamp", "-1"),
        typed("g:List", "[]"),
        typed("g:List", "[\"a\"," + typed("g:Int32", "1") + "]"),
        typed("g:Set", "[\"b\",\"a\"]"),
        typed("g:Map", "[]"),
        typed("g:Map", "[\"k\",null," + typed("g:List", "[true]") + ",\"v\"]"),
        typed("gx:BigDecimal", "1.50"),
        typed("gx:BigDecimal", "1E+20"),
        typed("gx:BigInteger", "123456789987654321123456789987654321"),
        typed("gx:Byte", "-128"),
        typed("gx:Int16", "32767"),
        typed("gx:Char", "\"\xC3\xA4\""),
        typed("gx:ByteBuffer", "\"c29tZQ==\""),
        typed("gx:Duration", "\"PT120H\""),
        typed("gx:ZonedDateTime", "\"2016-12-23T12:12:24.000000036+02:00[GMT+02:00]\""),
        typed("gx:Year", "\"2016\""),
        typed("gx:InetAddress", "\"0:0:0:0:0:0:0:1\""),
        typed("janusgraph:RelationIdentifier", R"({"relationId":"4r8-9io-5jp-94o"})"),
        typed("g:NotYet", "[1,{\"a\":2}]")}) {
    EXPECT_EQ(rewritten(json), json);
  }
}

TEST(Graphson, KnowsEveryTypeByItsName) {
  for (int i = int(GraphType::kInt32); i < int(GraphType::kOther); ++i) {
    const std::string_view name = name_of(GraphType(i));
    EXPECT_TRUE(name.starts_with("g:") || name.starts_with("gx:")) << i;
    EXPECT_EQ(graph_type_of(name), GraphType(i));
  }
  EXPECT_EQ(graph_type_of(""), GraphType::kOther);
  EXPECT_EQ(graph_type_of("g:Traverser"), GraphType::kOther);
  EXPECT_EQ(name_of(GraphType::kOther), "");
}

TEST(Graphson, TakesBareNumbersAsTinkerPopDoes) {
  EXPECT_EQ(rewritten("1"), typed("g:Int32", "1"));
  EXPECT_EQ(rewritten("2147483648"), typed("g:Int64", "2147483648"));
  EXPECT_EQ(rewritten("9223372036854775808"), typed("gx:BigInteger", "9223372036854775808"));
  EXPECT_EQ(rewritten("1.0"), typed("g:Double", "1.0"));
}

TEST(Graphson, ReadsOtherFormsOfTheSameValue) {
  EXPECT_EQ(rewritten(typed("g:Double", "1")), typed("g:Double", "1.0"));
  EXPECT_EQ(rewritten(typed("g:Double", "10E-1")), typed("g:Double", "1.0"));
  EXPECT_EQ(rewritten(typed("g:Float", "1.10000002384185791015625")), typed("g:Float", "1.1"));
  EXPECT_EQ(rewritten(typed("g:UUID", "\"41D2E28A-20A4-4AB0-B379-D810DEDE3786\"")),
            typed("g:UUID", "\"41d2e28a-20a4-4ab0-b379-d810dede3786\""));
  EXPECT_EQ(rewritten(typed("gx:Year", "2016")), typed("gx:Year", "\"2016\""));
  EXPECT_EQ(rewritten(typed("gx:BigInteger", "\"5\"")), typed("gx:BigInteger", "5"));
  EXPECT_EQ(rewritten(R"( { "@value" : 5 , "@type" : "g:Int64" } )"), typed("g:Int64", "5"));
}

TEST(Graphson, KeepsTheSmallestAndLargestNumbers) {
  EXPECT_EQ(read(typed("g:Double", "4.9E-324")).number, std::numeric_limits<double>::denorm_min());
  EXPECT_EQ(read(typed("g:Double", "1.7976931348623157E308")).number,
            std::numeric_limits<double>::max());
  EXPECT_EQ(read(typed("g:Float", "1.4E-45")).number, std::numeric_limits<float>::denorm_min());
  EXPECT_TRUE(std::signbit(read(typed("g:Double", "-0.0")).number));
}

TEST(Graphson, RefusesValuesOutsideOfTheirType) {
  for (const std::string& json : {typed("g:Int32", "2147483648"),
                                  typed("g:Int32", "1.0"),
                                  typed("g:Int32", "true"),
                                  typed("g:Int64", "9223372036854775808"),
                                  typed("g:Int64", "1e3"),
                                  typed("gx:Byte", "128"),
                                  typed("gx:Int16", "-32769"),
                                  typed("g:Double", "1e999"),
                                  typed("g:Double", "\"nan\""),
                                  typed("g:Double", "null"),
                                  typed("g:Float", "1e39"),
                                  typed("g:UUID", "\"41d2e28a20a44ab0b379d810dede3786\""),
                                  typed("g:UUID", "\"41d2e28a-20a4-4ab0-b379-d810dede378g\""),
                                  typed("gx:Char", "\"\""),
                                  typed("gx:Char", "\"ab\""),
                                  typed("gx:ByteBuffer", "\"c29tZQ=\""),
                                  typed("gx:Duration", "\"\""),
                                  typed("gx:Instant", "\"a b\""),
                                  typed("gx:BigInteger", "1.5"),
                                  typed("gx:BigDecimal", "false"),
                                  typed("gx:Year", "3000000000"),
                                  typed("gx:LocalDate", "\"" + std::string(257, '1') + "\"")}) {
    expect_refused<Corrupt>(json, "there is no such g");
  }
}

TEST(Graphson, RefusesWrongShapes) {
  expect_refused<Corrupt>(typed("g:Int32", "\"1\""), "g:Int32 is no number");
  expect_refused<Corrupt>(typed("g:Double", "[]"), "g:Double is no number");
  expect_refused<Corrupt>(typed("g:UUID", "1"), "g:UUID is not a text");
  expect_refused<Corrupt>(typed("g:List", "{}"), "g:List is not an array");
  expect_refused<Corrupt>(typed("g:Map", "[1]"), "a key without a value");
  expect_refused<Corrupt>(R"({"@type":"g:Int32"})", "no \"@value\"");
  expect_refused<Corrupt>(R"({"@type":"g:Int32","@value":1,"@value":1})",
                          "\"@value\" is there twice");
  expect_refused<Corrupt>(R"({"@type":"g:Int32","@type":"g:Int32","@value":1})", "is there twice");
  expect_refused<Corrupt>(R"({"@type":1,"@value":1})", "a type's name is not a text");
  expect_refused<Corrupt>("1 1", "behind the JSON");
  expect_refused<Corrupt>(typed("gx:BigInteger", "\"5 5\""), "behind the JSON");
}

TEST(Graphson, TellsOtherVersionsApart) {
  expect_refused<Unsupported>("[1]", "array without a type");
  expect_refused<Unsupported>(R"({"a":1})", "object without a type, with the member \"a\"");
  expect_refused<Unsupported>("{}", "object without a type");
  try {
    read_graphson("[]", {"read x", 3, {}});
    ADD_FAILURE() << "it was read";
  } catch (const Unsupported& error) {
    EXPECT_EQ(error.to_string(),
              "read x: there is an array without a type (line 3); only GraphSON 3 can be read: "
              "write it anew with that version");
  }
}

TEST(Graphson, BoundsTheItems) {
  // With the type behind the value, where the value is read later, and before it.
  std::string items = "[1";
  for (std::size_t i = 3; i < kMostItems / 2; ++i) items += ",1";
  items += ']';
  const std::string half = typed("g:List", items);
  const std::string late = R"({"@value":)" + items + R"(,"@type":"g:List"})";
  std::string whole = typed("g:List", "[" + late + "," + half.substr(0, half.size() - 2));
  whole.pop_back();  // the brace of typed()
  EXPECT_EQ(read(whole + ",1]}]}").items.back().items.size(), kMostItems / 2 - 1);
  expect_refused<Unsupported>(whole + ",1,1]}]}", "a value has more than 1000000 items");
}

TEST(Graphson, BoundsTheDepth) {
  auto nested = [](std::size_t depth, bool value_first) {
    std::string json;
    for (std::size_t i = 0; i < depth; ++i) {
      json += value_first ? R"({"@value":[)" : R"({"@type":"g:List","@value":[)";
    }
    for (std::size_t i = 0; i < depth; ++i) json += value_first ? R"(],"@type":"g:List"})" : "]}";
    return json;
  };
  EXPECT_EQ(rewritten(nested(49, false)), nested(49, false));
  EXPECT_EQ(rewritten(nested(49, true)), nested(49, false));
  expect_refused<Corrupt>(nested(60, false), "too deep");
  expect_refused<Corrupt>(nested(60, true), "too deep");
  expect_refused<Corrupt>(nested(100'000, false), "too deep");
}

}  // namespace
}  // namespace holdfast::codec
