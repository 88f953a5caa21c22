#include "datastore/clickhouse/part_check.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <set>

#include "base/file.h"
#include "codec/inflate.h"
#include "codec/tar.h"
#include "support/oracle.h"

namespace holdfast::datastore::ch {
namespace {

using Files = std::vector<std::pair<std::string, std::string>>;

// A part of tests/fixtures/clickhouse-parts, by names inside the part.
Files files_of(const std::string& fixture) {
  std::string packed =
      read_file(support::source_path("tests/fixtures/clickhouse-parts/" + fixture), 1 << 20);
  MemorySource bytes(packed);
  codec::InflateSource plain(bytes, codec::Compression::kZstd);
  codec::TarReader reader(plain);
  Files files;
  while (auto entry = reader.next()) {
    std::string content(std::size_t(entry->size), '\0');
    std::size_t at = 0;
    while (std::size_t count = reader.read(std::span(content).subspan(at))) at += count;
    files.emplace_back(entry->name.substr(entry->name.find('/', 1) + 1), content);
  }
  return files;
}

std::optional<std::string> check(const Files& files, std::size_t piece = 1 << 20) {
  PartCheck part;
  for (const auto& [name, content] : files) {
    part.begin(name, content.size());
    for (std::size_t at = 0; at < content.size(); at += piece) part.add(content.substr(at, piece));
    part.end();
  }
  return part.finish();
}

const std::string kFixtures[] = {"wide-18.16.tar.zst", "wide-26.9.tar.zst", "compact-26.9.tar.zst"};

// What no checksums.txt lists, and nothing in a part tells about.
bool is_listed(const std::string& path) {
  static const std::set<std::string> kNot = {"columns.txt", "columns_substreams.txt",
                                             "default_compression_codec.txt",
                                             "metadata_version.txt"};
  return !kNot.contains(path.substr(path.rfind('/') + 1));
}

TEST(PartCheck, RealPartsAreWholeInAnyOrderAndInAnyPieces) {
  for (const std::string& fixture : kFixtures) {
    Files files = files_of(fixture);
    ASSERT_GT(files.size(), 10u);
    EXPECT_EQ(check(files), std::nullopt) << fixture;
    EXPECT_EQ(check(files, 1), std::nullopt) << fixture;
    std::reverse(files.begin(), files.end());
    EXPECT_EQ(check(files), std::nullopt) << fixture;
  }
}

TEST(PartCheck, AFlippedByteOfAnyListedFileIsSeen) {
  for (const std::string& fixture : kFixtures) {
    Files files = files_of(fixture);
    for (auto& [name, content] : files) {
      if (!is_listed(name)) continue;
      for (std::size_t at = 0; at < content.size();
           at += std::max<std::size_t>(1, content.size() / 9)) {
        content[at] = char(content[at] ^ 0x20);
        auto problem = check(files);
        ASSERT_TRUE(problem) << fixture << " " << name << " " << at;
        EXPECT_NE(problem->find(name), std::string::npos) << *problem;
        content[at] = char(content[at] ^ 0x20);
      }
    }
    EXPECT_EQ(check(files), std::nullopt);
  }
}

TEST(PartCheck, AnyMissingListedFileIsNamed) {
  for (const std::string& fixture : kFixtures) {
    const Files files = files_of(fixture);
    for (std::size_t i = 0; i < files.size(); ++i) {
      if (!is_listed(files[i].first)) continue;
      Files fewer = files;
      fewer.erase(fewer.begin() + std::ptrdiff_t(i));
      EXPECT_EQ(check(fewer), "the file " + files[i].first + " is missing") << fixture;
    }
  }
}

TEST(PartCheck, SizesAreCompared) {
  Files files = files_of("wide-18.16.tar.zst");
  for (auto& [name, content] : files) {
    if (name == "Body.bin") content += "x";
  }
  EXPECT_EQ(check(files), "the file Body.bin has 838 bytes, and the server wrote 837");

  PartCheck part;
  part.begin("Body.bin", 5);
  part.add("1234");
  part.end();
  EXPECT_EQ(part.finish(), "the file Body.bin has 4 bytes where 5 were announced");
}

TEST(PartCheck, AFolderThatIsAnotherProjectionIsSeen) {
  Files files = files_of("wide-26.9.tar.zst"), swapped;
  for (const auto& [name, content] : files) {
    if (name.starts_with("p.proj/")) continue;
    swapped.emplace_back(name, content);
    if (name.starts_with("q.proj/")) swapped.emplace_back("p" + name.substr(1), content);
  }
  EXPECT_EQ(check(swapped), "the folder p.proj is not the one that checksums.txt lists");
  std::erase_if(files, [](const auto& file) { return file.first.starts_with("p.proj/"); });
  EXPECT_EQ(check(files), "the file p.proj is missing");
}

TEST(PartCheck, FilesThatNothingListsPass) {
  Files files = files_of("compact-26.9.tar.zst");
  files.emplace_back("txn_version.txt", "version: 1\n");
  EXPECT_EQ(check(files), std::nullopt);
  files.emplace_back("txn_version.txt", "version: 1\n");
  EXPECT_EQ(check(files), "the file txn_version.txt comes twice");
}

TEST(PartCheck, WithoutChecksumsNothingIsWhole) {
  EXPECT_EQ(check({{"count.txt", "10"}}), "the file checksums.txt is missing");
  EXPECT_EQ(check({{"checksums.txt", "text"}}),
            "the file checksums.txt cannot be used: it does not begin as one");
  EXPECT_EQ(check({{"checksums.txt", std::string(kLargestChecksums + 1, 'x')}}, 1 << 16),
            "the file checksums.txt is too large");
}

// The hash that system.parts of the same server showed for these parts.
TEST(PartCheck, TheTotalIsWhatTheServerShows) {
  for (const auto& [fixture, hash] :
       {std::pair("wide-26.9.tar.zst", "df0bd0f2430046082832c65b46a181ff"),
        std::pair("compact-26.9.tar.zst", "dee9e756766ab8082ae949cacb6bd8b4")}) {
    Files files = files_of(fixture);
    auto file = std::find_if(files.begin(), files.end(),
                             [](const auto& each) { return each.first == kChecksumsFile; });
    ASSERT_NE(file, files.end());
    EXPECT_EQ(hash_text(total_hash(parse_checksums(file->second))), hash);
  }
}

}  // namespace
}  // namespace holdfast::datastore::ch
