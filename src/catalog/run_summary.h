// The newest runs of each task of a store, in one object, so that nobody reads hundreds of records
// to tell how things stand. Made of the records and made again from them when it is lost. Format:
// docs/formats/catalog.md.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "catalog/run_record.h"

namespace holdfast::catalog {

struct TaskRuns {
  std::optional<RunRecord> last;  // that ran
  std::optional<RunRecord> last_success;
  std::optional<RunRecord> last_missed;  // that did not run
};

// By the task's name ("backup", "full", "restore").
struct RunSummary {
  std::map<std::string, TaskRuns> tasks;

  // Keeps the newer one of each kind. One that has just ended is the newest, whatever the clock
  // said when the others began: a clock that ran ahead must not hide all runs until it is past
  // that.
  void note(const RunRecord& record, bool has_just_ended = false);
};

std::string to_json(const RunSummary& summary);
// Corrupt when it is none; Unsupported when it wants a newer reader.
RunSummary parse_summary(std::string_view json);

// Made from the newest records when there is none, or when it is damaged.
RunSummary read_summary(const Context& context, storage::Storage& storage,
                        const CatalogOptions& catalog, const std::string& store);
// Adds the record to the stored one. Others may do so at the same time: none is lost.
void add_to_summary(const Context& context, storage::Storage& storage,
                    const CatalogOptions& catalog, const RunRecord& record);

}  // namespace holdfast::catalog
