#include "datastore/clickhouse/verify.h"

#include <set>

#include "datastore/clickhouse/resolve.h"
#include "datastore/clickhouse/unpack.h"

namespace holdfast::datastore::ch {

VerifyReport verify_backup(const Context& context, Store& store, const VerifyRequest& request,
                           Progress& progress) {
  progress.phase("look at " + request.name, 0, 0);
  const Resolved resolved = resolve(context, store.place, request.name);
  VerifyReport report;
  report.problems = resolved.problems;
  report.more_problems = resolved.more_problems;
  report.objects_without_checksum = resolved.unhashed;
  std::vector<const NeededPart*> parts;
  std::set<std::string> seen;
  std::uint64_t to_read = 0, bytes_to_read = 0;
  for (const NeededTable& table : resolved.tables) {
    ++report.objects;  // its document
    for (const NeededPart& part : table.parts) {
      const bool is_anothers = part.backup != request.name && request.others.contains(part.backup);
      if (!is_anothers) parts.push_back(&part);
      for (const PartObject& object : part.objects) {
        if (!seen.insert(part.backup + "/" + object.key).second) continue;
        ++report.objects;
        report.bytes += object.size;
        if (is_anothers) continue;
        ++to_read;
        bytes_to_read += object.size;
      }
    }
  }
  if (!request.deep || !resolved.problems.empty()) return report;
  progress.phase("read " + request.name, bytes_to_read, to_read);
  check_parts(context, store.place, parts, store.options.transfer, progress,
              [&](const std::string& problem) {
                if (report.problems.size() < kMostProblems) {
                  report.problems.push_back(problem);
                } else {
                  ++report.more_problems;
                }
              });
  return report;
}

}  // namespace holdfast::datastore::ch
