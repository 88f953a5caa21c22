#include "datastore/clickhouse/documents.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "support/oracle.h"

namespace holdfast::datastore::ch {
namespace {

const fs::path kFixtures = support::source_path("tests/fixtures/clickhouse-backup");

std::vector<fs::path> documents() {
  std::vector<fs::path> out;
  for (const auto& entry : fs::recursive_directory_iterator(kFixtures)) {
    if (entry.path().extension() == ".json") out.push_back(entry.path());
  }
  return out;
}

// So the tool finds every key where it looks for it, of the kind that it expects.
TEST(Documents, AreWrittenAsClickhouseBackupWroteThem) {
  std::size_t count = 0;
  for (const fs::path& path : documents()) {
    const std::string bytes = read_file(path, kLargestDocument);
    const bool is_backup = path.filename() == "metadata.json";
    const std::string again = is_backup ? write_document(read_backup_document(bytes, "d"))
                                        : write_document(read_table_document(bytes, "d"));
    EXPECT_EQ(again, bytes) << path;
    ++count;
  }
  EXPECT_EQ(count, 63u);  // 3 chains of 3 backups with 6 tables
}

TEST(Documents, KeepWhatOnlyNewerServersHave) {
  TableDocument document;
  document.name = {"otel", "t"};
  document.uuid = "0b1c2d3e-0000-0000-0000-000000000001";
  document.query = "CREATE TABLE otel.t (x UInt64) ENGINE = MergeTree ORDER BY x";
  document.has_parts = true;
  document.parts["second"] = {{"all_1_1_0", false, 10}, {"all_2_2_0", true, 0}};
  document.size["second"] = 10;
  document.checksums["all_1_1_0"] = 18446744073709551615u;
  document.hashes_of_all_files["all_1_1_0"] = "ab";
  const TableDocument read = read_table_document(write_document(document), "d");
  EXPECT_EQ(read.uuid, document.uuid);
  EXPECT_EQ(read.checksums, document.checksums);
  EXPECT_EQ(read.hashes_of_all_files, document.hashes_of_all_files);
  ASSERT_EQ(read.parts.at("second").size(), 2u);
  EXPECT_TRUE(read.parts.at("second")[1].required);
}

TEST(Documents, OfAnotherShapeAreCorrupt) {
  for (const char* bad :
       {"", "[]", "{}", "nul", "{\"database\":\"a\"}", "{\"database\":\"a\",\"table\":1}",
        "{\"database\":\"a\",\"table\":\"b\",\"parts\":[]}",
        "{\"database\":\"a\",\"table\":\"b\",\"parts\":{\"d\":[{\"name\":\"../x\"}]}}",
        "{\"database\":\"a\",\"table\":\"b\",\"parts\":{\"d\":[{}]}}",
        "{\"database\":\"a\",\"table\":\"b\",\"checksums\":{\"p\":-1}}",
        "{\"database\":\"a\",\"table\":\"b\",\"checksums\":{\"p\":1.5}}",
        "{\"database\":\"a\",\"table\":\"b\",\"files\":{\"d\":[1]}}",
        "{\"database\":\"a\",\"table\":\"b\",\"total_bytes\":\"x\"}"}) {
    EXPECT_THROW(read_table_document(bad, "d"), Corrupt) << bad;
  }
  for (const char* bad : {"", "3", "{\"tables\":[1]}", "{\"tables\":{}}", "{\"data_size\":\"1\"}",
                          "{\"required_backup\":\"../x\"}", "{\"disks\":{\"d\":1}}"}) {
    EXPECT_THROW(read_backup_document(bad, "d"), Corrupt) << bad;
  }
}

}  // namespace
}  // namespace holdfast::datastore::ch
