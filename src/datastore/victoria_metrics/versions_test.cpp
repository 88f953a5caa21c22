// Which version a run continues, what is read of folders that others wrote, and what is removed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zstd.h>

#include "datastore/victoria_metrics/fixture_for_test.h"

namespace holdfast::datastore::vm {
namespace {

using ::testing::Contains;
using testing::DriverTest;
using ::testing::ElementsAre;
using testing::files_in;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class VersionsTest : public DriverTest {
 protected:
  void later() { clock_.advance(std::chrono::hours(1)); }
  std::vector<std::string> names() {
    std::vector<std::string> out;
    for (const auto& entry : store_->list(context_)) out.push_back(entry.name);
    return out;
  }
};

TEST_F(VersionsTest, AnEmptiedVolumeStartsOneNewVersionAndTheOldOneStays) {
  volume().add_part("2026_11", 1, 3);
  auto before = files_in(volume().path());
  std::string first = backup().name;
  use_volume("emptied", "18EA700000000000");
  remake();
  later();
  BackupOutcome second = backup();
  EXPECT_GT(second.name, first);
  EXPECT_THAT(second.warnings, ElementsAre(HasSubstr("no samples")));
  later();
  EXPECT_FALSE(backup().changed) << "an empty storage that stays empty starts no further version";
  use_volume("emptied again", "18EA800000000000");
  remake();
  later();
  EXPECT_EQ(backup().name, second.name);
  later();
  volume().add_part("2026_11", 22, 22);
  EXPECT_EQ(backup().name, second.name);
  EXPECT_THAT(names(), ElementsAre(first, second.name));
  EXPECT_EQ(restored(first), before);
}

TEST_F(VersionsTest, AReplacedVolumeStartsANewVersion) {
  volume().add_part("2026_11", 1, 3);
  std::string first = backup().name;
  use_volume("other", "18EB700000000000");
  volume().add_part("2026_11", 1, 3);
  remake();
  later();
  BackupOutcome outcome = backup();
  EXPECT_GT(outcome.name, first);
  EXPECT_THAT(outcome.warnings, ElementsAre(HasSubstr("index tables")));
}

TEST_F(VersionsTest, SamplesThatVanishedUnexplainedStartANewVersion) {
  std::string gone = volume().add_part("2026_10", 1, 30);
  volume().add_part("2026_09", 1, 30);
  volume().add_part("2026_11", 1, 3);
  auto before = files_in(volume().path());
  std::string first = backup().name;
  volume().remove(gone);
  later();
  BackupOutcome outcome = backup();
  EXPECT_GT(outcome.name, first);
  EXPECT_THAT(outcome.warnings, ElementsAre(HasSubstr("2026_10")));
  EXPECT_EQ(restored(first), before);
  later();
  EXPECT_EQ(backup().name, outcome.name);
}

TEST_F(VersionsTest, VmbackupsBackupIsListedRestoredAndContinued) {
  std::string merged = volume().add_part("2026_11", 1, 3);
  std::string name = "vm-20261101000000";
  vmbackup(name);
  auto list = store_->list(context_);
  ASSERT_THAT(list, SizeIs(1));
  EXPECT_TRUE(list[0].complete);
  EXPECT_EQ(list[0].details["made_by"], "vmbackup");
  EXPECT_EQ(restored(name), files_in(volume().path()));
  EXPECT_EQ(store_->recorded(context_, name), std::nullopt);

  volume().remove(merged);
  volume().add_part("2026_11", 1, 5);
  BackupOutcome outcome = backup();
  EXPECT_EQ(outcome.name, name);
  EXPECT_EQ(outcome.objects_sent, 5u);
  EXPECT_EQ(restored(name), files_in(volume().path()));
  VerifyReport report = store_->verify(context_, {name, true}, progress_);
  EXPECT_THAT(report.problems, IsEmpty());
  EXPECT_EQ(report.objects - report.objects_without_checksum, 6u)
      << "the new part and one in place";
}

TEST_F(VersionsTest, AnUnchangedBackupOfVmbackupsGetsItsManifestWithoutBeingSentAgain) {
  volume().add_part("2026_11", 1, 3);
  for (std::string marker : {"ok", ""}) {  // as 1.79 and 1.122 write it
    std::string name = "vm-20261101000000";
    vmbackup(name, marker);
    BackupOutcome outcome = backup();
    EXPECT_EQ(outcome.name, name);
    EXPECT_EQ(outcome.objects_sent, 0u);
    EXPECT_TRUE(parse_marker(get(name, kMarkerName)));
    EXPECT_EQ(restored(name), files_in(volume().path()));
  }
}

TEST_F(VersionsTest, WhatVmbackupWroteLaterWinsOverAnOlderManifest) {
  volume().add_part("2026_11", 1, 3);
  std::string name = backup().name;
  volume().add_part("2026_11", 4, 5);
  volume().write("metadata/minTimestampForCompositeIndex", "87654321");
  vmbackup(name);
  EXPECT_EQ(restored(name), files_in(volume().path()));
}

// vmbackup killed right after it dropped the marker: the manifest's state is still whole.
TEST_F(VersionsTest, WithoutAMarkerTheManifestCountsWhileItsObjectsAreThere) {
  volume().add_part("2026_11", 1, 3);
  std::string name = backup().name;
  erase(name, kMarkerName);
  EXPECT_EQ(restored(name), files_in(volume().path()));
  auto list = store_->list(context_);
  EXPECT_TRUE(list[0].complete);
  EXPECT_TRUE(list[0].completed);
  erase(name, key_with(name, "values.bin"));
  list = store_->list(context_);
  EXPECT_FALSE(list[0].complete);
  EXPECT_THAT(list[0].broken_because, HasSubstr("values.bin"));
}

TEST_F(VersionsTest, OurMarkerThatNamesAnotherManifestIsNoMarker) {
  volume().add_part("2026_11", 1, 3);
  std::string name = backup().name;
  put(name, kMarkerName, Marker{std::string(64, 'b'), "beef"}.text());
  put(name, "data/small/2026_11/x/values.bin/0000000000000001_0000000000000000_0000000000000001",
      "x");
  EXPECT_EQ(restored(name), files_in(volume().path()));
  BackupOutcome outcome = backup();
  EXPECT_EQ(outcome.objects_removed, 1u);
  EXPECT_EQ(outcome.name, name);
}

TEST_F(VersionsTest, ATornMarkerOfOursIsNoMarkerAndNeverVmbackups) {
  volume().add_part("2026_11", 1, 3);
  std::string name = backup().name;
  put(name, kMarkerName, get(name, kMarkerName).substr(0, 40));
  put(name, "data/small/2026_11/x/values.bin/0000000000000001_0000000000000000_0000000000000001",
      "x");
  EXPECT_EQ(restored(name), files_in(volume().path()));
  EXPECT_TRUE(store_->list(context_)[0].complete);
  EXPECT_EQ(store_->list(context_)[0].details["made_by"], "holdfast");
}

TEST_F(VersionsTest, AFolderWithoutWhatEverySnapshotHoldsIsBrokenAndNothingIsTouched) {
  volume().add_part("2026_11", 1, 3);
  const auto live = files_in(volume().path());
  std::string name = "vm-20261101000000";
  auto expect_broken = [&](const char* why) {
    auto list = store_->list(context_);
    ASSERT_THAT(list, SizeIs(1));
    EXPECT_FALSE(list[0].complete) << why;
    EXPECT_THAT(list[0].broken_because, HasSubstr(why));
    EXPECT_THAT(store_->verify(context_, {name, false}, progress_).problems,
                ElementsAre(HasSubstr(why)));
    EXPECT_THROW(restore(name), Corrupt);
    EXPECT_THROW(restore(name, RestoreMode::kInPlace), Corrupt);
    EXPECT_EQ(files_in(volume().path()), live);
  };
  put(name, kMarkerName, "ok");
  expect_broken("metadata/minTimestampForCompositeIndex is missing");
  vmbackup(name);
  for (const std::string& key : keys_in(name)) {
    if (key.starts_with("indexdb/")) erase(name, key);
  }
  expect_broken("indexdb is missing");
  BackupOutcome outcome = backup();
  EXPECT_EQ(restored(outcome.name), live);
}

TEST_F(VersionsTest, WhatVmbackupMakesOfAnEmptyServerIsWhole) {
  std::string name = "vm-20261101000000";
  vmbackup(name);
  for (const std::string& key : keys_in(name)) {
    if (key.find("/7_1_") != std::string::npos) erase(name, key);
  }
  EXPECT_THAT(keys_in(name), SizeIs(4)) << "the index tables, the smallest start time, the marker";
  EXPECT_THAT(store_->verify(context_, {name, true}, progress_).problems, IsEmpty());
  EXPECT_TRUE(store_->list(context_)[0].complete);
  EXPECT_THAT(restored(name), SizeIs(3));
}

TEST_F(VersionsTest, ABackupOfAnotherInstanceIsNeitherListedNorContinuedNorRemoved) {
  volume().add_part("2026_11", 1, 3);
  std::string name = backup().name;
  options_.instance = "victoria-metrics-1";
  remake();
  EXPECT_THAT(names(), IsEmpty());
  EXPECT_THROW(store_->remove(context_, name, fence_), Refused);
  EXPECT_THAT(
      store_->plan(context_, {name, RestoreMode::kScratch, folder_.path() / "s", false}).warnings,
      Contains(HasSubstr("made of victoria-metrics-0")));
  std::string other = backup().name;
  EXPECT_GT(other, name);
  EXPECT_THAT(names(), ElementsAre(other));
}

TEST_F(VersionsTest, WhatAKilledRunLeftBesideTheBackupIsAWarningAndEveryLineIsCounted) {
  volume().add_part("2026_11", 1, 3);
  std::string name = backup().name;
  put(name, "data/small/2026_11/x/values.bin/0000000000000001_0000000000000000_0000000000000001",
      "x");
  put(name, key_with(name, "minTimestamp"), "87654321");
  VerifyReport report = store_->verify(context_, {name, true}, progress_);
  EXPECT_THAT(report.problems, IsEmpty());
  EXPECT_THAT(report.warnings, ElementsAre(HasSubstr("x/values.bin"), HasSubstr("minTimestamp")));
  for (int i = 0; i < 30; ++i) volume().add_part("2026_11", 1, 3);
  backup();
  std::size_t erased = 0;
  for (const std::string& key : keys_in(name)) {
    if (!key.starts_with("data/")) continue;
    erase(name, key);
    ++erased;
  }
  report = store_->verify(context_, {name, false}, progress_);
  EXPECT_EQ(report.problems.size() + report.more_problems, erased);
  EXPECT_GT(report.more_problems, 0u);
}

// The backup removes an object that the manifest read before still names.
TEST_F(VersionsTest, ABackupThatCommitsDuringADeepVerifyIsNoProblem) {
  std::string merged = volume().add_part("2026_11", 1, 3);
  std::string name = backup().name;
  bool once = true;
  fail_ = [&](std::string_view verb, const storage::ObjectRef& ref) {
    if (!once || verb != "get" || ref.key.find("values.bin") == std::string::npos) return;
    once = false;
    mutex_.unlock();
    volume().remove(merged);
    volume().add_part("2026_11", 1, 4);
    backup();
    mutex_.lock();
  };
  EXPECT_THAT(store_->verify(context_, {name, true}, progress_).problems, IsEmpty());
  EXPECT_FALSE(once);
}

TEST_F(VersionsTest, HalfAManifestIsCorruptAndTheNextRunMendsIt) {
  volume().add_part("2026_11", 1, 3);
  std::string name = backup().name;
  std::string manifest = get(name, kManifestName);
  for (const std::string& bad : {manifest.substr(0, manifest.size() / 2), std::string(),
                                 manifest.substr(0, manifest.size() - 1) + "x"}) {
    put(name, kManifestName, bad);
    EXPECT_THROW(restored(name), Corrupt);
    EXPECT_THAT(store_->verify(context_, {name, false}, progress_).problems,
                ElementsAre(HasSubstr("manifest")));
  }
  later();
  BackupOutcome outcome = backup();
  EXPECT_EQ(outcome.name, name);
  EXPECT_EQ(outcome.objects_sent, 0u);
  EXPECT_EQ(restored(name), files_in(volume().path()));
}

TEST_F(VersionsTest, ANewerFormatIsNeitherReadNorContinued) {
  volume().add_part("2026_11", 1, 3);
  std::string name = backup().name;
  const std::string json = "{\"format\":2,\"min_reader\":2}\n";
  std::string frame(ZSTD_compressBound(json.size()), '\0');
  frame.resize(ZSTD_compress(frame.data(), frame.size(), json.data(), json.size(), 3));
  put(name, kManifestName, frame);
  EXPECT_THROW(restored(name), Unsupported);
  EXPECT_THROW(backup(), Unsupported);
  auto list = store_->list(context_);
  EXPECT_FALSE(list[0].complete);
  EXPECT_THAT(list[0].broken_because, HasSubstr("format 2"));
}

TEST_F(VersionsTest, ListsEveryFolderOfTheInstanceAndNobodyElses) {
  volume().add_part("2026_11", 1, 3);
  std::string name = backup().name;
  vmbackup("vm-latest");
  vmbackup("vm");
  put("vmx-20261101000000", "backup_complete.ignore", "ok");
  put("other/vm-20261101000000", "backup_complete.ignore", "ok");
  put("vm-half", "data/x/0000000000000001_0000000000000000_0000000000000001", "x");
  auto list = store_->list(context_);
  ASSERT_THAT(names(), ElementsAre("vm", name, "vm-half", "vm-latest"));
  EXPECT_TRUE(list[0].complete);
  EXPECT_FALSE(list[2].complete);
  EXPECT_TRUE(list[3].complete);
  EXPECT_EQ(restored("vm-latest"), files_in(volume().path()));
}

TEST_F(VersionsTest, ADatedCopyIsMadeByTheStorageAndNeverContinued) {
  volume().add_part("2026_11", 1, 3);
  std::string name = backup().name;
  auto before = files_in(volume().path());
  later();
  reset_counts();
  BackupOutcome copy = backup(BackupKind::kDatedCopy);
  EXPECT_GT(copy.name, name);
  EXPECT_THAT(requests(), Contains("copy data").Times(int(before.size()) - 1));
  EXPECT_THAT(requests(), Contains("put data").Times(1)) << "the file that changes in place";
  volume().add_part("2026_11", 4, 5);
  later();
  remake();  // a new process does not remember what is a copy
  EXPECT_EQ(backup().name, name);
  EXPECT_EQ(restored(copy.name), before);
  auto list = store_->list(context_);
  EXPECT_EQ(list[0].kind, "version");
  EXPECT_EQ(list[1].kind, "copy");
  EXPECT_EQ(list[1].parent, name);
  EXPECT_EQ(store_->recorded(context_, copy.name)->counts.at("rows"), 1000u);
}

TEST_F(VersionsTest, ACopyThatWasKilledHalfWayIsNeverContinuedAndGoesWithTheNextCopy) {
  volume().add_part("2026_11", 1, 3);
  std::string name = backup().name;
  later();
  fail_ = [](std::string_view verb, const storage::ObjectRef& ref) {
    if (verb == "put" && ref.key.ends_with(kManifestName)) throw AccessDenied("put", "by a test");
  };
  EXPECT_THROW(backup(BackupKind::kDatedCopy), AccessDenied);
  fail_ = nullptr;
  remake();
  volume().add_part("2026_11", 4, 5);
  EXPECT_EQ(backup().name, name);
  auto list = store_->list(context_);
  ASSERT_THAT(list, SizeIs(2));
  EXPECT_EQ(list[1].kind, "copy");
  EXPECT_FALSE(list[1].complete);
  later();
  std::string copy = backup(BackupKind::kDatedCopy).name;
  EXPECT_THAT(names(), ElementsAre(name, copy));
}

TEST_F(VersionsTest, NothingToCopyIsNotFound) {
  EXPECT_THROW(backup(BackupKind::kDatedCopy), NotFound);
}

TEST_F(VersionsTest, RemovalTakesTheMarkerFirstAndTheManifestLastAndCanBeFinished) {
  volume().add_part("2026_11", 1, 3);
  std::string name = backup().name;
  put(name, "backup_metadata.ignore", "{}");
  fail_ = [](std::string_view verb, const storage::ObjectRef& ref) {
    if (verb == "remove" && !ref.key.ends_with(kMarkerName))
      throw AccessDenied("remove", "by a test");
  };
  EXPECT_THROW(store_->remove(context_, name, fence_), AccessDenied);
  EXPECT_THAT(keys_in(name), Not(Contains(std::string(kMarkerName))));
  fail_ = nullptr;
  reset_counts();
  store_->remove(context_, name, fence_);
  auto asked = requests_;  // in their order
  EXPECT_THAT(asked,
              ElementsAre("list folder", "get manifest", "get marker", "remove marker",
                          "list folder", "remove data", "remove manifest", "remove copy mark"));
  EXPECT_THAT(keys_in(name), IsEmpty());
  EXPECT_THROW(store_->remove(context_, name, fence_), NotFound);
  EXPECT_THROW(store_->remove(context_, "somebody-else", fence_), NotFound);
}

TEST_F(VersionsTest, ANewVersionIsTheNewestByNameAlsoWhenTheClockWentBack) {
  volume().add_part("2026_11", 1, 3);
  std::string first = backup().name;
  clock_.jump_wall(-std::chrono::hours(48));
  std::string second = backup(BackupKind::kFull).name;
  EXPECT_GT(second, first);
  EXPECT_EQ(backup().name, second);
}

TEST_F(VersionsTest, ABackupThatCommitsWhileAVersionIsVerifiedIsNoProblem) {
  std::string merged = volume().add_part("2026_11", 1, 3);
  std::string name = backup().name;
  bool once = true;
  hooks_->after = [&](std::string_view verb, const storage::ObjectRef& ref) {
    if (!once || verb != "get" || !ref.key.ends_with(kManifestName)) return;
    once = false;
    volume().remove(merged);
    volume().add_part("2026_11", 1, 4);
    backup();
  };
  EXPECT_THAT(store_->verify(context_, {name, false}, progress_).problems, IsEmpty());
  EXPECT_FALSE(once);
}

TEST_F(VersionsTest, FilesInSeveralPiecesAreRestoredAndContinuedInOne) {
  std::string part = volume().add_part("2026_11", 1, 3);
  std::string name = "vm-20261101000000";
  vmbackup(name);
  std::string whole = key_with(name, part + "/values.bin");
  std::string content = get(name, whole);
  erase(name, whole);
  auto put_piece = [&](std::uint64_t offset, std::uint64_t size) {
    Piece piece{part + "/values.bin", content.size(), offset, size};
    put(name, piece.name(), content.substr(offset, size));
  };
  put_piece(0, 7);
  put_piece(7, content.size() - 7);
  EXPECT_EQ(restored(name), files_in(volume().path()));
  restore(name, RestoreMode::kInPlace);
  EXPECT_EQ(restored(name), files_in(volume().path()));
  BackupOutcome outcome = backup();
  EXPECT_EQ(outcome.objects_removed, 2u);
  EXPECT_EQ(get(name, whole), content);
  EXPECT_EQ(restored(name), files_in(volume().path()));
}

TEST_F(VersionsTest, AMissingBucketIsToldAsSuch) {
  options_.bucket = "no-such-bucket";
  remake();
  const std::vector<std::function<void()>> calls = {
      [&] { store_->list(context_); }, [&] { backup(); }, [&] { restored("vm-20261101000000"); }};
  for (const auto& call : calls) {
    try {
      call();
      FAIL() << "there is no such bucket";
    } catch (const NotFound& error) {
      EXPECT_EQ(error.code(), storage::kNoSuchBucket) << error.to_string();
    }
  }
  EXPECT_THAT(script_.created, IsEmpty());
}

}  // namespace
}  // namespace holdfast::datastore::vm
