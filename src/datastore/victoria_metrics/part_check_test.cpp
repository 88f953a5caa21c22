#include "datastore/victoria_metrics/part_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::datastore::vm {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::string kOld =
    "data/small/2026_11/940_1_20261101122000.000_20261102035900.000_18EA644FDEC5DF1A/";
const std::string kNew = "data/big/2026_11/18EA644FDEC5DF1A/";

void add_data_part(PartCheck& check, const std::string& folder) {
  for (const char* file : {"index.bin", "metaindex.bin", "timestamps.bin", "values.bin"}) {
    check.add_file(folder + file);
  }
}

TEST(PartCheckTest, WholePartsOfBothGenerationsAreGood) {
  PartCheck check;
  add_data_part(check, kOld);
  add_data_part(check, kNew);
  check.add_file(kNew + "metadata.json");
  for (const char* file :
       {"index.bin", "items.bin", "lens.bin", "metaindex.bin", "metadata.json"}) {
    check.add_file(std::string("indexdb/T/5_1_AA/") + file);
  }
  check.add_file("indexdb/T/converted-to-v1.28.0");
  EXPECT_THAT(check.problems(), IsEmpty());
}

TEST(PartCheckTest, NamesTheFileThatIsMissing) {
  PartCheck check;
  check.add_file(kOld + "index.bin");
  check.add_file(kOld + "metaindex.bin");
  check.add_file(kOld + "timestamps.bin");
  EXPECT_THAT(check.problems(), ElementsAre(kOld + "values.bin is missing"));
}

TEST(PartCheckTest, ANewPartNeedsItsMetadata) {
  PartCheck check;
  add_data_part(check, kNew);
  EXPECT_THAT(check.problems(), ElementsAre(kNew + "metadata.json is missing"));
}

TEST(PartCheckTest, ListedPartsMustBeThere) {
  PartCheck check;
  add_data_part(check, kNew);
  check.add_file(kNew + "metadata.json");
  check.add_part_list("data/small/2026_11/parts.json",
                      R"({"Small":["18EA000000000001"],"Big":["18EA644FDEC5DF1A"]})");
  check.add_part_list("indexdb/T/parts.json", R"(["18EA000000000002"])");
  EXPECT_THAT(check.problems(), ElementsAre("data/small/2026_11/18EA000000000001 is missing",
                                            "indexdb/T/18EA000000000002 is missing"));
}

TEST(PartCheckTest, HostileListsAreNotFollowed) {
  PartCheck check;
  check.add_part_list("data/small/2026_11/parts.json", "{{{");
  check.add_part_list("data/small/2026_10/parts.json", R"({"Small":7,"Big":[1,{}]})");
  EXPECT_THAT(check.problems(), ElementsAre("data/small/2026_11/parts.json is malformed"));
}

TEST(PartCheckTest, TellsEveryProblem) {
  PartCheck check;
  for (int i = 0; i < 100; ++i) {
    check.add_file("indexdb/T/5_1_" + std::to_string(i) + "/index.bin");
  }
  EXPECT_THAT(check.problems(), SizeIs(400));
}

}  // namespace
}  // namespace holdfast::datastore::vm
