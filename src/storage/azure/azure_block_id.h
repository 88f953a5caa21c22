// The names of blocks, which hold all that is known of a part: the list of a blob's blocks is the
// list of its parts, and nothing else is kept anywhere. Layout: docs/formats/azure.md, "Block ids".
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/storage.h"

namespace holdfast::storage {

inline constexpr std::size_t kUploadTagSize = 4;  // bytes
inline constexpr unsigned kMarkerPart = 0;        // the part number of an upload's own marks
inline constexpr unsigned kStartedMark = 0, kAbortedMark = 1;  // their sub-block numbers

// What the last block of an attempt tells of the whole part.
struct BlockSum {
  std::string md5;  // raw
  std::optional<Checksum> checksum;
  bool empty = false;  // the part has no bytes: this block, which must have one, is left out
  friend bool operator==(const BlockSum&, const BlockSum&) = default;
};

struct BlockId {
  std::string tag;  // kUploadTagSize raw bytes: the upload that it belongs to
  unsigned part = 0;
  unsigned index = 0;           // of the block in its attempt, from 0
  std::uint64_t attempt = 0;    // 48 bits; later attempts at one part have greater ones
  std::optional<BlockSum> sum;  // of the last block
  friend bool operator==(const BlockId&, const BlockId&) = default;
};

// The number of an attempt that begins now: milliseconds, then eight bits of `noise`.
std::uint64_t attempt_at(WallTime now, std::uint64_t noise);

std::string encode_block_id(const BlockId& id);  // base64, of one length for all ids
// nullopt: not one of ours.
std::optional<BlockId> decode_block_id(std::string_view text);

// A block as Azure lists it.
struct ListedBlock {
  std::string name;
  std::uint64_t size = 0;
};
// One part as it was last sent in full.
struct StagedPart {
  PartInfo info;
  std::vector<std::string> blocks;  // their names, in order; empty for an empty part
};
struct StagedUpload {
  bool known = false;  // any block of the upload is there
  bool aborted = false;
  std::vector<StagedPart> parts;  // sorted by number
};
// What `blocks` tell of the upload `tag`. Attempts that lack a block are left out.
StagedUpload read_staged_upload(const std::vector<ListedBlock>& blocks, const std::string& tag);

// The sizes of the parts that a committed object was made of, in order; empty when its blocks are
// not all ours.
std::vector<std::uint64_t> committed_part_sizes(const std::vector<ListedBlock>& blocks);
// The same with the parts' checksums, by number. Of parts without bytes there are no blocks.
std::vector<PartInfo> committed_parts(const std::vector<ListedBlock>& blocks);

}  // namespace holdfast::storage
