#include "datastore/clickhouse/part.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <map>
#include <sys/stat.h>

#include "base/error.h"
#include "base/random.h"
#include "base/stream.h"
#include "codec/tar.h"
#include "datastore/clickhouse/documents.h"
#include "support/oracle.h"

namespace holdfast::datastore::ch {
namespace {

const fs::path kTables =
    support::source_path("tests/fixtures/clickhouse-backup/tar/full_2026-11-20T00-45-00");

// What an archive of the real tool holds, with the times of its files.
void unpack_into(const fs::path& archive, const fs::path& folder) {
  Descriptor file = open_for_reading(archive);
  FileSource source({file.get(), 0, size_of_file(archive)}, "archive");
  codec::TarReader tar(source);
  while (auto entry = tar.next()) {
    const fs::path path = folder / entry->name.substr(1);
    fs::create_directories(path.parent_path());
    Descriptor out = create_file(path);
    std::vector<char> buffer(4096);
    while (std::size_t count = tar.read(buffer)) write_all(out.get(), {buffer.data(), count}, path);
    const timespec times[2] = {{entry->mtime, 0}, {entry->mtime, 0}};
    ASSERT_EQ(::futimens(out.get(), times), 0);
  }
}

std::string all_of(const transfer::Content& content, std::size_t step) {
  std::string out(content.size(), '?');
  for (std::size_t at = 0; at < out.size(); at += step) {
    const std::size_t count = std::min(step, out.size() - at);
    content.read(at, {out.data() + at, count});
  }
  return out;
}

TEST(Part, MakesTheArchiveThatTheRealToolMade) {
  const TableDocument document = read_table_document(
      read_file(kTables / "metadata/otel/otel_logs.json", kLargestDocument), "d");
  for (const PartRecord& record : document.parts.at("default")) {
    const fs::path archive =
        kTables / "shadow/otel/otel_logs" / ("default_" + record.name + ".tar");
    TemporaryFolder folder;
    unpack_into(archive, folder.path());
    const fs::path part = folder.path() / record.name;
    const PartFacts facts = look_at_part(part);
    EXPECT_EQ(facts.bytes, record.size);
    EXPECT_EQ(facts.checksum, document.checksums.at(record.name));
    EXPECT_GT(facts.rows.value(), 0u);
    const std::string expected = read_file(archive, 1 << 20);
    EXPECT_EQ(tar_size(record.name, facts), expected.size());
    const auto content = tar_of_part(part, record.name, facts);
    for (std::size_t step :
         {std::size_t(1), std::size_t(7), std::size_t(512), std::size_t(1000), expected.size()}) {
      EXPECT_EQ(all_of(*content, step), expected) << step;
    }
  }
}

TEST(Part, FactsOfWhatIsToldAreThoseOfTheFolder) {
  const std::map<std::string, std::string> files = {{"checksums.txt", "sums"},
                                                    {"columns.txt", "columns"},
                                                    {"count.txt", "17"},
                                                    {"data.bin", "not looked at"},
                                                    {"p.proj/checksums.txt", "more sums"},
                                                    {"serialization.json", "{}"},
                                                    {"txn_version.txt", "1"}};
  TemporaryFolder folder;
  PartFactsMaker maker;
  for (const auto& [name, text] : files) {
    make_folders((folder.path() / name).parent_path());
    write_file_durably(folder.path() / name, text);
    maker.add(name, text.size(), PartFactsMaker::needs_text(name) ? text : "");
  }
  const PartFacts told = maker.finish("told"), seen = look_at_part(folder.path());
  EXPECT_EQ(told.identity, seen.identity);
  EXPECT_EQ(told.checksum, seen.checksum);
  EXPECT_EQ(told.rows, 17u);
  EXPECT_EQ(told.bytes, seen.bytes);
  EXPECT_EQ(told.files.size(), files.size());
}

class PartTest : public ::testing::Test {
 protected:
  PartTest() { make("all_1_1_0"); }
  fs::path make(const std::string& name) {
    fs::path part = folder_.path() / name;
    fs::create_directories(part);
    put(part / "checksums.txt", "sums");
    put(part / "columns.txt", "columns");
    put(part / "x.bin", "data");
    return part;
  }
  static void put(const fs::path& path, std::string_view bytes) { write_file_durably(path, bytes); }
  TemporaryFolder folder_;
  fs::path part_ = folder_.path() / "all_1_1_0";
};

TEST_F(PartTest, HasTheSameIdentityUnderAnotherName) {
  EXPECT_EQ(look_at_part(part_).identity, look_at_part(make("all_7_7_0")).identity);
}

TEST_F(PartTest, HasAnotherIdentityWhenAnythingThatIsToldDiffers) {
  const std::string before = look_at_part(part_).identity;
  put(part_ / "columns.txt", "Columns");
  const std::string changed = look_at_part(part_).identity;
  EXPECT_NE(changed, before);
  put(part_ / "x.bin", "longer data");
  const std::string longer = look_at_part(part_).identity;
  EXPECT_NE(longer, changed);
  put(part_ / "y.bin", "");
  EXPECT_NE(look_at_part(part_).identity, longer);
}

TEST_F(PartTest, DoesNotDependOnTheServersTransactions) {
  const PartFacts before = look_at_part(part_);
  put(part_ / "txn_version.txt", "1");
  const std::string with = look_at_part(part_).identity;
  put(part_ / "txn_version.txt", "2");
  EXPECT_EQ(look_at_part(part_).identity, with);
}

TEST_F(PartTest, WithoutChecksumsOrWithLinksIsCorrupt) {
  fs::create_symlink("x.bin", part_ / "link.bin");
  EXPECT_THROW(look_at_part(part_), Corrupt);
  fs::remove(part_ / "link.bin");
  fs::remove(part_ / "checksums.txt");
  EXPECT_THROW(look_at_part(part_), Corrupt);
}

TEST_F(PartTest, ThatChangesWhileItIsSentIsCorrupt) {
  const PartFacts facts = look_at_part(part_);
  const auto content = tar_of_part(part_, "all_1_1_0", facts);
  put(part_ / "x.bin", "changed");
  EXPECT_THROW(all_of(*content, 4096), Corrupt);
}

TEST_F(PartTest, IsLinkedWithItsFolders) {
  fs::create_directories(part_ / "p.proj");
  put(part_ / "p.proj/x.bin", "projection");
  link_part(part_, folder_.path() / "deep/copy");
  EXPECT_EQ(look_at_part(folder_.path() / "deep/copy").identity, look_at_part(part_).identity);
  EXPECT_EQ(fs::hard_link_count(folder_.path() / "deep/copy/p.proj/x.bin"), 2u);
}

}  // namespace
}  // namespace holdfast::datastore::ch
