#include "datastore/clickhouse/restore_journal.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace holdfast::datastore::ch {
namespace {

using Phase = RestoreJournal::Phase;

TEST(RestoreJournal, RemembersEveryStepForTheNextProcess) {
  TemporaryFolder folder;
  RestoreJournal journal(folder.path());
  EXPECT_EQ(journal.read().phase, Phase::kNone);
  journal.begin({"full_1", "holdfast_restore_1", "holdfast_undo_1", {}, {"20261110"}});
  journal.will_create({"TABLE", {"otel", "größe`"}});
  EXPECT_EQ(RestoreJournal(folder.path()).read().phase, Phase::kStaging);
  journal.will_swap({{{"otel", "a"}, {"s", "t0"}, {}, {}},
                     {{"otel", "b"}, {"s", "t1"}, {"s", "old1"}, {{"otel", "v"}}}});
  const RestoreJournal::State state = RestoreJournal(folder.path()).read();
  EXPECT_EQ(state.phase, Phase::kSwapping);
  EXPECT_EQ(state.swap.backup, "full_1");
  EXPECT_EQ(state.swap.partitions, std::vector<std::string>{"20261110"});
  ASSERT_EQ(state.created.size(), 1u);
  EXPECT_EQ(state.created[0].name, (TableName{"otel", "größe`"}));
  ASSERT_EQ(state.swap.tables.size(), 2u);
  EXPECT_FALSE(state.swap.tables[0].renames());
  EXPECT_EQ(state.swap.tables[1].aside, (TableName{"s", "old1"}));
  EXPECT_EQ(state.swap.tables[1].views, (std::vector<TableName>{{"otel", "v"}}));
  journal.will_undo();
  EXPECT_EQ(RestoreJournal(folder.path()).read().phase, Phase::kUndoing);
  journal.will_clear(true);
  EXPECT_EQ(RestoreJournal(folder.path()).read().phase, Phase::kClearing);
  EXPECT_TRUE(RestoreJournal(folder.path()).read().keeps_created);
  journal.clear();
  EXPECT_EQ(RestoreJournal(folder.path()).read().phase, Phase::kNone);
}

TEST(RestoreJournal, OfAnUnknownStepIsCorrupt) {
  TemporaryFolder folder;
  FileJournal(folder.path() / ".holdfast-restore.journal").append("{\"step\":\"fly\"}");
  EXPECT_THROW(RestoreJournal(folder.path()).read(), Corrupt);
  FileJournal(folder.path() / ".holdfast-restore.journal").append("no json");
  EXPECT_THROW(RestoreJournal(folder.path()).read(), Corrupt);
}

}  // namespace
}  // namespace holdfast::datastore::ch
