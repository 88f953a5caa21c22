// The temporary indices of a restore take the places of those that are there.
#pragma once

#include "datastore/elasticsearch/restore_journal.h"
#include "datastore/elasticsearch/store.h"

namespace holdfast::datastore::es {

// The code of the error that ends a swap for good: the journal is cleared.
inline constexpr std::string_view kNothingToGoOnWith = "NothingToGoOnWith";

// One index after the other; each is idempotent, so a rerun goes on where a kill ended the last
// one. Nothing that is there is deleted before the index that takes its place is up and whole:
// Failed otherwise. Refused when somebody has made an index of the name, or of an alias', in
// between, or another run goes on with it: the temporary one is kept, and the advice is what to
// type. Failed, with that code, when temporary indices are gone that were not swapped in yet, or
// when the cluster does not take an alias or settings that the snapshot has: all else is done.
void swap_all(const Context& context, Server& server, RestoreJournal& journal, RestoreState& state,
              Progress& progress);

}  // namespace holdfast::datastore::es
