// What a restore has begun, beside the server's data, so that the next run finishes or undoes it.
// Format: docs/formats/clickhouse.md.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/file_journal.h"
#include "datastore/clickhouse/names.h"

namespace holdfast::datastore::ch {

// A live table and the filled one beside it.
struct SwapTable {
  TableName live, staging;
  // Where live has another structure than the backup: it goes there, and the filled one takes its
  // name. Empty: live stays, and gets the rows.
  TableName aside;
  std::vector<TableName> views;  // materialized ones that read it, detached meanwhile
  bool renames() const { return !aside.table.empty(); }
};

struct Swap {
  std::string backup;
  std::string staging;                  // database
  std::string undo;                     // shadow that holds the live parts from before
  std::vector<SwapTable> tables;        // known from the swap on
  std::vector<std::string> partitions;  // only these; empty: all
};

// What the restore made that was not there.
struct Created {
  std::string kind;  // "DATABASE", "TABLE", "FUNCTION"
  TableName name;    // of a database or function: `database` alone
};

class RestoreJournal {
 public:
  enum class Phase {
    kNone,      // nothing is under way
    kStaging,   // live tables are as they were
    kSwapping,  // forward: every live table gets the backup's rows
    kUndoing,   // back: every live table gets its own rows again
    kClearing,  // live tables are as they shall be: only what was made for the restore goes
  };
  struct State {
    Phase phase = Phase::kNone;
    Swap swap;
    std::vector<Created> created;
    bool keeps_created = false;  // with kClearing
  };

  explicit RestoreJournal(const fs::path& data_path);
  // Each is on the disk when it returns.
  void begin(const Swap& swap);
  void will_create(const Created& created);
  void will_swap(const std::vector<SwapTable>& tables);
  void will_undo();
  // Before the first thing is dropped that a repeated swap or undo would need.
  void will_clear(bool keep_created);
  void clear();
  // Corrupt when it holds what no version wrote.
  State read() const;

 private:
  fs::path path_;
  FileJournal journal_;
};

}  // namespace holdfast::datastore::ch
