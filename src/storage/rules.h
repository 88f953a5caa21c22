// What every backend that does its own bookkeeping decides in the same way: conditions, ranges, the
// parts of an object, checksums over parts, common prefixes. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "storage/storage.h"

namespace holdfast::storage {

// For get, head and the source of a copy. Throws PreconditionFailed, with code kNotModified for the
// `_not_` and since kinds unless `for_copy` (a copy has nobody who could use its old answer).
void check_read_condition(const Condition& condition, const ObjectInfo& info, const ObjectRef& ref,
                          bool for_copy = false);

// For put, complete and the destination of a copy; `current` is null when there is no object.
void check_write_condition(const Condition& condition, const ObjectInfo* current,
                           const ObjectRef& ref);

// A stretch of an object's bytes.
struct Stretch {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  friend bool operator==(const Stretch&, const Stretch&) = default;
};

// Throws InvalidArgument (code kInvalidRange) when nothing of the range exists.
Stretch resolve_range(const Range& range, std::uint64_t size, const ObjectRef& ref);

// The bytes of part `number` of an object whose parts have these sizes; an object without parts
// counts as one of one part. Throws InvalidArgument (code kInvalidRange) when there is no such
// part.
Stretch resolve_part(const std::vector<std::uint64_t>& sizes, unsigned number, std::uint64_t size,
                     const ObjectRef& ref);

// What ObjectInfo::part_list tells of an object of these parts with that checksum: empty unless
// each part has one of its kind.
std::vector<ObjectPart> list_of_parts(const std::vector<PartInfo>& parts,
                                      const std::optional<Checksum>& whole);

// What a get delivers: the whole, the range or the part asked for.
Stretch resolve_request(const GetRequest& request, const std::vector<std::uint64_t>& part_sizes,
                        std::uint64_t size, const ObjectRef& ref);

// S3's ETag of a multipart object: MD5 of the parts' MD5s, then the number of parts.
std::string multipart_etag(const std::vector<PartInfo>& parts);

// The parts that a complete names, in order, out of those `stored` (sorted by number). Throws
// InvalidArgument with code kInvalidPartOrder, kInvalidPart (missing, other ETag or checksum) or
// kEntityTooSmall.
std::vector<PartInfo> choose_parts(const std::vector<PartInfo>& stored,
                                   const std::vector<CompletedPart>& wanted,
                                   std::uint64_t min_part_size, const ObjectRef& ref);

void check_part_number(unsigned number, const ObjectRef& ref);  // 1 to 10,000

// The finished object's checksum of the kind that the upload was created with: composite (digest of
// the parts' checksums), or of the whole, which only CRCs can have without reading all bytes again.
// nullopt when no kind was asked for or a part has no such checksum.
std::optional<Checksum> combine_checksums(const std::optional<Checksum>& kind,
                                          const std::vector<PartInfo>& parts);

// The CRC of A followed by B, from the CRC of A, that of B and B's length. Raw bytes, big-endian.
std::string combine_crc(codec::DigestAlgorithm algorithm, const std::string& a,
                        const std::string& b, std::uint64_t length_of_b);

// The common prefix that `key` is listed under: `prefix`, up to and with the first delimiter behind
// it. nullopt when the key stands for itself.
std::optional<std::string> common_prefix(const std::string& key, const std::string& prefix,
                                         const std::string& delimiter);

// The smallest text greater than every text that starts with `prefix`; empty when there is none.
std::string after_all_with(std::string prefix);

// NotFound, worded in one place.
[[noreturn]] void throw_no_such_key(const ObjectRef& ref);
[[noreturn]] void throw_no_such_bucket(const std::string& bucket);
[[noreturn]] void throw_no_such_upload(const ObjectRef& ref);
[[noreturn]] void throw_no_such_version(const ObjectRef& ref);
// InvalidArgument, code kIsDeleteMarker.
[[noreturn]] void throw_delete_marker(const ObjectRef& ref);
// Throws InvalidArgument (code kBadDigest) when `expected` is given and differs; both raw.
void check_digest(const std::optional<std::string>& expected, const std::string& actual,
                  const ObjectRef& ref);
// The page of `all` (sorted by key, then upload id) that `request` asks for.
UploadPage page_of_uploads(const std::vector<UploadInfo>& all, const UploadListRequest& request);
void check_list_request(const ListRequest& request);  // InvalidArgument: limit outside 1 to 1,000

}  // namespace holdfast::storage
