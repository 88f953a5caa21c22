#include "datastore/victoria_metrics/layout.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace holdfast::datastore::vm {
namespace {

constexpr const char* kPartsJson =
    "data/small/2026_10/parts.json/00000000000000BF_0000000000000000_00000000000000BF";

TEST(PieceTest, NamesAreVmbackups) {
  Piece piece{"data/small/2026_10/parts.json", 0xBF, 0, 0xBF};
  EXPECT_EQ(piece.name(), kPartsJson);
  EXPECT_EQ(parse_piece(kPartsJson), piece);
}

TEST(PieceTest, RefusesWhatIsNoObjectOfABackup) {
  const std::string good = "00000000000000BF_0000000000000000_00000000000000BF";
  for (std::string bad :
       {std::string("backup_complete.ignore"), good, "/" + good, "../" + good, "a/../b/" + good,
        "a//b/" + good, "./a/" + good, "a/" + good.substr(1), "a/" + good + "0",
        std::string("a/00000000000000bf_0000000000000000_00000000000000BF"),
        std::string("a/00000000000000BF_0000000000000000"),
        std::string("a/0000000000000001_0000000000000002_0000000000000000"),
        std::string("a/0000000000000001_0000000000000001_0000000000000001"),
        std::string("a/FFFFFFFFFFFFFFFF_0000000000000000_FFFFFFFFFFFFFFFF"),
        ".holdfast-restore/x/" + good, "flock.lock/" + good, "restore-in-progress/" + good,
        std::string("a") + '\0' + "/" + good, std::string(300, 'a') + "/" + good}) {
    EXPECT_EQ(parse_piece(bad), std::nullopt) << bad;
  }
}

TEST(PieceTest, CutsFilesAboveOneGibibyte) {
  std::vector<Piece> pieces;
  for_each_piece("f", 2 * kPieceLimit + 5, [&](const Piece& piece) { pieces.push_back(piece); });
  ASSERT_EQ(pieces.size(), 3u);
  EXPECT_EQ(pieces[0], (Piece{"f", 2 * kPieceLimit + 5, 0, kPieceLimit}));
  EXPECT_EQ(pieces[2], (Piece{"f", 2 * kPieceLimit + 5, 2 * kPieceLimit, 5}));
}

TEST(PieceTest, AnEmptyFileIsOneEmptyPiece) {
  int count = 0;
  for_each_piece("f", 0, [&](const Piece& piece) {
    EXPECT_EQ(piece, (Piece{"f", 0, 0, 0}));
    ++count;
  });
  EXPECT_EQ(count, 1);
}

TEST(FileNamesTest, KnowsWhatChangesInPlaceAndWhatIsNeverBackedUp) {
  EXPECT_TRUE(changes_in_place("data/small/2026_10/parts.json"));
  EXPECT_TRUE(changes_in_place("data/small/2026_10/appliedRetention.txt"));
  EXPECT_TRUE(changes_in_place("metadata/minTimestampForCompositeIndex"));
  EXPECT_FALSE(changes_in_place("data/small/2026_10/18EA/metadata.json"));
  EXPECT_FALSE(changes_in_place("data/small/2026_10/18EA/values.bin"));
  EXPECT_TRUE(is_never_backed_up("flock.lock"));
  EXPECT_TRUE(is_never_backed_up("values.bin.tmp"));
  EXPECT_FALSE(is_never_backed_up("values.bin"));
}

TEST(PartPathTest, TellsDataFromIndexInEveryGenerationOfTheLayout) {
  auto data = parse_part_path("data/big/2026_11/PART/values.bin");
  ASSERT_TRUE(data);
  EXPECT_EQ(data->kind, PartPath::Kind::kData);
  EXPECT_EQ(data->partition, "2026_11");
  EXPECT_EQ(data->folder, "data/big/2026_11/PART");
  EXPECT_EQ(data->file, "values.bin");
  auto old_index = parse_part_path("indexdb/18EA/PART/items.bin");
  ASSERT_TRUE(old_index);
  EXPECT_EQ(old_index->kind, PartPath::Kind::kIndex);
  EXPECT_EQ(old_index->partition, "18EA");
  auto new_index = parse_part_path("data/indexdb/2026_11/PART/items.bin");
  ASSERT_TRUE(new_index);
  EXPECT_EQ(new_index->kind, PartPath::Kind::kIndex);
  EXPECT_FALSE(parse_part_path("data/small/2026_11/parts.json"));
  EXPECT_FALSE(parse_part_path("metadata/minTimestampForCompositeIndex"));
  EXPECT_EQ(index_table_of("indexdb/18EA/converted-to-v1.28.0"), "18EA");
  EXPECT_EQ(index_table_of("data/small/x/y/z"), std::nullopt);
}

TEST(PartFactsTest, ReadsNamesOfOldServers) {
  auto part = parse_part_path(
      "data/small/2026_11/940_1_20261101122000.000_20261102035900.250_18EA644FDEC5DF1A/values.bin");
  auto facts = facts_from_name(*part);
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->rows, 940u);
  EXPECT_EQ(facts->min_time, 1793535600000 - 0);
  EXPECT_EQ(facts->max_time - facts->min_time, (15 * 3600 + 39 * 60) * 1000ll + 250);
  auto index = parse_part_path("indexdb/T/77_2_18EA644FDEC5DF1A/items.bin");
  EXPECT_EQ(facts_from_name(*index)->rows, 77u);
  for (const char* name : {"18EA646B6339CA1A", "x_1_20261101122000.000_20261102035900.000_AA",
                           "1_1_20261101122000_20261102035900.000_AA",
                           "1_1_20269901122000.000_20261102035900.000_AA", "1_1_AA"}) {
    auto other = parse_part_path(std::string("data/small/2026_11/") + name + "/values.bin");
    EXPECT_EQ(facts_from_name(*other), std::nullopt) << name;
  }
}

