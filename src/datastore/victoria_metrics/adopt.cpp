#include "datastore/victoria_metrics/adopt.h"

#include "base/error.h"
#include "base/log.h"
#include "base/random.h"

namespace holdfast::datastore::vm {

ManifestHeader describe_stored(const Context& context, const Place& place,
                               const std::string& folder, Spool& entries) {
  ManifestHeader header;
  header.id = random_hex(16);
  header.store = place.store;
  ObjectList stored(context, place, folder);
  PieceCheck check;
  auto require = [&](const std::string& problem) {
    if (problem.empty()) return;
    throw Corrupt("read " + place.bucket + "/" + folder, problem);
  };
  while (auto object = stored.next()) {
    require(check.add(object->piece, object->size));
    ManifestEntry entry{object->piece, std::nullopt, std::nullopt};
    if (changes_in_place(entry.piece.path)) {
      entry.content = storage::get_bytes(*place.storage, context,
                                         place.object(folder, entry.piece.name()), kLongestContent);
      entry.digest = transfer::object_digest_of(*entry.content);
    }
    header.objects += 1;
    header.bytes += entry.piece.size;
    entries.add(format_entry(entry));
  }
  require(check.finish());
  require(lacks_of_every_snapshot(context, place, folder));
  return header;
}

std::optional<std::string> adopt(const Context& context, const Place& place, Committer& committer,
                                 const Folder& folder) {
  Spool entries, bytes;
  ManifestHeader header;
  try {
    header = describe_stored(context, place, folder.name, entries);
  } catch (const Corrupt& error) {
    log::warning(context, error.to_string());
    return folder.manifest_revision;
  }
  header.created = folder.completed;
  ManifestWriter writer(bytes, header);
  auto reader = entries.read();
  while (auto line = reader.next()) writer.add(*parse_entry(*line));
  std::string sha256 = writer.finish();
  return committer.put_manifest("vm.put_adopted_manifest", bytes, sha256, folder.manifest_revision);
}

}  // namespace holdfast::datastore::vm
