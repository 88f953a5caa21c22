// One small JSON object a run in the catalog bucket: what was tried, when, how it ended. Format:
// docs/formats/catalog.md.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "catalog/lease.h"

namespace holdfast::catalog {

struct RunRecord {
  std::string id;  // random, hexadecimal
  std::string store;
  std::string kind;  // backup | copy | restore | verify | drill | prune
  // What a schedule calls it: "full" or "incremental" of a backup; else as `kind`.
  std::string task;
  std::string trigger = "command";  // schedule | catch-up | request | command
  std::string by;                   // who asked for it, of trigger "request"
  std::optional<WallTime> due;      // of scheduled ones: the moment it was due
  std::string name;                 // of the backup concerned; may be empty when it failed early
  WallTime started, ended;
  std::string outcome;  // "success", the name_of(ErrorKind), or "missed": it never began
  std::string error;    // the error's line
  std::uint64_t bytes_sent = 0, objects_sent = 0, bytes_reused = 0, objects_reused = 0;
  bool changed = true;
  std::vector<std::string> warnings;
  std::map<std::string, std::uint64_t> counts;  // what was measured
  std::map<std::string, std::string> hashes;    // the same; of a backup of one file its digest
  // Of missed ones: how many due moments this record stands for, the first of them; `due` is the
  // last.
  std::uint64_t missed = 0;
  std::optional<WallTime> first_missed;

  bool is_success() const { return outcome == "success"; }
  bool is_missed() const { return outcome == kMissed; }
  static constexpr std::string_view kMissed = "missed";
  // Its process ended before it did.
  static constexpr std::string_view kInterrupted = "interrupted";
};

std::string new_run_id();
// Writes `.holdfast/runs/STORE/YYYYMMDDTHHMMSSZ-ID.json`, one request.
void write_record(const Context& context, storage::Storage& storage, const CatalogOptions& catalog,
                  const RunRecord& record);
// The newest `limit` records of a store, newest first. Damaged ones are skipped; one written by a
// newer holdfast too.
std::vector<RunRecord> read_records(const Context& context, storage::Storage& storage,
                                    const CatalogOptions& catalog, const std::string& store,
                                    std::size_t limit);
std::string to_json(const RunRecord& record);
// Corrupt when it is not a record; Unsupported when it wants a newer reader.
RunRecord parse_record(std::string_view json);

}  // namespace holdfast::catalog
