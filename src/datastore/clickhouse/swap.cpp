#include "datastore/clickhouse/swap.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/error.h"
#include "base/operation.h"
#include "datastore/clickhouse/freeze.h"
#include "datastore/clickhouse/part.h"
#include "datastore/clickhouse/rename.h"
#include "datastore/clickhouse/settle.h"
#include "datastore/local.h"

namespace holdfast::datastore::ch {

namespace {

bool is_wanted(const std::vector<std::string>& partitions, const std::string& id) {
  return partitions.empty() ||
         std::find(partitions.begin(), partitions.end(), id) != partitions.end();
}

// `live` holds the rows of `source` and no others. The source keeps its own.
void replace_rows(const Context& context, const SwapPlace& place, const TableName& live,
                  const TableName& source, const std::vector<std::string>& partitions) {
  read_table(context, place.server, source);  // one that is gone has no rows, which mean nothing
  const std::vector<std::string> given = partitions_of(context, place.server, source);
  for (const std::string& id : given) {
    Operation operation("ch.replace", live.text() + " " + id);
    run_forced(context, place.server, place.schema,
               fmt::format("ALTER TABLE {} REPLACE PARTITION ID {} FROM {}", quote_name(live),
                           quote_text(id), quote_name(source)));
  }
  for (const std::string& id : partitions_of(context, place.server, live)) {
    if (!is_wanted(partitions, id)) continue;
    if (std::find(given.begin(), given.end(), id) != given.end()) continue;
    Operation operation("ch.drop_partition", live.text() + " " + id);
    run_forced(
        context, place.server, place.schema,
        fmt::format("ALTER TABLE {} DROP PARTITION ID {}", quote_name(live), quote_text(id)));
  }
  settle(context, place.server, place.schema, live);
}

// Fills a table of the staging database with the parts that `live` had when they were frozen.
TableName fill_from_undo(const Context& context, const SwapPlace& place, const Swap& swap,
                         const TableName& live) {
  const Table table = read_table(context, place.server, live);
  Staging staging(context, place.server, place.schema, swap.staging);
  const TableName name{swap.staging, "undo_" + encode_name(live.text())};
  drop_table(context, place.server, place.schema, name);
  const Table filled = staging.create_table(parse_create(table.query, live.text()), name.table);
  std::vector<std::string> parts;
  for (const FrozenPart& part : parts_in_shadow(place.schema, swap.undo, table)) {
    if (!is_wanted(swap.partitions, partition_of(part.name))) continue;
    const fs::path folder = staging.folder_for(filled, part.disk, part.name);
    remove_tree(folder);
    link_part(part.folder, folder);
    give_to_owner_of(folder, folder.parent_path());
    parts.push_back(part.name);
  }
  staging.attach(filled, parts);
  return name;
}

void undo_swap(const Context& context, const SwapPlace& place, const Swap& swap) {
  for (const SwapTable& table : swap.tables) {
    if (table.renames()) {
      rename_back(context, place.server, table);
      continue;
    }
    const TableName source = fill_from_undo(context, place, swap, table.live);
    replace_rows(context, place, table.live, source, swap.partitions);
  }
}

void swap_all(const Context& context, const SwapPlace& place, const Swap& swap,
              Progress& progress) {
  progress.phase("swap", 0, swap.tables.size());
  for (const SwapTable& table : swap.tables) {
    if (table.renames()) {
      rename_in(context, place.server, table);
    } else {
      replace_rows(context, place, table.live, table.staging, swap.partitions);
    }
    progress.advance(0, 1);
  }
}

void drop_created(const Context& context, const SwapPlace& place,
                  const std::vector<Created>& created) {
  // The last first: views before what they read.
  for (auto one = created.rbegin(); one != created.rend(); ++one) {
    Operation operation("ch.drop", one->name.database);
    if (one->kind == "TABLE") {
      drop_table(context, place.server, place.schema, one->name);
    } else {
      place.server.run(
          context, fmt::format("DROP {} IF EXISTS {}", one->kind, quote_name(one->name.database)));
    }
  }
}

}  // namespace

void swap_in(const Context& context, const SwapPlace& place, const Swap& swap, Progress& progress) {
  try {
    swap_all(context, place, swap, progress);
  } catch (const Unavailable& error) {
    throw Unavailable(error.subject(), error.reason(),
                      "the restore is half done: start the server again and run holdfast restore "
                      "or backup, which finishes it first; insert nothing until then");
  } catch (const Cancelled&) {
    throw;  // as if killed
  } catch (const DeadlineExceeded&) {
    throw;
  } catch (const Error&) {
    place.journal.will_undo();
    progress.note("the swap failed: the old rows are put back");
    undo_swap(context, place, swap);
    place.journal.will_clear(false);  // only now may go what an undo needs
    throw;
  }
}

void clean_up(const Context& context, const SwapPlace& place, bool keep_created) {
  const RestoreJournal::State state = place.journal.read();
  if (state.phase == RestoreJournal::Phase::kNone) return;
  if (state.phase != RestoreJournal::Phase::kClearing) place.journal.will_clear(keep_created);
  Staging(context, place.server, place.schema, state.swap.staging).drop();
  if (!keep_created) drop_created(context, place, state.created);
  for (const Disk& disk : place.schema.disks) remove_tree(disk.path / "shadow" / state.swap.undo);
  place.journal.clear();
}

std::vector<std::string> recover_restore(const Context& context, const SwapPlace& place,
                                         Progress& progress) {
  const RestoreJournal::State state = place.journal.read();
  switch (state.phase) {
    case RestoreJournal::Phase::kNone:
      return {};
    case RestoreJournal::Phase::kStaging:
      clean_up(context, place, false);
      return {
          fmt::format("removed what a killed restore of {} had prepared: the tables are as they "
                      "were",
                      state.swap.backup)};
    case RestoreJournal::Phase::kSwapping:
      swap_in(context, place, state.swap, progress);
      clean_up(context, place, true);
      return {fmt::format("finished the restore of {} that was interrupted", state.swap.backup)};
    case RestoreJournal::Phase::kClearing:
      clean_up(context, place, state.keeps_created);
      return {"cleared up after the restore of " + state.swap.backup};
    case RestoreJournal::Phase::kUndoing:
      break;
  }
  undo_swap(context, place, state.swap);
  clean_up(context, place, false);
  return {fmt::format("put the rows from before the failed restore of {} back", state.swap.backup)};
}

}  // namespace holdfast::datastore::ch
