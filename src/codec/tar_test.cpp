#include "codec/tar.h"

#include <gtest/gtest.h>
#include <map>

#include "base/error.h"
#include "base/file.h"
#include "codec/digest.h"
#include "codec/text.h"
#include "support/oracle.h"
#include "support/trickle.h"

namespace holdfast::codec {
namespace {

using support::Trickle;

using File = std::pair<TarEntry, std::string>;

std::vector<File> read_archive(Source& source, TarLimits limits = {}) {
  TarReader reader(source, limits);
  std::vector<File> files;
  while (auto entry = reader.next()) {
    std::string bytes;
    char buffer[700];
    while (std::size_t count = reader.read(buffer)) bytes.append(buffer, count);
    EXPECT_EQ(bytes.size(), entry->size);
    files.emplace_back(*entry, bytes);
  }
  EXPECT_EQ(reader.next(), std::nullopt);
  return files;
}

std::vector<File> read_archive(std::string_view archive, TarLimits limits = {}) {
  MemorySource source(archive);
  return read_archive(source, limits);
}

std::string one(const TarEntry& entry, std::string_view bytes) {
  return tar_header(entry) + std::string(bytes) + tar_padding(bytes.size());
}

// As clickhouse-backup fills an entry.
TarEntry part_file(std::string name, std::uint64_t size = 0) {
  return {std::move(name), size, 0440, 1795362755, 0, 0, "root", "root"};
}

// A block as the fields of one say, after the layout in POSIX; the checksum is summed here too.
std::string block_of(const std::map<std::size_t, std::string>& fields) {
  std::string block(512, '\0');
  for (const auto& [offset, text] : fields) block.replace(offset, text.size(), text);
  block.replace(148, 8, "        ");
  unsigned sum = 0;
  for (char c : block) sum += static_cast<unsigned char>(c);
  char text[8];
  std::snprintf(text, sizeof text, "%06o", sum);
  block.replace(148, 6, text, 6);
  block[154] = '\0';
  return block;
}

std::map<std::size_t, std::string> plain_fields(std::string name, std::string size = "") {
  return {{0, std::move(name)}, {100, "0000644"}, {124, std::move(size)}, {156, "0"}};
}

std::string archive_of(const std::map<std::size_t, std::string>& fields,
                       std::string_view bytes = "") {
  return block_of(fields) + std::string(bytes) + tar_padding(bytes.size()) + std::string(tar_end());
}

std::string pax_archive(std::string records, std::string_view bytes = "",
                        std::string header_size = "") {
  char size[12];
  std::snprintf(size, sizeof size, "%011zo", records.size());
  std::string padding = tar_padding(records.size());
  return block_of({{0, "PaxHeaders.0/x"}, {124, size}, {156, "x"}, {257, "ustar"}}) + records +
         padding + archive_of(plain_fields("x", std::move(header_size)), bytes);
}

std::string why_corrupt(std::string_view archive, TarLimits limits = {}) {
  try {
    read_archive(archive, limits);
  } catch (const Corrupt& error) {
    return error.reason();
  }
  return "";
}

// The first block of otel/otel_logs/default_20261110_1_1_0.tar of a backup that clickhouse-backup
// made, field by field.
TEST(TarWrite, AHeaderIsWhatClickHouseBackupWrites) {
  std::string block(512, '\0');
  auto put = [&](std::size_t offset, std::string_view text) {
    block.replace(offset, text.size(), text);
  };
  put(0, "/20261110_1_1_0/Body.bin");
  put(100, "0000440");
  put(108, "0000000");
  put(116, "0000000");
  put(124, "00000001505");
  put(136, "15300607700");
  put(148, std::string_view("014266\0 0", 9));
  put(257, std::string_view("ustar\00000root", 12));
  put(297, "root");
  put(329, "0000000");
  put(337, "0000000");
  TarEntry entry = part_file("/20261110_1_1_0/Body.bin", 837);
  entry.mtime = 1795362752;
  EXPECT_EQ(tar_header(entry), block);
  EXPECT_EQ(tar_end(), std::string(1024, '\0'));
}

// All archives of a chain that clickhouse-backup made, taken apart and written again.
TEST(TarWrite, ArchivesOfClickHouseBackupComeOutByteForByte) {
  int archives = 0;
  for (const auto& file : fs::recursive_directory_iterator(
           support::source_path("tests/fixtures/clickhouse-backup/tar"))) {
    if (file.path().extension() != ".tar") continue;
    std::string bytes = read_file(file.path(), 1 << 20), again;
    for (const auto& [entry, content] : read_archive(bytes)) again += one(entry, content);
    EXPECT_TRUE(again + std::string(tar_end()) == bytes) << file.path();
    ++archives;
  }
  EXPECT_EQ(archives, 17);
}

struct Golden {
  const char* what;
  TarEntry entry;
  std::size_t blocks;
  const char* md5;  // of the header blocks that Go 1.26's archive/tar wrote for the same values
};

TarEntry with(TarEntry entry, void (*change)(TarEntry&)) {
  change(entry);
  return entry;
}

TEST(TarWrite, HeadersAreWhatGoWrites) {
  const std::string a50(50, 'a'), b60(60, 'b'), c99(99, 'c'), d101(101, 'd'), e200(200, 'e');
  const Golden goldens[] = {
      {"plain", part_file("/20261110_1_1_0/Body.bin"), 1, "5ccf9abb0493c2d9ad13537b908ce4c0"},
      {"exactly a hundred", part_file("/" + c99), 1, "0244556d8efac5ccd2bea2869b045981"},
      {"split at a slash", part_file("/" + a50 + "/" + b60), 1, "6cb6cad48991736b64053ffe6365f294"},
      {"a longer prefix", part_file("/" + a50 + "/" + b60 + "/" + c99), 1,
       "eff3066cb0f083080f2a48954cc0f134"},
      {"split at the last slash that fits", part_file("/" + d101 + "/" + a50 + "/" + c99), 1,
       "881c41494ac4642e0b3eaf4cc7cb6b0d"},
      {"no slash where it must be", part_file("/" + d101), 3, "0ff0f6d36f0c2d90ca9422bb151bc355"},
      {"without any slash", part_file(d101), 3, "2426e561b1c50b6d2dd3cd88b9482ab2"},
      {"very long", part_file("/" + e200 + "/" + e200), 3, "5a74a774897723ff63590ccc10670f28"},
      {"cut behind a slash", part_file("/" + c99.substr(1) + "/" + d101), 3,
       "6a5ff8f5129c5a18e72762690424d525"},
      {"not ASCII", part_file("/20261110_1_1_0/Gr\u00f6\u00dfe.bin"), 3,
       "fa2a934dac8ecb413c3a13e24b98bfd4"},
      {"largest of ustar", part_file("/x", 8589934591), 1, "1267c725500f6ced331158443383ddcf"},
      {"over 8 GiB", part_file("/x", 8589934592), 3, "e82f6a7ddd5a82f787aed3ac2f671141"},
      {"over 8 GiB and a long name", part_file("/" + a50 + "/" + b60, 99999999999), 3,
       "af94741584210616db2b37ac73e28321"},
      {"a large owner",
       with(part_file("/x"),
            [](TarEntry& e) {
              e.uid = 2097152;
              e.gid = 4294967294;
            }),
       3, "7a3ebedc4f03c029c188ecf20efe255b"},
      {"a long owner",
       with(part_file("/x"),
            [](TarEntry& e) {
              e.owner = std::string(33, 'o');
              e.group = "gr\u00fcn";
            }),
       3, "22f9489c1b3e314d81e5bdb115261037"},
      {"before 1970", with(part_file("/x"), [](TarEntry& e) { e.mtime = -5; }), 3,
       "799ae89c24987b2820dbc41b43428d1c"},
      {"far in the future", with(part_file("/x"), [](TarEntry& e) { e.mtime = 8589934592; }), 3,
       "78a6599e80b8d0d0fe8a4478c6c75022"},
      {"records of a hundred bytes", part_file("/" + std::string(89, 'u') + "\u00fc"), 3,
       "65d73e1f40c473e801c791b9d7f7f75a"},
  };
  for (const Golden& golden : goldens) {
    std::string header = tar_header(golden.entry);
    EXPECT_EQ(header.size(), golden.blocks * 512) << golden.what;
    EXPECT_EQ(to_hex(digest_of(DigestAlgorithm::kMd5, header)), golden.md5) << golden.what;
    if (golden.entry.size > 0) continue;
    auto files = read_archive(header + std::string(tar_end()));
    ASSERT_EQ(files.size(), 1u) << golden.what;
    EXPECT_EQ(files[0].first, golden.entry) << golden.what;
  }
}

TEST(TarWrite, WhatAReaderWouldRefuseIsNotWritten) {
  for (std::string name : {std::string(), std::string("/"), std::string("a//b"),
                           std::string("a/../b"), std::string("a/"), std::string("a\0b", 3)}) {
    EXPECT_THROW(tar_header(part_file(name)), InvalidArgument) << name;
  }
  EXPECT_THROW(tar_header(part_file("a", 1ull << 63)), InvalidArgument);
  TarEntry entry = part_file("a");
  entry.owner = std::string("a\0", 2);
  EXPECT_THROW(tar_header(entry), InvalidArgument);
  entry = part_file("a");
  entry.mode = 1 << 21;
  EXPECT_THROW(tar_header(entry), InvalidArgument);
}

TEST(TarRead, FilesComeBackInPiecesOfAnySize) {
  std::vector<File> files;
  std::string archive;
  for (std::size_t size : {0, 1, 511, 512, 513, 5000}) {
    std::string bytes(size, char('a' + size % 7));
    TarEntry entry = part_file("/20261110_1_1_0/" + std::string(size % 300, 'n'), size);
    if (size % 300 == 0) entry.name = "/20261110_1_1_0/empty";
    archive += one(entry, bytes);
    files.emplace_back(entry, bytes);
  }
  archive += tar_end();
  for (std::size_t step : {1, 7, 511, 512, 513, 100000}) {
    Trickle source(archive, step);
    EXPECT_EQ(read_archive(source), files) << step;
  }
}

TEST(TarRead, UnreadBytesArePassedOver) {
  std::string archive = one(part_file("a", 1000), std::string(1000, 'x')) +
                        one(part_file("b", 3), "123") + std::string(tar_end());
  MemorySource source(archive);
  TarReader reader(source);
  ASSERT_TRUE(reader.next());
  char buffer[10];
  EXPECT_EQ(reader.read(buffer), 10u);
  EXPECT_EQ(reader.next()->name, "b");
  EXPECT_EQ(reader.next(), std::nullopt);
  EXPECT_EQ(source.size(), 0u);
}

TEST(TarRead, EveryCutIsSeen) {
  TarEntry long_name = part_file("/" + std::string(300, 'n'), 600);
  std::string archive = one(part_file("/a", 700), std::string(700, 'x')) +
                        one(long_name, std::string(600, 'y')) + std::string(tar_end());
  for (std::size_t size = 0; size < archive.size(); ++size) {
    EXPECT_THROW(read_archive(archive.substr(0, size)), Corrupt) << size;
  }
  EXPECT_EQ(read_archive(archive).size(), 2u);
}

TEST(TarRead, AFlippedBitOfAHeaderIsSeen) {
  std::string archive = one(part_file("/a/b", 3), "123") + std::string(tar_end());
  for (std::size_t at = 0; at < 512; ++at) {
    std::string flipped = archive;
    flipped[at] = char(flipped[at] ^ 4);
    // The checksum's own end is nothing that a reader needs.
    if (at == 154 || at == 155) continue;
    EXPECT_THROW(read_archive(flipped), Corrupt) << at;
  }
}

TEST(TarRead, ZerosMayFollowTheEndAndNothingElse) {
  std::string archive = one(part_file("a"), "") + std::string(tar_end());
  EXPECT_EQ(read_archive(archive + std::string(10240 - 1536, '\0')).size(), 1u);
  EXPECT_EQ(why_corrupt(archive + std::string(100, '\0') + "x"), "bytes follow its end mark");
  EXPECT_EQ(why_corrupt(archive + std::string(4000, '\0'), {.longest_tail = 3999}),
            "too many zeros follow its end mark");
  EXPECT_EQ(why_corrupt(std::string(512, '\0') + archive), "an empty block lies between its files");
}

TEST(TarRead, FoldersArePassedOverAndOthersRefused) {
  auto folder = plain_fields("a/");
  folder[156] = "5";
  std::string archive = block_of(folder) + one(part_file("a/b"), "") + std::string(tar_end());
  ASSERT_EQ(read_archive(archive).size(), 1u);
  EXPECT_EQ(why_corrupt(archive, {.most_entries = 1}), "it has too many entries");
  folder[124] = "1";
  EXPECT_EQ(why_corrupt(archive_of(folder)), "a folder has bytes");
  for (char type : std::string("12346789gKSAZ\x80")) {
    auto fields = plain_fields("a");
    fields[156] = std::string(1, type);
    EXPECT_EQ(why_corrupt(archive_of(fields)), "a is no regular file") << type;
  }
}

TEST(TarRead, NamesThatLeaveTheFolderAreRefused) {
  for (const char* name : {"", "/", "//a", "a//b", "..", "a/..", "../a", "/../a", "a/./b", "a/"}) {
    EXPECT_TRUE(why_corrupt(archive_of(plain_fields(name))).starts_with("a name")) << name;
    if (*name == '\0') continue;  // an empty record says "as the header has it"
    std::string record = " path=" + std::string(name) + "\n";
    record.insert(0, std::to_string(record.size() + (record.size() > 8 ? 2 : 1)));
    EXPECT_TRUE(why_corrupt(pax_archive(record)).starts_with("a name")) << record;
  }
  for (const char* name : {"a", "/a", "./a", "a/..b", "a/...", "/.inner.x/a"}) {
    auto files = read_archive(archive_of(plain_fields(name)));
    ASSERT_EQ(files.size(), 1u);
    EXPECT_EQ(files[0].first.name, name);
  }
  EXPECT_EQ(why_corrupt(archive_of(plain_fields("abc")), {.longest_name = 2}),
            "a name is too long");
  EXPECT_EQ(why_corrupt(pax_archive(std::string("12 path=a\0b\n", 12))),
            "a name holds a control character");
  EXPECT_EQ(why_corrupt(pax_archive("12 path=a\nb\n")), "a name holds a control character");
  EXPECT_EQ(why_corrupt(pax_archive("14 path=../ab\n")), "a name has the component . or ..");
}

TEST(TarRead, RecordsOverruleTheHeader) {
  auto files =
      read_archive(pax_archive("8 uid=1\n21 path=/a name of b\n11 uname=c\n"
                               "12 gname=de\n20 mtime=-12.999999\n10 size=3\n9 other=\n",
                               "123", "7777777"));
  ASSERT_EQ(files.size(), 1u);
  TarEntry expected{"/a name of b", 3, 0644, -12, 1, 0, "c", "de"};
  EXPECT_EQ(files[0].first, expected);
  EXPECT_EQ(files[0].second, "123");
}

TEST(TarRead, MalformedRecordsAreRefused) {
  for (const char* records : {"4 a=\n", "7 a=b\n", "6 a=b ", "6 =ab\n", "5 abc", "-6 a=b\n",
                              "99999999999999999999 a=b\n", "x a=b\n", "6\na=b\n", "0 a=b\n"}) {
    std::string why = why_corrupt(pax_archive(records));
    EXPECT_TRUE(why.starts_with("a PAX record")) << records << ": " << why;
  }
  EXPECT_EQ(why_corrupt(pax_archive("12 size=-12\n")), "the PAX record size is no number");
  EXPECT_EQ(why_corrupt(pax_archive("28 size=9223372036854775808\n")), "a size is too large");
  EXPECT_EQ(why_corrupt(pax_archive("22 GNU.sparse.major=1\n")), "it holds a sparse file");
  EXPECT_EQ(why_corrupt(pax_archive("6 a=b\n"), {.largest_record = 5}),
            "a PAX record is too large");
  std::string record = pax_archive("6 a=b\n").substr(0, 1024);
  EXPECT_EQ(why_corrupt(record + pax_archive("6 a=b\n")), "two records for one file");
  EXPECT_EQ(why_corrupt(record + std::string(tar_end())), "a record describes no file");
}

TEST(TarRead, GnuLongNamesAndNumbersAreUnderstood) {
  std::string name = std::string(200, 'g') + "/x";
  auto fields = plain_fields("././@LongLink", "313");  // 203
  fields[156] = "L";
  fields[257] = "ustar  ";
  std::string archive = block_of(fields) + name + tar_padding(203) + std::string(1, '\0');
  archive.resize(1024);
  fields = plain_fields(name.substr(0, 99));
  fields[257] = "ustar  ";
  fields[345] = "15300607703";  // a time, where ustar has a prefix
  fields[136] = std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe", 12);
  fields[124] = std::string("\x80\0\0\0\0\0\0\0\0\0\0\x02", 12);
  auto files = read_archive(archive + archive_of(fields, "ab"));
  ASSERT_EQ(files.size(), 1u);
  EXPECT_EQ(files[0].first.name, name);
  EXPECT_EQ(files[0].first.mtime, -2);
  EXPECT_EQ(files[0].second, "ab");
  fields[124] = std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe", 12);
  EXPECT_EQ(why_corrupt(archive_of(fields)), "its size is negative");
  fields[124] = std::string("\x80\0\0\x01\0\0\0\0\0\0\0\0", 12);
  EXPECT_EQ(why_corrupt(archive_of(fields)), "its size is too large");
  fields[124] = std::string("12x");
  EXPECT_EQ(why_corrupt(archive_of(fields)), "its size is no number");
  fields[124] = std::string("1 2");
  EXPECT_EQ(why_corrupt(archive_of(fields)), "its size is no number");
}

TEST(TarRead, HeadersOfOldToolsAreUnderstood) {
  auto fields = plain_fields("old", "         3 ");
  fields.erase(156);
  auto files = read_archive(archive_of(fields, "abc"));
  ASSERT_EQ(files.size(), 1u);
  EXPECT_EQ(files[0].second, "abc");
}

}  // namespace
}  // namespace holdfast::codec
