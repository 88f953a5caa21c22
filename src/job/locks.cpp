#include "job/locks.h"

#include <algorithm>

namespace holdfast::job {

namespace {

using datastore::BackupEntry;

const BackupEntry* find_entry(const std::vector<BackupEntry>& entries, const std::string& name) {
  auto found = std::find_if(entries.begin(), entries.end(),
                            [&](const BackupEntry& entry) { return entry.name == name; });
  return found == entries.end() ? nullptr : &*found;
}

// Empty: it is not locked.
std::string lock_of(const Context& context, storage::Storage& storage,
                    const storage::ObjectRef& ref) {
  const auto info = storage::find(storage, context, ref);
  if (!info) return "";
  if (info->marks.hold) return "under a legal hold";
  const auto& retention = info->marks.retention;
  if (!retention || retention->until <= context.clock().now()) return "";
  return "under object lock until " + format_rfc3339(retention->until);
}

}  // namespace

std::map<std::string, std::string> kept_by_locks(const Context& context, storage::Storage& storage,
                                                 const std::string& bucket,
                                                 const std::vector<BackupEntry>& entries,
                                                 const std::vector<std::string>& doomed) {
  std::map<std::string, std::string> kept;
  for (const std::string& name : doomed) {
    const BackupEntry* entry = find_entry(entries, name);
    if (!entry || entry->proof.empty()) continue;
    const std::string why = lock_of(context, storage, {bucket, entry->proof});
    if (why.empty()) continue;
    kept[name] = why;
    // A chain cannot be longer than the list: whoever wrote it, this ends.
    for (std::size_t i = 0; i < entries.size() && entry && !entry->parent.empty(); ++i) {
      kept.emplace(entry->parent, "needed by " + name + ", which is " + why);
      entry = find_entry(entries, entry->parent);
    }
  }
  return kept;
}

}  // namespace holdfast::job
