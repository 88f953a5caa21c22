#include "datastore/clickhouse/choose.h"

#include <set>

namespace holdfast::datastore::ch {

namespace {

// Of the stored parts with this content the one of that name; null: there is none.
const ManifestPart* of_that_name(const std::vector<ManifestPart>& stored,
                                 const FrozenPart& frozen) {
  for (const ManifestPart& part : stored) {
    if (part.name == frozen.name && part.disk == frozen.disk) return &part;
  }
  return nullptr;
}

}  // namespace

std::vector<ChosenPart> choose_parts(const Context& context, const TableName& table,
                                     const std::vector<FrozenPart>& parts, const Base* base) {
  std::vector<ChosenPart> chosen;
  std::set<std::string> taken;
  for (const FrozenPart& frozen : parts) {
    context.check("look at the parts of " + table.text());
    ChosenPart part{frozen, look_at_part(frozen.folder), frozen.name, nullptr};
    if (base) part.stored = of_that_name(base->find_parts(table, part.facts.identity), frozen);
    taken.insert(frozen.name);
    chosen.push_back(std::move(part));
  }
  if (!base) return chosen;
  for (ChosenPart& part : chosen) {
    if (part.stored) continue;
    for (const ManifestPart& stored : base->find_parts(table, part.facts.identity)) {
      // Archives are named by the disk too.
      if (stored.disk != part.frozen.disk || !taken.insert(stored.name).second) continue;
      part.stored = &stored;
      part.name = stored.name;
      break;
    }
  }
  return chosen;
}

}  // namespace holdfast::datastore::ch
