// What a restore may touch: the server's own names in a folder that is a server's, nothing else.
#include "datastore/victoria_metrics/data_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "datastore/victoria_metrics/fixture_for_test.h"
#include "datastore/victoria_metrics/local.h"
#include "datastore/victoria_metrics/swap.h"
#include "datastore/victoria_metrics/walk.h"

namespace holdfast::datastore::vm {
namespace {

using ::testing::Contains;
using testing::DriverTest;
using ::testing::ElementsAre;
using testing::files_in;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::write_plain;

TEST(DataFolderTest, NamesOfTheServerAreThoseOfBackups) {
  for (const char* path : {"data", "data/small", "data/big/2026_11/x/values.bin", "indexdb",
                           "indexdb/T/parts.json", "data/indexdb/2026_11", "metadata/x"}) {
    EXPECT_TRUE(belongs_to_server(path)) << path;
  }
  for (const char* path :
       {"data/smaller", "data/mine/x", "dat", "indexdb2/x", "objects", "cache"}) {
    EXPECT_FALSE(belongs_to_server(path)) << path;
  }
}

TEST(DataFolderTest, NothingOrAServersFolderIsFineAndAnythingElseIsNot) {
  TemporaryFolder folder;
  const fs::path path = folder.path() / "d";
  EXPECT_EQ(not_a_data_folder_because(path), "");
  fs::create_directories(path / "lost+found");
  fs::create_directories(path / ".holdfast-restore/new");
  write_plain(path / ".holdfast.lock", "");
  EXPECT_EQ(not_a_data_folder_because(path), "");
  fs::create_directories(path / "tmp");
  EXPECT_THAT(not_a_data_folder_because(path), HasSubstr("tmp")) << "anybody's";
  write_plain(path / "flock.lock", "");
  EXPECT_EQ(not_a_data_folder_because(path), "") << "what a killed restore in place left";
  EXPECT_FALSE(is_data_folder(path));
  for (const char* file : {"wal/00001", "data/default/t/data.bin", "metadata/default.sql"}) {
    write_plain(path / file, "another program's");
    EXPECT_THAT(not_a_data_folder_because(path), HasSubstr("no data of VictoriaMetrics")) << file;
    fs::remove_all(path / fs::path(file).begin()->string());
  }
  write_plain(folder.path() / "file", "");
  EXPECT_THAT(not_a_data_folder_because(folder.path() / "file"), HasSubstr("no folder"));
}

TEST(DataFolderTest, EveryGenerationOfTheLayoutIsKnown) {
  for (const char* file :
       {"data/small/2026_11/parts.json", "data/big/x", "indexdb/T/parts.json",
        "data/indexdb/2026_11/parts.json", "metadata/minTimestampForCompositeIndex"}) {
    TemporaryFolder folder;
    write_plain(folder.path() / file, "");
    write_plain(folder.path() / "objects/of/somebody", "");
    EXPECT_TRUE(is_data_folder(folder.path())) << file;
    EXPECT_EQ(not_a_data_folder_because(folder.path()), "") << file;
  }
}

TEST(WalkLiveDataTest, FollowsNoLinkAndEntersOnlyWhatIsTheServers) {
  TemporaryFolder folder;
  write_plain(folder.path() / "outside/values.bin", "");
  for (const char* file :
       {"v/data/small/x/values.bin", "v/data/mine/x", "v/objects/x", "v/cache/x", "v/metadata/x"}) {
    write_plain(folder.path() / file, "");
  }
  fs::create_directory_symlink("../../../outside", folder.path() / "v/data/small/linked");
  fs::create_directory_symlink("../outside", folder.path() / "v/indexdb");
  Walk walk(folder.path() / "v", WalkOf::kLiveData);
  std::vector<std::string> found;
  while (auto file = walk.next()) found.push_back(file->relative);
  EXPECT_THAT(found, ElementsAre("data/small/x/values.bin", "metadata/x"));
}

class RestoreTouchesTest : public DriverTest {
 protected:
  RestoreTouchesTest() {
    part_ = volume().add_part("2026_10", 1, 30);
    backed_up_ = files_in(volume().path());
    name_ = backup().name;
    volume().add_part("2026_11", 1, 5);
  }
  RestorePlan plan(RestoreMode mode) { return store_->plan(context_, {name_, mode, {}, false}); }

