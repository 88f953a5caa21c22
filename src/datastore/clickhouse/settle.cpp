#include "datastore/clickhouse/settle.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <map>

#include "base/error.h"
#include "base/operation.h"

namespace holdfast::datastore::ch {

namespace {

constexpr auto kPatience = std::chrono::minutes(15);
constexpr auto kPause = std::chrono::milliseconds(200);

struct Known {
  bool active = false;
  std::uint64_t references = 0;
};

std::map<std::string, Known> known_parts(const Context& context, Server& server,
                                         const TableName& table) {
  std::map<std::string, Known> out;
  for (const auto& row :
       select(context, server,
              fmt::format("SELECT name, active, refcount FROM system.parts WHERE database = {} AND "
                          "table = {}",
                          quote_text(table.database), quote_text(table.table)))) {
    out[text_of(row, "name")] = {number_of(row, "active") == 1, number_of(row, "refcount")};
  }
  return out;
}

// Folders that the server would take for live parts if it were started now, but does not now.
std::vector<fs::path> sleeping(const Disk& disk, const Table& table,
                               const std::map<std::string, Known>& known) {
  std::vector<BlockRange> active;
  for (const auto& [name, part] : known) {
    if (part.active) active.push_back(block_range_of(name));
  }
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator(disk.path / folder_on(disk, table))) {
    const std::string name = entry.path().filename().string();
    const BlockRange range = block_range_of(name);
    if (!entry.is_directory() || range.first > range.last) continue;
    auto found = known.find(name);
    if (found != known.end() && found->second.active) continue;
    const bool covered = std::any_of(active.begin(), active.end(),
                                     [&](const BlockRange& one) { return one.covers(range); });
    if (!covered) out.push_back(entry.path());
  }
  return out;
}

// MergeTree(day, key, 8192): newer servers cover what they drop of every other table.
bool is_of_old_syntax(const Table& table) {
  return table.query.find(" ORDER BY ") == std::string::npos;
}

// As the server itself removes a part. When it comes to this one later it finds nothing, and says
// so in its log.
void remove_part(const fs::path& path) {
  const fs::path doomed = path.parent_path() / ("delete_tmp_" + path.filename().string());
  Operation operation("ch.remove_part", path.string());
  try {
    rename_path(path, doomed);
  } catch (const NotFound&) {
    return;  // the server was faster
  }
  remove_tree(doomed);
}

}  // namespace

BlockRange block_range_of(std::string_view part) {
  BlockRange out{partition_of(part), 1, 0};
  std::vector<std::int64_t> numbers;
  std::string_view rest = part;
  // Behind the partition: MIN_MAX_LEVEL[_MUTATION]; of old tables DAY_DAY_MIN_MAX_LEVEL.
  const bool has_days = !part.starts_with(out.partition + "_");
  for (int i = has_days ? 2 : 1; i > 0; --i) {
    const std::size_t at = rest.find('_');
    if (at == std::string_view::npos) return out;
    rest.remove_prefix(at + 1);
  }
  for (std::size_t begin = 0; begin <= rest.size();) {
    const std::size_t end = std::min(rest.find('_', begin), rest.size());
    std::int64_t number = 0;
    auto [stop, error] = std::from_chars(rest.data() + begin, rest.data() + end, number);
    if (error != std::errc() || stop != rest.data() + end) return out;
    numbers.push_back(number);
    begin = end + 1;
  }
  if (numbers.size() < 3 || numbers.size() > 4) return out;
  out.first = numbers[0];
  out.last = numbers[1];
  return out;
}

void settle(const Context& context, Server& server, const Schema& schema, const TableName& name) {
  const Context limited = context.with_timeout(kPatience);
  const Table table = read_table(context, server, name);
  if (!table.has_parts() || !(schema.is_old || is_of_old_syntax(table))) return;
  const Disk& disk = schema.default_disk();
  while (true) {
    // Of no partition; it makes the server remove what was replaced.
    server.run(limited,
               fmt::format("ALTER TABLE {} DROP PARTITION ID '00000000'", quote_name(name)));
    const auto known = known_parts(limited, server, name);
    const std::vector<fs::path> left = sleeping(disk, table, known);
    if (left.empty()) return;
    for (const fs::path& path : left) {
      auto found = known.find(path.filename().string());
      // One that the server does not know is being removed right now.
      if (found != known.end() && found->second.references <= 1) remove_part(path);
    }
    limited.sleep(kPause, "wait until " + name.text() + " lets go of its old parts");
  }
}

}  // namespace holdfast::datastore::ch
