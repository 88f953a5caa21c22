// Where a scrub stands and what the last whole one found: `.holdfast/scrub.json`. Format:
// docs/formats/catalog.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "catalog/lease.h"

namespace holdfast::catalog {

struct ScrubPass {
  WallTime started, ended;
  std::uint64_t objects = 0, bytes = 0;
  std::uint64_t objects_without_checksum = 0;  // they could be read, that is all
  std::uint64_t problem_count = 0;
  std::vector<std::string> problems;  // the first kMostProblems, a line each
};
inline constexpr std::size_t kMostProblems = 1000;

struct ScrubRecord {
  std::optional<ScrubPass> last;     // the newest that read everything
  std::optional<ScrubPass> current;  // under way or interrupted; `ended` means nothing
  std::string bucket, after;         // of the current one: all up to this key are read
};

std::string to_json(const ScrubRecord& record);
// Corrupt when it is none; Unsupported when it wants a newer reader.
ScrubRecord parse_scrub_record(std::string_view json);
// An empty one when there is none, or when it is damaged: a scrub then begins anew.
ScrubRecord read_scrub_record(const Context& context, storage::Storage& storage,
                              const CatalogOptions& catalog);
void write_scrub_record(const Context& context, storage::Storage& storage,
                        const CatalogOptions& catalog, const ScrubRecord& record);

}  // namespace holdfast::catalog
