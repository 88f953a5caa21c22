#include "storage/azure/azure_block_id.h"

#include <algorithm>
#include <map>

#include "codec/text.h"

namespace holdfast::storage {

namespace {

using codec::DigestAlgorithm;

constexpr unsigned kVersion = 1;
constexpr std::size_t kIdSize = 64;  // bytes, the most that Azure takes
constexpr std::size_t kMd5Size = 16;
constexpr std::size_t kChecksumSpace = 32;
// Milliseconds since 2020-01-01, so that 40 bits reach beyond 2050.
constexpr std::int64_t kEpoch = 1'577'836'800'000;

// The kind of a block: whether it is an attempt's last one, and what its sum holds.
constexpr unsigned kLast = 0x80, kEmpty = 0x40, kAlgorithmBits = 0x0f;

// Numbers in block ids never change: 0 is "no checksum".
constexpr DigestAlgorithm kAlgorithms[] = {DigestAlgorithm::kCrc32, DigestAlgorithm::kCrc32c,
                                           DigestAlgorithm::kCrc64Nvme, DigestAlgorithm::kSha1,
                                           DigestAlgorithm::kSha256};

void put_number(std::string& out, std::uint64_t value, unsigned bytes) {
  while (bytes-- > 0) out += char(value >> (8 * bytes) & 0xff);
}

std::uint64_t number_of(std::string_view bytes) {
  std::uint64_t value = 0;
  for (char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

unsigned code_of(const std::optional<Checksum>& checksum) {
  if (!checksum) return 0;
  auto found = std::find(std::begin(kAlgorithms), std::end(kAlgorithms), checksum->algorithm);
  return found == std::end(kAlgorithms) ? 0 : unsigned(found - std::begin(kAlgorithms)) + 1;
}

std::optional<BlockSum> read_sum(unsigned kind, std::string_view bytes) {
  BlockSum sum;
  sum.md5 = bytes.substr(0, kMd5Size);
  sum.empty = kind & kEmpty;
  if (unsigned code = kind & kAlgorithmBits) {
    if (code > std::size(kAlgorithms)) return std::nullopt;
    Checksum checksum{.algorithm = kAlgorithms[code - 1]};
    checksum.value = bytes.substr(kMd5Size, codec::digest_size(checksum.algorithm));
    sum.checksum = std::move(checksum);
  }
  return sum;
}

// The blocks of one attempt at one part, by their index.
struct Attempt {
  std::map<unsigned, const ListedBlock*> blocks;
  std::optional<unsigned> last;
  BlockSum sum;

  bool complete() const { return last && blocks.size() == *last + 1u; }
};

StagedPart staged_part(unsigned number, std::uint64_t attempt_number, const Attempt& attempt) {
  StagedPart part;
  part.info.number = number;
  part.info.etag = codec::to_hex(attempt.sum.md5);
  part.info.modified =
      WallTime(std::chrono::milliseconds(std::int64_t(attempt_number >> 8) + kEpoch));
  part.info.checksum = attempt.sum.checksum;
  if (attempt.sum.empty) return part;
  for (const auto& [index, block] : attempt.blocks) {
    part.info.size += block->size;
    part.blocks.push_back(block->name);
  }
  return part;
}

}  // namespace

std::uint64_t attempt_at(WallTime now, std::uint64_t noise) {
  auto since = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
  std::uint64_t count = std::uint64_t(std::max<std::int64_t>(since.count() - kEpoch, 0));
  return (count & 0xff'ffff'ffff) << 8 | (noise & 0xff);
}

std::string encode_block_id(const BlockId& id) {
  std::string out;
  put_number(out, kVersion, 1);
  out += id.tag;
  put_number(out, id.part, 2);
  put_number(out, id.index, 2);
  put_number(out, id.attempt, 6);
  unsigned kind = 0;
  if (id.sum) kind = kLast | (id.sum->empty ? kEmpty : 0) | code_of(id.sum->checksum);
  put_number(out, kind, 1);
  if (id.sum) out += id.sum->md5;
  if (id.sum && code_of(id.sum->checksum) != 0) out += id.sum->checksum->value;
  out.resize(kIdSize, '\0');
  return codec::to_base64(out);
}

std::optional<BlockId> decode_block_id(std::string_view text) {
  auto bytes = codec::from_base64(text);
  if (!bytes || bytes->size() != kIdSize) return std::nullopt;
  std::string_view all = *bytes;
  if (number_of(all.substr(0, 1)) != kVersion) return std::nullopt;
  BlockId id;
  id.tag = all.substr(1, kUploadTagSize);
  id.part = unsigned(number_of(all.substr(5, 2)));
  id.index = unsigned(number_of(all.substr(7, 2)));
  id.attempt = number_of(all.substr(9, 6));
  unsigned kind = unsigned(number_of(all.substr(15, 1)));
  if (kind & kLast) {
    id.sum = read_sum(kind, all.substr(16, kMd5Size + kChecksumSpace));
    if (!id.sum) return std::nullopt;
  }
  return id;
}

StagedUpload read_staged_upload(const std::vector<ListedBlock>& blocks, const std::string& tag) {
  StagedUpload upload;
  std::map<unsigned, std::map<std::uint64_t, Attempt>> parts;
  for (const ListedBlock& block : blocks) {
    auto id = decode_block_id(block.name);
    if (!id || id->tag != tag) continue;
    upload.known = true;
    if (id->part == kMarkerPart) {
      upload.aborted = upload.aborted || id->index == kAbortedMark;
      continue;
    }
    Attempt& attempt = parts[id->part][id->attempt];
    attempt.blocks[id->index] = &block;
    if (!id->sum) continue;
    attempt.last = id->index;
    attempt.sum = *id->sum;
  }
  for (const auto& [number, attempts] : parts) {
    auto latest = std::find_if(attempts.rbegin(), attempts.rend(),
                               [](const auto& each) { return each.second.complete(); });
    if (latest == attempts.rend()) continue;
    upload.parts.push_back(staged_part(number, latest->first, latest->second));
  }
  return upload;
}

std::vector<std::uint64_t> committed_part_sizes(const std::vector<ListedBlock>& blocks) {
  std::vector<std::uint64_t> sizes;
  for (const PartInfo& part : committed_parts(blocks)) sizes.push_back(part.size);
  return sizes;
}

std::vector<PartInfo> committed_parts(const std::vector<ListedBlock>& blocks) {
  std::vector<PartInfo> parts;
  for (const ListedBlock& block : blocks) {
    auto id = decode_block_id(block.name);
    if (!id) return {};
    if (parts.empty() || parts.back().number != id->part) parts.push_back({.number = id->part});
    parts.back().size += block.size;
    if (id->sum) parts.back().checksum = id->sum->checksum;
  }
  return parts;
}

}  // namespace holdfast::storage
