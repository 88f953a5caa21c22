#include "datastore/clickhouse/base.h"

#include <fmt/format.h>
#include <set>

#include "base/error.h"
#include "base/worker_pool.h"

namespace holdfast::datastore::ch {

namespace {

// Why nothing can be built on `backup`; empty: it can.
std::string look_closer(const Context& context, const Place& place, Backup& backup) {
  if (!backup.broken_because.empty()) return backup.broken_because;
  try {
    read_manifest_of(context, place, backup);
  } catch (const Corrupt& error) {
    return error.reason();
  }
  if (!backup.manifest) return "it was not made by holdfast";
  return "";
}

// One list a backup, side by side.
std::map<std::string, Objects> list_all_of(const Context& context, const Place& place,
                                           const std::set<std::string>& backups) {
  std::map<std::string, Objects> out;
  for (const std::string& name : backups) out[name];
  WorkerPool pool(context, place.threads);
  for (auto& [name, objects] : out) {
    pool.submit([&pool, &place, &name = name, &objects = objects] {
      objects = list_objects(pool.context(), place, name);
    });
  }
  pool.finish();
  return out;
}

}  // namespace

std::optional<Base> Base::find(const Context& context, const Place& place,
                               const std::vector<std::string>& names, std::string& why) {
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    Base base;
    base.backup_ = open_backup(context, place, *name);
    std::string problem = look_closer(context, place, base.backup_);
    if (!problem.empty()) {
      if (why.empty()) why = fmt::format("{}: {}", *name, problem);
      // What clickhouse-backup wrote last is what a restore would want: nothing older is built on.
      if (base.backup_.broken_because.empty()) return std::nullopt;
      continue;
    }
    const Manifest& manifest = *base.backup_.manifest;
    std::set<std::string> backups(manifest.chain.begin(), manifest.chain.end());
    backups.insert(base.name());
    base.objects_ = list_all_of(context, place, backups);
    for (const std::string& needed : manifest.chain) {
      if (!base.objects_[needed].contains(std::string(kDocumentName))) {
        if (why.empty()) why = fmt::format("{} needs {}, which is not there", *name, needed);
        return std::nullopt;
      }
    }
    for (const ManifestTable& table : manifest.tables) {
      for (ManifestPart part : table.parts) {
        if (part.backup.empty()) part.backup = base.name();
        const Objects& objects = base.objects_[part.backup];
        auto object = objects.find(archive_key(table.name, part.disk, part.stored));
        if (object == objects.end() || object->second.size != part.digest.size) continue;
        base.parts_[table.name][part.identity].push_back(part);
      }
    }
    return base;
  }
  return std::nullopt;
}

std::vector<std::string> Base::chain() const {
  std::vector<std::string> out = {backup_.name};
  out.insert(out.end(), backup_.manifest->chain.begin(), backup_.manifest->chain.end());
  return out;
}

const std::vector<ManifestPart>& Base::find_parts(const TableName& table,
                                                  const std::string& identity) const {
  static const std::vector<ManifestPart> none;
  auto parts = parts_.find(table);
  if (parts == parts_.end()) return none;
  auto found = parts->second.find(identity);
  return found == parts->second.end() ? none : found->second;
}

const StoredObject& Base::object_of(const TableName& table, const ManifestPart& part) const {
  return objects_.at(part.backup).at(archive_key(table, part.disk, part.stored));
}

}  // namespace holdfast::datastore::ch
