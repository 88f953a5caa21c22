#include "datastore/elasticsearch/server.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace holdfast::datastore::es {
namespace {

using Json = nlohmann::json;

TEST(Reason, IsToldToItsEnd) {
  const Json error = {{"type", "repository_verification_exception"},
                      {"reason", "path [p] is not accessible on master node"},
                      {"caused_by",
                       {{"type", "i_o_exception"},
                        {"reason", "request failed"},
                        {"caused_by", {{"reason", "Access Denied (403)"}}}}}};
  EXPECT_EQ(reason_of(error), "path [p] is not accessible on master node: Access Denied (403)");
  EXPECT_EQ(reason_of("Incorrect HTTP method"), "Incorrect HTTP method");
  EXPECT_EQ(reason_of(Json{{"reason", "same"}, {"caused_by", {{"reason", "same"}}}}), "same");
  EXPECT_EQ(reason_of(nullptr), "");
}

TEST(Reason, OfACircleWithoutEndIsCutOff) {
  Json error = {{"reason", "innermost"}};
  for (int i = 0; i < 100; ++i) error = {{"reason", "outer"}, {"caused_by", error}};
  EXPECT_EQ(reason_of(error), "outer");
}

TEST(Paths, EncodeNamesAndPartLongLists) {
  EXPECT_EQ(in_path("<a-{now/d}>"), "%3Ca-%7Bnow%2Fd%7D%3E");
  std::vector<std::string> names;
  for (int i = 0; i < 40; ++i) names.emplace_back(250, 'a');
  const std::vector<std::string> paths = in_paths(names);
  EXPECT_GT(paths.size(), 1u);
  std::size_t told = 0;
  for (const std::string& path : paths) {
    EXPECT_LE(path.size(), 3000u);
    told += (path.size() + 1) / 251;
  }
  EXPECT_EQ(told, names.size());
}

TEST(Members, AreFailedWithTheirNameWhenTheyAreNotThere) {
  const Json json = {{"n", "12"}, {"m", 12}, {"t", "text"}, {"neg", -1}};
  EXPECT_EQ(number_in(json, "n"), 12u);
  EXPECT_EQ(number_in(json, "m"), 12u);
  EXPECT_THROW(number_in(json, "t"), Failed);
  EXPECT_THROW(number_in(json, "neg"), Failed);
  EXPECT_THROW(text_in(json, "m"), Failed);
  EXPECT_THROW(member(json, "x"), Failed);
  EXPECT_THROW(member(nullptr, "x"), Failed);
}

}  // namespace
}  // namespace holdfast::datastore::es
