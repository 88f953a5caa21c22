// Parts frozen by the server as hard links under `shadow/NAME`, ours alone, removed whatever
// happens. Whoever calls these holds the data folder's lock.
#pragma once

#include <string>
#include <vector>

#include "base/context.h"
#include "datastore/clickhouse/schema.h"

namespace holdfast::datastore::ch {

struct FrozenPart {
  std::string name, disk;
  fs::path folder;
};

// In the order in which rows came in: by partition, then by block number.
void sort_by_insertion(std::vector<FrozenPart>& parts);

class Shadow {
 public:
  // Nothing is frozen yet. Borrows all; `name` begins with kScratchPrefix.
  Shadow(const Context& context, Server& server, const Schema& schema, std::string name);
  Shadow(const Shadow&) = delete;
  Shadow& operator=(const Shadow&) = delete;
  // Removes what is left; a failure is logged, and the next run removes it.
  ~Shadow();

  // All parts that the table has now; on old servers partition by partition. Refused when the
  // frozen parts do not show up in the data folder: it is another server's.
  std::vector<FrozenPart> freeze(const Table& table);
  // Removes all of it now.
  void remove();
  // From now on it stays, for who knows its name.
  void keep() { kept_ = true; }

 private:
  fs::path folder_on_disk(const Disk& disk) const;
  Context context_;
  Server& server_;
  const Schema& schema_;
  std::string name_;
  bool kept_ = false;
};

// Parts of one shadow, of any run, in insertion order.
std::vector<FrozenPart> parts_in_shadow(const Schema& schema, const std::string& shadow,
                                        const Table& table);

// Removes all shadows of ours from these data folders; a line for each.
std::vector<std::string> remove_leaked_shadows(const std::vector<fs::path>& folders);

}  // namespace holdfast::datastore::ch
