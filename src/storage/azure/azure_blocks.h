// Bodies as blocks: cutting them, staging them, committing them. A body is hashed once on its way.
//
// A block is held in memory until Azure has it, and only such a block is sent again. While others
// hold much, blocks are smaller (held_memory.h). A part that would take more than kHeldBlocks of
// them is sent in larger ones that are not held, but for its last, so that an object of 10,000
// parts stays within the 50,000 blocks that Azure allows.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "storage/azure/azure_block_id.h"
#include "storage/azure/azure_endpoint.h"
#include "storage/azure/azure_label.h"

namespace holdfast::storage {

inline constexpr std::size_t kHeldBlock = 8 << 20;  // bytes, at most
inline constexpr unsigned kHeldBlocks = 5;  // of a part; of a whole object as many as it takes

// Cuts a body into blocks that fill `room`, but for a byte that tells whether more follows; the
// last one may be shorter, also empty. Borrows the body.
class BlockCutter {
 public:
  BlockCutter(Source& body, HeldMemory::Room room) : body_(body), room_(std::move(room)) {}
  // The next block, valid until the next call. Not to be called after the last one.
  std::string_view next();
  bool at_end() const { return at_end_; }  // the block given last was the last one

 private:
  Source& body_;
  HeldMemory::Room room_;
  bool carries_ = false;  // the room's last byte is the first of the next block
  bool at_end_ = false;
};

// Room for a block of kHeldBlock bytes, or for all that the body is known to have if that is less.
HeldMemory::Room room_for(AzureEndpoint& endpoint, const Source& body);

// Where blocks go: one attempt at one part of one upload.
struct BlockTarget {
  ObjectRef ref;
  std::string verb;  // how errors begin: "put"
  BlockId id;        // index and sum are filled in
};

// Stages `bytes`, again after passing trouble.
void stage_block(AzureEndpoint& endpoint, const Context& context, const BlockTarget& target,
                 const std::string& name, std::string_view bytes);

// Reads `body` to its end and stages it; throws what request's digests do not allow (kBadDigest).
PartInfo stage_part(AzureEndpoint& endpoint, const Context& context, const BlockTarget& target,
                    Source& body, const PutRequest& request);

// Makes the object of the staged blocks of the upload `tag`; `write` holds its label and condition.
// Repeated after passing trouble only while there is no condition. Where the upload was committed
// already, by a first try or by another request, that is the answer. Throws NotFound (code
// kNoSuchUpload) when Azure has discarded the blocks.
AzureStamp commit_blocks(AzureEndpoint& endpoint, const Context& context, const AzureCall& write,
                         const std::vector<std::string>& names, const std::string& tag);

// All blocks of a blob: committed ones in their order, or uncommitted ones. A blob that is not
// there has none.
std::vector<ListedBlock> list_blocks(AzureEndpoint& endpoint, const Context& context,
                                     const ObjectRef& ref, bool committed);

}  // namespace holdfast::storage
