#include "datastore/elasticsearch/repository_shards.h"

#include <charconv>
#include <fmt/format.h>
#include <set>

#include "base/error.h"
#include "datastore/elasticsearch/fields.h"
#include "datastore/elasticsearch/lucene.h"
#include "datastore/elasticsearch/repository_files.h"
#include "datastore/elasticsearch/repository_names.h"

namespace holdfast::datastore::es {

namespace {

constexpr std::string_view kDataPrefix = "__", kVirtualPrefix = "v__";
constexpr int kChecksumBase = 36;
constexpr std::uint64_t kLargestFile = 1ull << 50;  // bytes; sums of many stay in 64 bits
constexpr std::size_t kLongestName = 255;

std::uint32_t checksum_of(const Fields& fields) {
  const std::string text = fields.text("checksum");
  std::uint32_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, kChecksumBase);
  if (error != std::errc() || end != text.data() + text.size()) {
    fields.fail("a file's checksum is none");
  }
  return value;
}

std::string content_of(const Fields& fields) {
  const nlohmann::json* hash = fields.find("meta_hash");
  if (!hash) return "";
  if (!hash->is_binary()) fields.fail("a file's meta_hash is not binary");
  const nlohmann::json::binary_t& bytes = hash->get_binary();
  return {bytes.begin(), bytes.end()};
}

StoredFile file_of(const nlohmann::json& told, const std::string& what) {
  const Fields fields(told, what);
  StoredFile file;
  file.name = fields.text("name");
  if (!is_blob_name(file.name) ||
      !(file.name.starts_with(kDataPrefix) || file.name.starts_with(kVirtualPrefix))) {
    fields.fail("the name of a file's blob is none");
  }
  file.physical_name = fields.text("physical_name");
  if (file.physical_name.empty() || file.physical_name.size() > kLongestName) {
    fields.fail("a file has no name");
  }
  file.length = fields.number("length");
  if (file.length > kLargestFile) fields.fail("the file " + file.physical_name + " is too large");
  if (fields.find("part_size")) file.part_size = fields.number("part_size");
  file.checksum = checksum_of(fields);
  file.written_by = fields.text_or("written_by", "");
  file.content = content_of(fields);
  // Of other sizes it is a digest, as versions before 7 kept them of some files.
  if (file.content.size() != file.length) file.content.clear();
  if (file.is_virtual() && file.content.empty()) {
    fields.fail("the file " + file.physical_name + " has neither a blob nor its bytes");
  }
  return file;
}

nlohmann::json needed_document(const Context& context, RepositoryBlobs& blobs,
                               const std::string& name, const std::string& codec,
                               const std::string& what) {
  auto bytes = blobs.read(context, name, kLargestMetadataBlob);
  if (!bytes) throw Corrupt(what, "the blob is missing");
  return read_metadata_blob(*bytes, codec, what);
}

}  // namespace

std::uint64_t StoredFile::parts() const {
  if (is_virtual()) return 0;
  if (part_size == 0 || length == 0) return 1;
  return (length - 1) / part_size + 1;
}

std::string StoredFile::part_name(std::uint64_t part) const {
  return parts() == 1 ? name : fmt::format("{}.part{}", name, part);
}

std::uint64_t StoredFile::part_length(std::uint64_t part) const {
  if (parts() == 1) return length;
  return std::min(part_size, length - part * part_size);
}

ShardSnapshot read_shard_snapshot(const Context& context, RepositoryBlobs& blobs,
                                  const std::string& index_id, unsigned shard,
                                  const std::string& snapshot_uuid) {
  ShardSnapshot result;
  result.blob = shard_folder(index_id, shard) + snapshot_blob(snapshot_uuid);
  const std::string what = blob_subject(blobs, result.blob);
  const nlohmann::json document = needed_document(context, blobs, result.blob, "snapshot", what);
  const Fields fields(document, what);
  std::set<std::string> names;
  for (const nlohmann::json& one : fields.array("files")) {
    result.files.push_back(file_of(one, what));
    if (!names.insert(result.files.back().physical_name).second) {
      fields.fail("it has the file " + result.files.back().physical_name + " twice");
    }
  }
  return result;
}

std::size_t check_shard_index(const Context& context, RepositoryBlobs& blobs,
                              const std::string& index_id, unsigned shard,
                              const std::string& generation) {
  const std::string name = shard_folder(index_id, shard) + "index-" + generation;
  const std::string what = blob_subject(blobs, name);
  const nlohmann::json document = needed_document(context, blobs, name, "snapshots", what);
  const Fields fields(document, what);
  for (const nlohmann::json& one : fields.array("files")) file_of(one, what);
  return fields.array("files").size();
}

}  // namespace holdfast::datastore::es
