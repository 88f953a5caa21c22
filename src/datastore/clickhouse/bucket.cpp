#include "datastore/clickhouse/bucket.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/error.h"
#include "base/worker_pool.h"
#include "codec/digest.h"
#include "codec/text.h"

namespace holdfast::datastore::ch {

namespace {

constexpr std::string_view kSeeList = "holdfast list clickhouse shows what there is";
constexpr auto kSurelyDead = std::chrono::hours(24);

std::string sha256_of(std::string_view bytes) {
  return codec::to_hex(codec::digest_of(codec::DigestAlgorithm::kSha256, bytes));
}

// Backups by their time; names without one, of other tools, before those of the same second.
bool is_older(const std::string& a, const std::string& b) {
  auto time = [](const std::string& name) { return time_of_backup(name).value_or(WallTime{}); };
  WallTime time_a = time(a), time_b = time(b);
  // A full one of the same second is what the incremental one builds on.
  return time_a != time_b ? time_a < time_b : a < b;
}

bool is_old_enough(const Context& context, const Backup& backup) {
  return context.clock().now() - backup.uploaded > kSurelyDead;
}

// What a killed removal leaves: the manifest, which goes last, and not all that it names.
bool is_half_removed(const Context& context, const Place& place, const Backup& backup,
                     const Objects& objects) {
  if (!objects.contains(std::string(kManifestName))) return false;
  const storage::ObjectRef ref = place.object(backup.name, kManifestName);
  try {
    const Manifest manifest = read_manifest(
        storage::get_bytes(*place.storage, context, ref, kLargestManifest), ref.text());
    for (const ManifestTable& table : manifest.tables) {
      if (!objects.contains(document_key(table.name))) return true;
      for (const ManifestPart& part : table.parts) {
        const bool is_own = part.backup.empty();
        if (is_own && !objects.contains(archive_key(table.name, part.disk, part.stored)))
          return true;
      }
    }
  } catch (const NotFound&) {
    return true;
  } catch (const Corrupt&) {
  } catch (const Unsupported&) {
  }
  return false;
}

// Looks at a backup whose marker is not there. A run may be about to write it, or somebody may put
// it back: only a rest without all of its data goes at once.
void judge_broken(const Context& context, const Place& place, Backup& backup) {
  Objects objects;
  const std::string folder = place.folder(backup.name);
  storage::list_all(*place.storage, context, place.bucket, folder,
                    [&](const storage::ObjectInfo& info) {
                      objects[info.key.substr(folder.size())] = {};
                      backup.uploaded = std::max(backup.uploaded, info.modified);
                    });
  if (objects.empty()) {
    throw NotFound("open backup " + backup.name, "there is no such backup", std::string(kSeeList));
  }
  backup.is_abandoned =
      is_old_enough(context, backup) || is_half_removed(context, place, backup, objects);
}

// A backup without one that it builds on cannot be restored either. Again and again, since those
// that build on it follow, in whatever order their names come.
void judge_chains(const Context& context, std::vector<Backup>& backups) {
  std::map<std::string, const Backup*> known;
  for (const Backup& backup : backups) known[backup.name] = &backup;
  for (bool changed = true; changed;) {
    changed = false;
    for (Backup& backup : backups) {
      const std::string& parent = backup.document.required_backup;
      if (!backup.broken_because.empty() || parent.empty()) continue;
      auto found = known.find(parent);
      if (found != known.end() && found->second->broken_because.empty()) continue;
      backup.broken_because = fmt::format("needs {}, which is {}", parent,
                                          found == known.end() ? "not there" : "broken");
      backup.is_abandoned = is_old_enough(context, backup);
      changed = true;
    }
  }
}

}  // namespace

std::string Place::folder(const std::string& backup) const {
  return (prefix.empty() ? "" : prefix + "/") + backup + "/";
}

storage::ObjectRef Place::object(const std::string& backup, std::string_view name) const {
  return {bucket, folder(backup) + std::string(name)};
}

std::vector<std::string> list_names(const Context& context, const Place& place) {
  storage::ListRequest request;
  request.bucket = place.bucket;
  request.prefix = place.prefix.empty() ? "" : place.prefix + "/";
  request.delimiter = "/";
  std::vector<std::string> names;
  do {
    storage::ListPage page = place.storage->list(context, request);
    for (const std::string& folder : page.prefixes) {
      std::string name = folder.substr(request.prefix.size());
      name.pop_back();
      if (is_possible_backup_name(name)) names.push_back(std::move(name));
    }
    request.cursor = page.next;
  } while (!request.cursor.empty());
  std::stable_sort(names.begin(), names.end(), is_older);
  return names;
}

Backup open_backup(const Context& context, const Place& place, const std::string& name) {
  Backup backup;
  backup.name = name;
  if (!is_possible_backup_name(name)) {
    throw NotFound("open backup " + name, "no backup has such a name", std::string(kSeeList));
  }
  const storage::ObjectRef ref = place.object(name, kDocumentName);
  try {
    storage::ObjectInfo info;
    std::string bytes =
        storage::get_bytes(*place.storage, context, ref, kLargestDocument, {}, &info);
    backup.uploaded = info.modified;
    backup.document_sha256 = sha256_of(bytes);
    backup.document = read_backup_document(bytes, ref.text());
  } catch (const NotFound& error) {
    if (error.code() == storage::kNoSuchBucket) throw;
    backup.broken_because = "can't stat metadata.json";
    judge_broken(context, place, backup);
  } catch (const Corrupt& error) {
    backup.broken_because = fmt::format("metadata.json: {}", error.reason());
  }
  return backup;
}

void read_manifest_of(const Context& context, const Place& place, Backup& backup) {
  const storage::ObjectRef ref = place.object(backup.name, kManifestName);
  std::string bytes;
  try {
    bytes = storage::get_bytes(*place.storage, context, ref, kLargestManifest);
  } catch (const NotFound&) {
    return;
  }
  auto manifest = std::make_shared<Manifest>(read_manifest(bytes, ref.text()));
  if (manifest->document_sha256 == backup.document_sha256 && manifest->name == backup.name) {
    backup.manifest = std::move(manifest);
  }
}

std::vector<Backup> open_all(const Context& context, const Place& place) {
  std::vector<std::string> names = list_names(context, place);
  std::vector<Backup> backups(names.size());
  std::vector<char> is_there(names.size(), 1);
  WorkerPool pool(context, place.threads);
  for (std::size_t i = 0; i < names.size(); ++i) {
    pool.submit([&, i] {
      try {
        backups[i] = open_backup(pool.context(), place, names[i]);
      } catch (const NotFound& error) {
        if (error.code() == storage::kNoSuchBucket) throw;
        is_there[i] = 0;  // removed meanwhile
      }
    });
  }
  pool.finish();
  std::vector<Backup> out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (is_there[i]) out.push_back(std::move(backups[i]));
  }
  judge_chains(context, out);
  return out;
}

Objects list_objects(const Context& context, const Place& place, const std::string& backup) {
  Objects out;
  const std::string folder = place.folder(backup);
  storage::list_all(*place.storage, context, place.bucket, folder,
                    [&](const storage::ObjectInfo& info) {
                      out.emplace(info.key.substr(folder.size()),
                                  StoredObject{info.size, info.etag, info.revision});
                    });
  return out;
}

}  // namespace holdfast::datastore::ch
