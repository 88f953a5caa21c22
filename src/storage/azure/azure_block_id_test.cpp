#include "storage/azure/azure_block_id.h"

#include <gtest/gtest.h>

#include "codec/text.h"

namespace holdfast::storage {
namespace {

using codec::DigestAlgorithm;

const std::string kTag = "\x01\x02\x03\x04";

BlockId block(unsigned part, unsigned index, std::uint64_t attempt) {
  return {.tag = kTag, .part = part, .index = index, .attempt = attempt};
}

BlockId last_block(unsigned part, unsigned index, std::uint64_t attempt, char md5) {
  BlockId id = block(part, index, attempt);
  id.sum = BlockSum{.md5 = std::string(16, md5)};
  return id;
}

ListedBlock listed(const BlockId& id, std::uint64_t size) { return {encode_block_id(id), size}; }

TEST(AzureBlockId, EveryFieldComesBack) {
  BlockId id = last_block(10'000, 49'999, 0xabcdef123456, 'm');
  EXPECT_EQ(decode_block_id(encode_block_id(id)), id);
  EXPECT_EQ(decode_block_id(encode_block_id(block(1, 0, 7))), block(1, 0, 7));
  id.sum->empty = true;
  EXPECT_EQ(decode_block_id(encode_block_id(id)), id);
  for (auto algorithm :
       {DigestAlgorithm::kCrc32, DigestAlgorithm::kCrc32c, DigestAlgorithm::kCrc64Nvme,
        DigestAlgorithm::kSha1, DigestAlgorithm::kSha256}) {
    id.sum->checksum = Checksum{algorithm, std::string(codec::digest_size(algorithm), 'c')};
    EXPECT_EQ(decode_block_id(encode_block_id(id)), id) << codec::name_of(algorithm);
  }
}

TEST(AzureBlockId, TheLayoutIsTheDocumentedOne) {
  BlockId id = last_block(0x0203, 0x0405, 0x060708090a0b, '\xee');
  id.sum->checksum = Checksum{DigestAlgorithm::kCrc32, "\xc1\xc2\xc3\xc4"};
  EXPECT_EQ(codec::to_hex(codec::from_base64(encode_block_id(id)).value()),
            "0101020304"    // version, upload
            "02030405"      // part, sub-block
            "060708090a0b"  // attempt
            "81"            // last, with a CRC32
            "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"
            "c1c2c3c4" +
                std::string(56, '0'));
}

TEST(AzureBlockId, AllIdsAreOfOneLength) {
  EXPECT_EQ(encode_block_id(block(1, 0, 0)).size(), 88u);
  EXPECT_EQ(encode_block_id(last_block(9999, 5, ~0ull >> 16, 'x')).size(), 88u);
}

TEST(AzureBlockId, OthersIdsAreNotOurs) {
  std::string other = codec::from_base64(encode_block_id(block(1, 0, 0))).value();
  other[0] = 2;
  for (const std::string& name :
       {std::string(), std::string("AAAA"), std::string("not base64"), codec::to_base64(other),
        codec::to_base64(std::string(63, '\1')), codec::to_base64(std::string(65, '\1'))}) {
    EXPECT_FALSE(decode_block_id(name)) << name;
  }
  std::string bad_kind = codec::from_base64(encode_block_id(last_block(1, 0, 0, 'x'))).value();
  bad_kind[15] = char(0x8f);
  EXPECT_FALSE(decode_block_id(codec::to_base64(bad_kind)));
}

TEST(AzureBlockId, LaterAttemptsHaveGreaterNumbers) {
  WallTime now = parse_rfc3339("2026-11-22T14:31:20Z");
  EXPECT_LT(attempt_at(now, 255), attempt_at(now + std::chrono::milliseconds(1), 0));
  EXPECT_LT(attempt_at(parse_rfc3339("2050-01-01T00:00:00Z"), 0), 1ull << 48);
  EXPECT_NE(attempt_at(now, 1), attempt_at(now, 2));
}

TEST(AzureStagedUpload, PartsAreMadeOfTheirBlocksInOrder) {
  std::vector<ListedBlock> blocks = {
      listed(last_block(2, 0, 5, 'b'), 3), listed(last_block(1, 2, 9, 'a'), 1),
      listed(block(1, 0, 9), 8), listed(block(1, 1, 9), 8), listed(block(kMarkerPart, 0, 0), 1)};
  StagedUpload upload = read_staged_upload(blocks, kTag);
  EXPECT_TRUE(upload.known);
  EXPECT_FALSE(upload.aborted);
  ASSERT_EQ(upload.parts.size(), 2u);
  EXPECT_EQ(upload.parts[0].info.number, 1u);
  EXPECT_EQ(upload.parts[0].info.size, 17u);
  EXPECT_EQ(upload.parts[0].info.etag, codec::to_hex(std::string(16, 'a')));
  EXPECT_EQ(upload.parts[0].blocks,
            (std::vector<std::string>{blocks[2].name, blocks[3].name, blocks[1].name}));
  EXPECT_EQ(upload.parts[1].info.number, 2u);
}

TEST(AzureStagedUpload, TheLatestWholeAttemptCounts) {
  std::vector<ListedBlock> blocks = {listed(last_block(1, 0, 3, 'o'), 3),
                                     listed(last_block(1, 0, 4, 'n'), 4), listed(block(1, 0, 5), 8),
                                     listed(last_block(1, 2, 6, 'x'), 1)};
  StagedUpload upload = read_staged_upload(blocks, kTag);
  ASSERT_EQ(upload.parts.size(), 1u);
  EXPECT_EQ(upload.parts[0].info.size, 4u);
  EXPECT_EQ(upload.parts[0].blocks, std::vector<std::string>{blocks[1].name});
}

TEST(AzureStagedUpload, OtherUploadsAndMarksAreTold) {
  BlockId other = last_block(1, 0, 1, 'o');
  other.tag = "\x09\x02\x03\x04";
  EXPECT_FALSE(read_staged_upload({listed(other, 3), {"foreign", 5}}, kTag).known);
  StagedUpload started = read_staged_upload({listed(block(kMarkerPart, kStartedMark, 0), 1)}, kTag);
  EXPECT_TRUE(started.known);
  EXPECT_FALSE(started.aborted);
  EXPECT_TRUE(read_staged_upload({listed(block(kMarkerPart, kAbortedMark, 0), 1)}, kTag).aborted);
}

TEST(AzureStagedUpload, AnEmptyPartHasNoBlocksAndNoBytes) {
  BlockId id = last_block(1, 0, 1, 'e');
  id.sum->empty = true;
  StagedUpload upload = read_staged_upload({listed(id, 1)}, kTag);
  ASSERT_EQ(upload.parts.size(), 1u);
  EXPECT_EQ(upload.parts[0].info.size, 0u);
  EXPECT_TRUE(upload.parts[0].blocks.empty());
}

TEST(AzureStagedUpload, CommittedBlocksTellTheSizesOfTheParts) {
  std::vector<ListedBlock> blocks = {listed(block(1, 0, 9), 8), listed(last_block(1, 1, 9, 'a'), 2),
                                     listed(last_block(7, 0, 9, 'b'), 5)};
  EXPECT_EQ(committed_part_sizes(blocks), (std::vector<std::uint64_t>{10, 5}));
  blocks.push_back({"foreign", 4});
  EXPECT_TRUE(committed_part_sizes(blocks).empty());
  EXPECT_TRUE(committed_part_sizes({}).empty());
}

}  // namespace
}  // namespace holdfast::storage
