// Live tables get the rows of filled ones beside them, partition by partition: all of them or, when
// the server refuses one, none. Every step can be repeated: what a kill interrupted is begun again.
// Facts and order: docs/design/clickhouse.md. Nobody may insert into the live tables meanwhile.
#pragma once

#include "base/progress.h"
#include "datastore/clickhouse/restore_journal.h"
#include "datastore/clickhouse/staging.h"

namespace holdfast::datastore::ch {

// Everything that a swap works with. Borrows all.
struct SwapPlace {
  Server& server;
  const Schema& schema;
  RestoreJournal& journal;
};

// After journal.will_swap(). On return the rows are in place, and stay so whenever the server is
// restarted. Unavailable leaves the swap to the next run; after any other error the old rows are
// back when it is thrown.
void swap_in(const Context& context, const SwapPlace& place, const Swap& swap, Progress& progress);

// Drops the staging tables and the frozen parts, and what was created unless that is kept; forgets
// the journal. From its first step on nothing but itself is repeated.
void clean_up(const Context& context, const SwapPlace& place, bool keep_created);

// Finishes or undoes what a killed run began; a line for each thing done.
std::vector<std::string> recover_restore(const Context& context, const SwapPlace& place,
                                         Progress& progress);

}  // namespace holdfast::datastore::ch
