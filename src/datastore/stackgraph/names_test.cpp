#include "datastore/stackgraph/names.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace holdfast::datastore::sg {
namespace {

TEST(Names, AreFilledIn) {
  const NameRules rules;
  EXPECT_EQ(name_at(rules, {2021, 2, 16, 3, 0, 59}), "sts-backup-20210216-0300.graph");
  EXPECT_EQ(name_at({.name_template = "a-$(date +%Y)-$(date +%j).graph"}, {2024, 12, 31}),
            "a-2024-366.graph");
  EXPECT_EQ(name_at({.name_template = "plain.graph"}, {}), "plain.graph");
}

TEST(Names, TellTheirTime) {
  const NameRules rules;
  EXPECT_EQ(date_in(rules, "sts-backup-20210216-0300.graph"), "20210216-0300");
  EXPECT_EQ(date_in(rules, "before-restore-sts-backup-20210216-0300.graph"), "20210216-0300");
  EXPECT_EQ(date_in(rules, "sts-backup--.graph"), "-");
  EXPECT_EQ(date_in(rules, "mine.graph"), std::nullopt);
  EXPECT_EQ(date_in(rules, "sts-backup-" + std::string(100'000, '1') + "-1.graph"), std::nullopt);
}

TEST(Names, OfExports) {
  const NameRules rules;
  EXPECT_TRUE(is_export(rules, "sts-backup-20210216-0300.graph"));
  EXPECT_TRUE(is_export(rules, "mine.graph"));
  EXPECT_FALSE(is_export(rules, ".graph"));
  EXPECT_FALSE(is_export(rules, "sts-backup-20210216-0300.graph.stackpacks.zip"));
  EXPECT_FALSE(is_export(rules, "notes.txt"));
  EXPECT_FALSE(is_export(rules, "a\nb.graph"));
  EXPECT_TRUE(is_export({.name_template = "x-$(date +%Y).v2"}, "x-2021.v2"));
}

TEST(Names, OfParts) {
  EXPECT_EQ(part_name("a.graph", 7), "a.graph.07");
  EXPECT_EQ(part_name("a.graph", 100), "a.graph.100");
  for (unsigned number : {0u, 7u, 99u, 100u, 9999u}) {
    auto part = parse_part(part_name("a.graph", number));
    ASSERT_TRUE(part);
    EXPECT_EQ(part->name, "a.graph");
    EXPECT_EQ(part->number, number);
  }
  for (const char* none : {"a.graph", "a.graph.7", "a.graph.007", "a.graph.10000", ".00", "a.0x"}) {
    EXPECT_FALSE(parse_part(none)) << none;
  }
}

TEST(Names, TellTimesOnlyWhenTheirRulesFit) {
  EXPECT_TRUE(names_tell_times({}));
  EXPECT_TRUE(names_tell_times({.name_template = "x-$(date +%Y-%m).graph",
                                .parse_regexp = "x-([0-9-]*)",
                                .datetime_format = "%Y-%m"}));
  EXPECT_FALSE(names_tell_times({.datetime_format = "%d-%m-%Y"}));
  EXPECT_FALSE(names_tell_times({.name_template = "fixed.graph"}));
  EXPECT_FALSE(names_tell_times({.name_template = "sts-backup-$(date +%d%m%Y-%H%M).graph",
                                 .datetime_format = "%d%m%Y-%H%M"}));
  EXPECT_FALSE(names_tell_times({.parse_regexp = "()"}));
  EXPECT_THROW(require_times_in_names({.name_template = "fixed.graph"}, "stackgraph"),
               InvalidArgument);
}

TEST(Names, RulesAreChecked) {
  check_rules({}, "key");
  EXPECT_THROW(check_rules({.parse_regexp = "no group"}, "key"), InvalidArgument);
  EXPECT_THROW(check_rules({.parse_regexp = "("}, "key"), InvalidArgument);
}

}  // namespace
}  // namespace holdfast::datastore::sg
