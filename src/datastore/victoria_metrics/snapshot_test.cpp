#include "datastore/victoria_metrics/snapshot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "datastore/victoria_metrics/testing.h"

namespace holdfast::datastore::vm {
namespace {

using ::testing::ElementsAre;
using testing::FakeServer;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::ServerScript;
using testing::Volume;

class SnapshotTest : public ::testing::Test {
 protected:
  SnapshotTest() {
    volume_.add_part("2026_11", 1, 2);
    script_.volume = &volume_;
  }
  Snapshot take() { return Snapshot::take(context_, server_, volume_.path()); }
  bool noted() const { return fs::exists(volume_.path() / ".holdfast-snapshot"); }
  std::vector<std::string> recover() {
    return remove_leaked_snapshot(context_, server_, volume_.path());
  }
  // What another tool made, or a killed run of ours.
  void add(const std::string& name) {
    volume_.snapshot(name);
    script_.snapshots.insert(name);
  }
  void note(const std::string& json) {
    write_file_durably(volume_.path() / ".holdfast-snapshot", json);
  }

  TemporaryFolder folder_;
  Volume volume_{folder_.path() / "v"};
  FakeClock clock_{parse_rfc3339("2026-11-22T14:31:20.750Z")};
  Context context_ = Context::with_clock(clock_);
  ServerScript script_;
  FakeServer server_{script_};
};

TEST_F(SnapshotTest, IsNotedWhileItExistsAndGoneAfterwards) {
  {
    Snapshot snapshot = take();
    EXPECT_TRUE(fs::is_directory(snapshot.folder()));
    EXPECT_THAT(read_file(volume_.path() / ".holdfast-snapshot", 1000), HasSubstr(snapshot.name()));
  }
  EXPECT_THAT(script_.snapshots, IsEmpty());
  EXPECT_FALSE(noted());
}

TEST_F(SnapshotTest, IsDeletedOnceOnlyAlsoWhenMoved) {
  {
    Snapshot snapshot = take();
    Snapshot moved = std::move(snapshot);
    moved.remove(context_);
  }
  EXPECT_EQ(script_.removed.size(), 1u);
}

TEST_F(SnapshotTest, IsDeletedAlsoWhenTheRunWasCancelled) {
  {
    Context cancelled = context_.cancellable();
    Snapshot snapshot = Snapshot::take(cancelled, server_, volume_.path());
    cancelled.cancel();
  }
  EXPECT_THAT(script_.snapshots, IsEmpty());
}

TEST_F(SnapshotTest, WhatCannotBeDeletedIsLeftToTheNextRun) {
  script_.fails_to_remove = true;
  {
    Snapshot snapshot = take();
  }
  EXPECT_TRUE(noted());
  EXPECT_THAT(recover(), ElementsAre(HasSubstr("may be left")));
  EXPECT_TRUE(noted());
  script_.fails_to_remove = false;
  EXPECT_THAT(recover(), ElementsAre(HasSubstr("deleted snapshot")));
  EXPECT_THAT(script_.snapshots, IsEmpty());
  EXPECT_FALSE(noted());
}

TEST_F(SnapshotTest, NobodyElsesIsEverDeleted) {
  add("20261122143119-18EA000000000001");
  add("20261122143120-18EA000000000002");
  {
    Snapshot snapshot = take();
  }
  EXPECT_THAT(recover(), IsEmpty());
  EXPECT_EQ(script_.snapshots.size(), 2u);
}

TEST_F(SnapshotTest, AfterAKillBetweenTheAnswerAndTheNoteItIsFoundByItsTime) {
  add("20261122143119-18EA000000000001");
  note(R"({"format":1,"asked":"2026-11-22T14:31:20.750Z",)"
       R"("before":["20261122143119-18EA000000000001"]})");
  add("20261122143121-18EA000000000002");  // ours
  add("20261122143200-18EA000000000003");  // made later by somebody else
  EXPECT_THAT(recover(), ElementsAre(HasSubstr("20261122143121-18EA000000000002")));
  EXPECT_THAT(script_.snapshots,
              ElementsAre("20261122143119-18EA000000000001", "20261122143200-18EA000000000003"));
  EXPECT_FALSE(noted());
}

TEST_F(SnapshotTest, WhenTwoFitNoneIsTouched) {
  std::vector<std::string> now = {"20261122143120-AA", "20261122143121-AB"};
  WallTime asked = parse_rfc3339("2026-11-22T14:31:20Z");
  EXPECT_EQ(made_by_dead_run(asked, {}, now), std::nullopt);
  EXPECT_EQ(made_by_dead_run(asked, {now[0]}, now), now[1]);
  EXPECT_EQ(made_by_dead_run(asked, {now[0], now[1]}, now), std::nullopt);
  EXPECT_EQ(made_by_dead_run(asked, {}, {"20261122143119-AA"}), std::nullopt);
  EXPECT_EQ(made_by_dead_run(asked, {}, {"20261122143126-AA"}), std::nullopt);
  EXPECT_EQ(made_by_dead_run(asked, {}, {"not a snapshot"}), std::nullopt);
}

TEST_F(SnapshotTest, AServerThatIsDownKeepsTheNote) {
  {
    Snapshot snapshot = take();
  }
  note(R"({"format":1,"name":"20261122143120-18EA000000000009"})");
  script_.reachable = false;
  EXPECT_THAT(recover(), ElementsAre(HasSubstr("may be left")));
  EXPECT_TRUE(noted());
}

TEST_F(SnapshotTest, ANoteThatNobodyCanReadIsRemoved) {
  for (const char* bad : {"", "{", "[]", R"({"name":7})", R"({"asked":7})"}) {
    note(bad);
    recover();
    EXPECT_FALSE(noted()) << bad;
  }
  EXPECT_THAT(script_.removed, IsEmpty());
}

TEST_F(SnapshotTest, AnotherServersFolderIsRefusedAndItsSnapshotDeleted) {
  TemporaryFolder other;
  EXPECT_THROW(Snapshot::take(context_, server_, other.path()), Refused);
  EXPECT_THAT(script_.snapshots, IsEmpty());
  EXPECT_THROW(Snapshot::take(context_, server_, other.path() / "missing"), Refused);
}

}  // namespace
}  // namespace holdfast::datastore::vm
