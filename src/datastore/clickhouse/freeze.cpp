#include "datastore/clickhouse/freeze.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "base/operation.h"

namespace holdfast::datastore::ch {

namespace {

// The smallest block number of "PARTITION_MIN_MAX_LEVEL[_MUTATION]" or of the old form with days.
std::int64_t first_block(std::string_view part) {
  const std::size_t fields = std::size_t(std::count(part.begin(), part.end(), '_')) + 1;
  const std::string partition = partition_of(part);
  std::size_t skip = part.starts_with(partition + "_") ? 1 : 2;
  if (fields <= skip) return 0;
  for (; skip > 0; --skip) part.remove_prefix(part.find('_') + 1);
  std::int64_t number = 0;
  std::from_chars(part.data(), part.data() + part.size(), number);
  return number;
}

void freeze_by_partitions(const Context& context, Server& server, const Table& table,
                          const std::string& shadow) {
  for (const std::string& id : partitions_of(context, server, table.name)) {
    server.run(context, fmt::format("ALTER TABLE {} FREEZE PARTITION ID {} WITH NAME {}",
                                    quote_name(table.name), quote_text(id), quote_text(shadow)));
  }
}

}  // namespace

void sort_by_insertion(std::vector<FrozenPart>& parts) {
  auto key = [](const FrozenPart& part) {
    return std::tuple(partition_of(part.name), first_block(part.name), part.name);
  };
  std::sort(parts.begin(), parts.end(),
            [&](const FrozenPart& a, const FrozenPart& b) { return key(a) < key(b); });
}

Shadow::Shadow(const Context& context, Server& server, const Schema& schema, std::string name)
    : context_(context), server_(server), schema_(schema), name_(std::move(name)) {}

Shadow::~Shadow() {
  if (kept_) return;
  try {
    remove();
  } catch (const Error& error) {
    log::warning(context_, "frozen parts are left for the next run: " + error.to_string());
  }
}

fs::path Shadow::folder_on_disk(const Disk& disk) const { return disk.path / "shadow" / name_; }

std::vector<FrozenPart> Shadow::freeze(const Table& table) {
  {
    Operation operation("ch.freeze", table.name.text());
    if (schema_.is_old) {
      freeze_by_partitions(context_, server_, table, name_);
    } else {
      server_.run(context_, fmt::format("ALTER TABLE {} FREEZE WITH NAME {}",
                                        quote_name(table.name), quote_text(name_)));
    }
  }
  std::vector<FrozenPart> parts = parts_in_shadow(schema_, name_, table);
  if (parts.empty() && rows_of(context_, server_, table.name) > 0) {
    throw Refused(
        "back up " + table.name.text(),
        "its frozen parts do not show up under " + folder_on_disk(schema_.default_disk()).string(),
        "set holdfast.clickhouse.dataPath to the server's data folder as it is seen from "
        "here");
  }
  return parts;
}

void Shadow::remove() {
  for (const Disk& disk : schema_.disks) remove_tree(folder_on_disk(disk));
}

std::vector<FrozenPart> parts_in_shadow(const Schema& schema, const std::string& shadow,
                                        const Table& table) {
  std::vector<FrozenPart> parts;
  for (const Disk& disk : schema.disks) {
    std::string folder = folder_on(disk, table);
    if (folder.empty()) continue;
    const fs::path place = disk.path / "shadow" / shadow / folder;
    if (!path_exists(place)) continue;
    for (const auto& entry : fs::directory_iterator(place)) {
      std::string name = entry.path().filename().string();
      if (!entry.is_directory() || entry.is_symlink() || !is_part_name(name)) continue;
      parts.push_back({std::move(name), disk.name, entry.path()});
    }
  }
  sort_by_insertion(parts);
  return parts;
}

std::vector<std::string> remove_leaked_shadows(const std::vector<fs::path>& folders) {
  std::vector<std::string> out;
  for (const fs::path& folder : folders) {
    if (!path_exists(folder / "shadow")) continue;
    std::vector<fs::path> leaked;
    for (const auto& entry : fs::directory_iterator(folder / "shadow")) {
      std::string name = entry.path().filename().string();
      if (name.starts_with(kScratchPrefix)) leaked.push_back(entry.path());
    }
    for (const fs::path& path : leaked) {
      remove_tree(path);
      out.push_back("removed frozen parts that a killed run left at " + path.string());
    }
  }
  return out;
}

}  // namespace holdfast::datastore::ch
