#include "codec/graph_canonical.h"

#include <gtest/gtest.h>
#include <set>

#include "base/error.h"

namespace holdfast::codec {
namespace {

const JsonOrigin kOrigin{.what = "read x"};

std::string typed(std::string_view type, std::string_view value) {
  return R"({"@type":")" + std::string(type) + R"(","@value":)" + std::string(value) + "}";
}

std::string canonical(const std::string& json) {
  std::string unknown, out;
  append_canonical(json, kOrigin, unknown, out);
  return out;
}

TEST(GraphCanonical, IsOneForAllFormsOfAValue) {
  const std::vector<std::vector<std::string>> same = {
      {"\"a/\xC3\xA4\"", R"("a\/\u00e4")", R"("\u0061/ä")"},
      {typed("g:Int32", "5"), "5", R"({"@value":5,"@type":"g:Int32"})",
       R"({ "@type" : "g:Int32", "@value" : 5 })"},
      {typed("g:Int64", "5"), R"({"@type": "g:Int64","@value":5})"},
      {typed("g:Double", "1.0"), typed("g:Double", "1"), typed("g:Double", "1e0"), "1.0"},
      {typed("g:Double", "0.1"), typed("g:Double", "0.1000000000000000055511151231257827")},
      {typed("g:Float", "1.1"), typed("g:Float", "1.10000002384185791015625")},
      {typed("gx:BigDecimal", "1.50"), typed("gx:BigDecimal", "1.5"),
       typed("gx:BigDecimal", "15E-1"), typed("gx:BigDecimal", "0.15e+1")},
      {typed("gx:BigDecimal", "100"), typed("gx:BigDecimal", "1E+2"),
       typed("gx:BigDecimal", "1E2")},
      {typed("gx:BigDecimal", "0"), typed("gx:BigDecimal", "0.00"), typed("gx:BigDecimal", "-0E5")},
      {typed("g:Set", R"(["a","b",1])"), typed("g:Set", R"([1,"b","a"])")},
      {typed("g:Map", R"(["a",1,"b",2])"), typed("g:Map", R"(["b",2,"a",1])")},
      {typed("x:Y", R"({"a":1,"b":[true,null]})"),
       typed("x:Y", R"({ "b":[ true,null],"\u0061":1.0})")},
  };
  std::set<std::string> all;
  for (const std::vector<std::string>& forms : same) {
    for (const std::string& form : forms) {
      EXPECT_EQ(canonical(form), canonical(forms.front())) << form;
    }
    EXPECT_TRUE(all.insert(canonical(forms.front())).second) << forms.front();
  }
}

TEST(GraphCanonical, DiffersForAllElse) {
  std::set<std::string> all;
  for (const std::string& json : {std::string("null"),
                                  std::string("true"),
                                  std::string("false"),
                                  std::string("\"\""),
                                  std::string("\"true\""),
                                  std::string("\"1\""),
                                  typed("g:Int32", "1"),
                                  typed("g:Int64", "1"),
                                  typed("g:Int64", "-1"),
                                  typed("g:Int64", "256"),
                                  typed("g:Double", "1"),
                                  typed("g:Float", "1"),
                                  typed("g:Double", "0.0"),
                                  typed("g:Double", "-0.0"),
                                  typed("g:Double", "\"NaN\""),
                                  typed("g:Double", "\"Infinity\""),
                                  typed("g:Double", "\"-Infinity\""),
                                  typed("g:Float", "\"NaN\""),
                                  typed("g:Date", "1"),
                                  typed("g:Timestamp", "1"),
                                  typed("gx:Byte", "1"),
                                  typed("gx:Int16", "1"),
                                  typed("gx:BigInteger", "1"),
                                  typed("gx:BigInteger", "-1"),
                                  typed("gx:BigDecimal", "1"),
                                  typed("gx:BigDecimal", "10"),
                                  typed("gx:Char", "\"1\""),
                                  typed("gx:Year", "1"),
                                  typed("g:List", "[]"),
                                  typed("g:Set", "[]"),
                                  typed("g:Map", "[]"),
                                  typed("g:List", "[1]"),
                                  typed("g:List", "[1,1]"),
                                  typed("g:List", "[1,2]"),
                                  typed("g:List", "[2,1]"),
                                  typed("g:Set", "[1,2]"),
                                  typed("g:Map", "[1,2]"),
                                  typed("g:Map", "[2,1]"),
                                  typed("g:List", "[\"ab\",\"c\"]"),
                                  typed("g:List", "[\"a\",\"bc\"]"),
                                  typed("g:List", typed("g:List", "[]").insert(0, "[") + "]"),
                                  typed("x:Y", "1"),
                                  typed("x:Z", "1"),
                                  typed("x:Y", "\"1\""),
                                  typed("x:Y", "[1]"),
                                  typed("x:Y", "[[],1]"),
                                  typed("x:Y", "[[1]]"),
                                  typed("x:Y", "{}"),
                                  typed("x:Y", "{\"a\":1}"),
                                  typed("x:Y", "null"),
                                  typed("x:Y", "true"),
                                  typed("x:Y", "false")}) {
    EXPECT_TRUE(all.insert(canonical(json)).second) << json;
  }
}

TEST(GraphCanonical, HasALetterForEveryTypeThatIsAText) {
  std::set<std::string> all;
  for (int i = int(GraphType::kDuration); i < int(GraphType::kOther); ++i) {
    EXPECT_TRUE(all.insert(canonical(typed(name_of(GraphType(i)), "\"2016\""))).second) << i;
  }
}

// Recorded hashes hang on these bytes.
TEST(GraphCanonical, HasTheDocumentedLayout) {
  EXPECT_EQ(canonical("\"ab\""),
            "s\x02"
            "ab");
  EXPECT_EQ(canonical(typed("g:Int64", "258")), std::string("l\x02\x01\0\0\0\0\0\0", 9));
  EXPECT_EQ(canonical(typed("g:Double", "1")), std::string("d\0\0\0\0\0\0\xF0\x3F", 9));
  EXPECT_EQ(canonical(typed("g:Double", "\"NaN\"")), std::string("d\0\0\0\0\0\0\xF8\x7F", 9));
  EXPECT_EQ(canonical(typed("g:Float", "\"NaN\"")), std::string("e\0\0\0\0\0\0\xF8\x7F", 9));
  EXPECT_EQ(canonical(typed("gx:BigDecimal", "-1.50")), "F\x06-15e-1");
  EXPECT_EQ(canonical(typed("g:Set", R"(["b","a"])")),
            "S\x02s\x01"
            "as\x01"
            "b");
  EXPECT_EQ(canonical(typed("g:Map", R"(["b",true,"a",null])")),
            "M\x02s\x01"
            "azs\x01"
            "bt");
  EXPECT_EQ(canonical(typed("x:Y", R"({"a":[1]})")),
            "E\x03x:Yo\x01s\x01"
            "aa\x01n\x03"
            "1e0");
  std::string count;
  append_canonical_count(300, count);
  EXPECT_EQ(count, "\xAC\x02");
}

TEST(GraphCanonical, TellsTheFirstUnknownType) {
  std::string unknown, out;
  append_canonical(typed("g:List", "[" + typed("x:A", "1") + "," + typed("x:B", "1") + "]"),
                   kOrigin, unknown, out);
  append_canonical(typed("x:C", "1"), kOrigin, unknown, out);
  EXPECT_EQ(unknown, "x:A");
}

TEST(GraphCanonical, RefusesWhatHoldsTheSameTwice) {
  for (const std::string& json :
       {typed("g:Set", "[1,2,1]"), typed("g:Set", R"(["a","\u0061"])"),
        typed("g:Map", R"(["a",1,"b",2,"a",3])"), typed("g:Map", R"(["a",1,"a",1])"),
        typed("x:Y", R"({"a":1,"\u0061":2})")}) {
    EXPECT_THROW(canonical(json), Corrupt) << json;
  }
}

TEST(GraphCanonical, SaysWhereAnUnknownTypeIsMalformed) {
  try {
    canonical(typed("x:Y", R"({"a":1,"a":2})"));
    ADD_FAILURE() << "it was taken";
  } catch (const Corrupt& error) {
    EXPECT_EQ(
        error.to_string(),
        "read x: in a value of type x:Y: an object has the same member twice (byte 13) (byte 38)");
  }
}

TEST(GraphCanonical, RefusesNumbersOutOfAllBounds) {
  EXPECT_THROW(canonical(typed("gx:BigDecimal", "1e9999999999")), Corrupt);
  EXPECT_THROW(canonical(typed("gx:BigDecimal", "1e-99999999999999999999")), Corrupt);
  EXPECT_THROW(canonical(typed("x:Y", "1e9999999999")), Corrupt);
  EXPECT_THROW(canonical(typed("g:Int32", "2147483648")), Corrupt);
  EXPECT_THROW(canonical(typed("g:Int64", "1.5")), Corrupt);
  EXPECT_THROW(canonical(typed("g:Double", "1e999")), Corrupt);
  EXPECT_EQ(canonical(typed("gx:BigDecimal", "1e2147483647")).substr(2), "1e2147483647");
}

}  // namespace
}  // namespace holdfast::codec