bool operator==(const PartFacts& a, const PartFacts& b) {
  return a.rows == b.rows && a.min_time == b.min_time && a.max_time == b.max_time;
}

TEST(PartFactsTest, ReadsMetadataOfNewServers) {
  auto facts = facts_from_metadata(
      R"({"RowsCount":5,"BlocksCount":1,"MinTimestamp":1000,"MaxTimestamp":2000})");
  ASSERT_TRUE(facts);
  EXPECT_TRUE(*facts == (PartFacts{5, 1000, 2000}));
  EXPECT_EQ(facts_from_metadata(R"({"ItemsCount":7,"BlocksCount":1})")->rows, 7u);
  for (const char* bad : {"", "[]", "{}", R"({"RowsCount":"5"})", R"({"RowsCount":-5})"}) {
    EXPECT_EQ(facts_from_metadata(bad).has_value(), false) << bad;
  }
}

TEST(FolderNamesTest, BelongToOneInstanceOnly) {
  EXPECT_EQ(version_folder("vm-0", parse_rfc3339("2026-11-22T14:31:20Z")), "vm-0-20261122143120");
  EXPECT_TRUE(belongs_to_instance("vm-0-20261122143120", "vm-0"));
  EXPECT_TRUE(belongs_to_instance("vm-0-latest", "vm-0"));
  EXPECT_TRUE(belongs_to_instance("vm-0", "vm-0"));
  EXPECT_FALSE(belongs_to_instance("vm-0-", "vm-0"));
  EXPECT_FALSE(belongs_to_instance("vm-01-20261122143120", "vm-0"));
  EXPECT_FALSE(belongs_to_instance("vm-0-a/b", "vm-0"));
  EXPECT_TRUE(belongs_to_instance("vm-0-1701186840", "vm-0")) << "seconds since 1970";
  for (const char* other : {"vm-0", "vm-0-20261122143120", "vm-0-latest", "vm-12", "vm-a-latest"}) {
    EXPECT_FALSE(belongs_to_instance(other, "vm")) << other;
  }
  EXPECT_EQ(version_time("vm-0-20261122143120", "vm-0"), parse_rfc3339("2026-11-22T14:31:20Z"));
  EXPECT_EQ(version_time("vm-0-latest", "vm-0"), std::nullopt);
  EXPECT_EQ(version_time("vm-0-20261399143120", "vm-0"), std::nullopt);
}

TEST(MarkerTest, OursRoundTripsAndNobodyElsesIsTakenForIt) {
  Marker marker{std::string(64, 'a'), "0123456789abcdef"};
  auto read = parse_marker(marker.text());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->manifest_sha256, marker.manifest_sha256);
  EXPECT_EQ(read->manifest_id, marker.manifest_id);
  for (std::string other : {std::string("ok"), std::string(), std::string("OK\n"),
                            marker.text().substr(1), "x" + marker.text(), std::string("hold on")}) {
    EXPECT_FALSE(parse_marker(other)) << other;
  }
  for (std::string torn :
       {std::string("holdfast-manifest\n"), std::string("hold"), marker.text().substr(0, 60),
        marker.text() + "x", "holdfast-manifest " + std::string(64, 'G') + " ab\n"}) {
    auto ours = parse_marker(torn);
    ASSERT_TRUE(ours) << torn;
    EXPECT_EQ(ours->manifest_id + ours->manifest_sha256, "") << torn;
  }
}

TEST(SnapshotNameTest, TellsTheTime) {
  EXPECT_TRUE(is_snapshot_name("20261122143119-18EA643B55D06D05"));
  for (const char* bad : {"", "20261122143119", "20261122143119-", "20261122143119-XYZ",
                          "../261122143119-18EA", "20261122143119-18EA/.."}) {
    EXPECT_FALSE(is_snapshot_name(bad)) << bad;
  }
  EXPECT_EQ(snapshot_time("20261122143119-18EA643B55D06D05"),
            parse_rfc3339("2026-11-22T14:31:19Z"));
  EXPECT_THROW(snapshot_time("latest"), InvalidArgument);
}

}  // namespace
}  // namespace holdfast::datastore::vm
