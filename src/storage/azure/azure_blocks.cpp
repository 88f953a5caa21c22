#include "storage/azure/azure_blocks.h"

#include <algorithm>

#include "codec/digest.h"
#include "codec/text.h"
#include "storage/azure/azure_object.h"
#include "storage/rules.h"

namespace holdfast::storage {

namespace {

using codec::Digest;
using codec::DigestAlgorithm;

// The size of the blocks in front of the `held` last bytes, so that as many parts of this size as
// an object may have (10,000, or 5 TiB in all) stay within Azure's 50,000 blocks.
std::uint64_t streamed_block(std::uint64_t part_size, std::uint64_t held) {
  constexpr std::uint64_t kLargestObject = 5ull << 40, kMostBlocks = 50'000;
  const std::uint64_t parts = (kLargestObject + part_size - 1) / part_size;
  const std::uint64_t blocks = std::max<std::uint64_t>(kHeldBlocks, kMostBlocks / parts);
  const std::uint64_t front = part_size - held;
  return (front + blocks - 2) / (blocks - 1);
}

// A stretch of a body on its way to Azure, hashed as it passes.
class HashedStretch : public Source {
 public:
  HashedStretch(Source& body, std::uint64_t size, Digest& digest, const ObjectRef& ref)
      : body_(body), left_(size), digest_(digest), ref_(ref) {}
  std::size_t read(std::span<char> into) override {
    std::size_t wanted = std::size_t(std::min<std::uint64_t>(into.size(), left_));
    if (wanted == 0) return 0;
    std::size_t count = body_.read(into.first(wanted));
    if (count == 0) {
      throw InvalidArgument::with_code(kIncompleteBody, "put " + ref_.text(),
                                       "the body is shorter than announced");
    }
    digest_.update({into.data(), count});
    left_ -= count;
    return count;
  }
  std::optional<std::uint64_t> size() const override { return left_; }

 private:
  Source& body_;
  std::uint64_t left_;
  Digest& digest_;
  const ObjectRef& ref_;
};

AzureCall block_call(const BlockTarget& target, const std::string& name) {
  return {.method = "PUT",
          .target = target.ref,
          .verb = target.verb,
          .query = {{"comp", "block"}, {"blockid", name}}};
}

// Sends all but the last `held` bytes of a body that is longer than kHeldBlocks such pieces, in
// blocks that are not held; returns how many bytes went.
std::uint64_t stream_front(AzureEndpoint& endpoint, const Context& context,
                           const BlockTarget& target, BlockId& id, Source& body, Digest& md5,
                           std::uint64_t held) {
  auto size = body.size();
  if (!size || *size <= held * kHeldBlocks) return 0;
  const std::uint64_t front = *size - held, block = streamed_block(*size, held);
  for (std::uint64_t at = 0; at < front; at += block) {
    HashedStretch stretch(body, std::min(block, front - at), md5, target.ref);
    endpoint.send_for_stamp(context, block_call(target, encode_block_id(id)), &stretch);
    ++id.index;
  }
  return front;
}

std::string block_list(const std::vector<std::string>& names) {
  codec::XmlWriter xml("BlockList", "");
  // Only uncommitted ones: of two that commit one upload, one has to lose.
  for (const std::string& name : names) xml.element("Uncommitted", name);
  return xml.finish();
}

}  // namespace

HeldMemory::Room room_for(AzureEndpoint& endpoint, const Source& body) {
  std::size_t wanted = kHeldBlock;
  if (auto size = body.size()) wanted = std::size_t(std::min<std::uint64_t>(*size, wanted));
  return endpoint.held().lend(wanted + 1);
}

std::string_view BlockCutter::next() {
  const std::span<char> space = room_.span();
  if (carries_) space[0] = space.back();
  std::size_t held = carries_ ? 1 : 0;
  std::size_t count = held + read_full(body_, space.subspan(held));
  carries_ = count == space.size();
  at_end_ = !carries_;
  return {space.data(), carries_ ? count - 1 : count};
}

void stage_block(AzureEndpoint& endpoint, const Context& context, const BlockTarget& target,
                 const std::string& name, std::string_view bytes) {
  AzureCall call = block_call(target, name);
  endpoint.write_retry().run(context, AzureEndpoint::describe(call), [&] {
    MemorySource source(bytes);
    endpoint.send_for_stamp(context, call, &source);
  });
}

PartInfo stage_part(AzureEndpoint& endpoint, const Context& context, const BlockTarget& target,
                    Source& body, const PutRequest& request) {
  Digest md5(DigestAlgorithm::kMd5);
  BlockId id = target.id;
  PartInfo part{.number = id.part};
  HeldMemory::Room room = room_for(endpoint, body);
  const std::uint64_t held = room.span().size() - 1;
  part.size = stream_front(endpoint, context, target, id, body, md5, held);
  BlockCutter cutter(body, std::move(room));
  while (true) {
    std::string_view bytes = cutter.next();
    md5.update(bytes);
    part.size += bytes.size();
    if (cutter.at_end()) {
      BlockSum sum{.md5 = md5.finish(), .checksum = request.attributes.checksum};
      check_digest(request.md5, sum.md5, target.ref);
      if (request.checksum_at_end) {
        if (auto at_end = request.checksum_at_end()) sum.checksum = at_end;
      }
      // Azure takes no block without bytes.
      sum.empty = part.size == 0;
      id.sum = sum;
      part.etag = codec::to_hex(sum.md5);
      part.checksum = sum.checksum;
      stage_block(endpoint, context, target, encode_block_id(id), sum.empty ? " " : bytes);
      part.modified = context.clock().now();
      return part;
    }
    stage_block(endpoint, context, target, encode_block_id(id), bytes);
    ++id.index;
  }
}

AzureStamp commit_blocks(AzureEndpoint& endpoint, const Context& context, const AzureCall& write,
                         const std::vector<std::string>& names, const std::string& tag) {
  AzureCall call = write;
  call.query = {{"comp", "blocklist"}};
  const std::string document = block_list(names);
  try {
    return endpoint.write_retry().run(
        context, AzureEndpoint::describe(call),
        [&] {
          MemorySource source(document);
          return endpoint.send_for_stamp(context, call, &source);
        },
        [&] { return !has_condition(call); });
  } catch (const NotFound& error) {
    if (error.code() != kNoSuchUpload) throw;
    auto made = find_made_by(endpoint, context, write.target, tag);
    if (!made) throw;
    return {made->info.revision, made->info.modified};
  }
}

std::vector<ListedBlock> list_blocks(AzureEndpoint& endpoint, const Context& context,
                                     const ObjectRef& ref, bool committed) {
  AzureCall call{.target = ref, .verb = "list the blocks of"};
  call.query = {{"comp", "blocklist"}, {"blocklisttype", committed ? "committed" : "uncommitted"}};
  std::vector<ListedBlock> blocks;
  codec::XmlElement root;
  try {
    root = endpoint.send_for_xml(context, call, "BlockList");
  } catch (const NotFound& error) {
    if (error.code() != kNoSuchKey) throw;
    return blocks;
  }
  const codec::XmlElement* list = root.child(committed ? "CommittedBlocks" : "UncommittedBlocks");
  if (!list) return blocks;
  for (const codec::XmlElement& element : list->children) {
    auto size = parse_number(element.child_text("Size"));
    if (!size) {
      throw Failed(AzureEndpoint::describe(call), "the storage's answer has a block without a size",
                   "check that the endpoint is Azure's Blob service");
    }
    blocks.push_back({element.child_text("Name"), *size});
  }
  return blocks;
}

}  // namespace holdfast::storage