  std::string part_, name_;
  testing::Files backed_up_;
};

TEST_F(RestoreTouchesTest, InPlaceNothingBehindALink) {
  const fs::path live = volume().path(), outside = folder_.path() / "outside";
  // Names that the backup has, and names that it does not have.
  fs::rename(live / part_, outside);
  write_plain(outside / "mine", "precious");
  fs::create_directory_symlink(outside, live / part_);
  fs::create_directory_symlink(outside, live / "data/big/2026_01");
  fs::create_directory_symlink(outside, live / "indexdb/18EC000000000000");
  fs::create_symlink(outside / "mine", live / "metadata/link");
  const std::string values = read_file(outside / "values.bin", 1 << 20);
  restore(name_, RestoreMode::kInPlace);
  EXPECT_EQ(files_in(live), backed_up_);
  EXPECT_FALSE(fs::is_symlink(live / part_));
  EXPECT_FALSE(fs::is_symlink(fs::symlink_status(live / "data/big/2026_01")));
  EXPECT_EQ(read_file(outside / "mine", 100), "precious");
  EXPECT_EQ(read_file(outside / "values.bin", 1 << 20), values);
}

TEST_F(RestoreTouchesTest, WhatIsNotTheServersStays) {
  const fs::path live = volume().path();
  for (RestoreMode mode : {RestoreMode::kInPlace, RestoreMode::kStaged}) {
    volume().add_part("2026_11", 1, 5);
    for (const char* file : {"objects/bucket/data/small/x", "mine", "lost+found/x"}) {
      write_plain(live / file, "precious");
    }
    fs::create_directory_symlink(live / "objects", live / "alias");
    restore(name_, mode);
    EXPECT_EQ(files_in(live), backed_up_);
    for (const char* file : {"objects/bucket/data/small/x", "mine", "lost+found/x"}) {
      EXPECT_EQ(read_file(live / file, 100), "precious") << file;
    }
    EXPECT_TRUE(fs::is_symlink(live / "alias"));
    fs::remove(live / "alias");
  }
}

// A swap exchanges `data` as a whole.
TEST_F(RestoreTouchesTest, AStrangerInsideDataStopsASwapAndStaysInPlace) {
  write_plain(volume().path() / "data/mine/x", "precious");
  EXPECT_THAT(plan(RestoreMode::kStaged).conflicts, ElementsAre(HasSubstr("data/mine")));
  EXPECT_THROW(restore(name_), Refused);
  restore(name_, RestoreMode::kInPlace);
  EXPECT_EQ(read_file(volume().path() / "data/mine/x", 100), "precious");
}

TEST_F(RestoreTouchesTest, AFolderOfSomethingElseIsRefused) {
  TemporaryFolder other;
  write_plain(other.path() / "store/abc/data.bin", "precious");
  write_plain(other.path() / "data/default/x", "precious");
  options_.data_path = other.path();
  remake();
  for (RestoreMode mode : {RestoreMode::kStaged, RestoreMode::kInPlace}) {
    EXPECT_THAT(plan(mode).conflicts, ElementsAre(HasSubstr("no data of VictoriaMetrics")));
    EXPECT_THROW(restore(name_, mode), Refused);
  }
  EXPECT_EQ(read_file(other.path() / "data/default/x", 100), "precious");
  EXPECT_FALSE(fs::exists(other.path() / ".holdfast.lock"));
  EXPECT_FALSE(fs::exists(other.path() / "flock.lock"));
  EXPECT_FALSE(fs::exists(other.path() / kInProgressName));
}

TEST_F(RestoreTouchesTest, ANameOfNoServerInABackupNeverReplacesWhatIsThere) {
  std::string name = "vm-20261101000000";
  vmbackup(name);
  put(name, "objects/x/0000000000000001_0000000000000000_0000000000000001", "y");
  write_plain(volume().path() / "objects/mine", "precious");
  for (RestoreMode mode : {RestoreMode::kStaged, RestoreMode::kInPlace}) {
    EXPECT_THAT(store_->plan(context_, {name, mode, {}, false}).conflicts,
                ElementsAre(HasSubstr("move it away")));
  }
  fs::remove_all(volume().path() / "objects");
  restore(name);
  EXPECT_EQ(read_file(volume().path() / "objects/x", 100), "y");
}

}  // namespace
}  // namespace holdfast::datastore::vm
