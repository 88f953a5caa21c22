#include "datastore/clickhouse/targets.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>

#include "datastore/clickhouse/freeze.h"
#include "datastore/clickhouse/sql.h"

namespace holdfast::datastore::ch {

namespace {

constexpr std::string_view kInnerOld = ".inner.", kInnerNew = ".inner_id.";

bool is_inner(const TableName& name) {
  return name.table.starts_with(kInnerOld) || name.table.starts_with(kInnerNew);
}

// The document of the view that an inner table belongs to; null when the backup has none.
const NeededTable* view_of(const TableName& inner, const Resolved& resolved) {
  for (const NeededTable& table : resolved.tables) {
    const TableDocument& view = table.document;
    if (view.has_parts || view.name.database != inner.database) continue;
    if (inner.table == std::string(kInnerOld) + view.name.table) return &table;
    if (!view.uuid.empty() && inner.table == std::string(kInnerNew) + view.uuid) return &table;
  }
  return nullptr;
}

bool is_wanted(const TableName& name, const PlanRequest& request, const Resolved& resolved) {
  if (request.tables.empty()) return true;
  if (fits_patterns(name, request.tables)) return true;
  // With a view come its rows.
  const NeededTable* view = is_inner(name) ? view_of(name, resolved) : nullptr;
  return view && fits_patterns(view->document.name, request.tables);
}

std::vector<const NeededPart*> wanted_parts(const NeededTable& table,
                                            const std::vector<std::string>& partitions) {
  std::vector<const NeededPart*> out;
  for (const NeededPart& part : table.parts) {
    const std::string id = partition_of(part.name);
    if (partitions.empty() ||
        std::find(partitions.begin(), partitions.end(), id) != partitions.end()) {
      out.push_back(&part);
    }
  }
  return out;
}

// Tables before what reads them: those with rows, then buffers and the like, then views.
int rank(const NeededTable& table, const CreateStatement& statement) {
  if (table.document.has_parts) return 0;
  if (statement.kind == "TABLE") return 1;
  if (statement.kind == "DICTIONARY") return 2;
  return statement.kind == "VIEW" ? 3 : 4;
}

class Chooser {
 public:
  Chooser(const Resolved& resolved, const PlanRequest& request, const Schema& schema)
      : resolved_(resolved), request_(request), schema_(schema) {}

  Targets run() {
    for (const NeededTable& table : resolved_.tables) {
      if (is_wanted(table.document.name, request_, resolved_)) choose(table);
    }
    std::stable_sort(made_.begin(), made_.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    if (!request_.data_only) {
      add_databases();
      add_functions();
      for (auto& [order, missing] : made_) out_.missing.push_back(std::move(missing));
    } else if (!made_.empty()) {
      for (const auto& [order, missing] : made_) {
        out_.warnings.push_back(missing.name.text() +
                                " is not there, and --data-only makes nothing");
      }
      std::erase_if(out_.tables,
                    [&](const Target& target) { return !schema_.tables.contains(target.live); });
    }
    return std::move(out_);
  }

 private:
  void choose(const NeededTable& table) {
    const TableDocument& document = table.document;
    const bool elsewhere = !request_.as_database.empty();
    if (elsewhere && !document.has_parts) {
      out_.warnings.push_back(document.name.text() + " is left out: it would read the tables of " +
                              document.name.database);
      return;
    }
    TableName live = document.name;
    if (elsewhere) live.database = request_.as_database;
    if (document.has_parts) {
      out_.tables.push_back({&table, live, wanted_parts(table, request_.partitions)});
    }
    // Its view makes it.
    if (!elsewhere && is_inner(document.name) && view_of(document.name, resolved_)) return;
    if (schema_.tables.contains(live)) return;
    const CreateStatement statement = parse_create(document.query, document.name.text());
    std::string query = elsewhere ? create_plain(statement, live) : create_as(statement, live);
    made_.emplace_back(rank(table, statement), Missing{"TABLE", live, std::move(query)});
  }

  void add_databases() {
    std::set<std::string> needed;
    for (const auto& [order, missing] : made_) needed.insert(missing.name.database);
    for (const Database& database : schema_.databases) needed.erase(database.name);
    for (const std::string& name : needed) {
      out_.missing.push_back({"DATABASE", {name, ""}, "CREATE DATABASE " + quote_name(name)});
    }
  }

  void add_functions() {
    if (!request_.as_database.empty()) return;
    for (const Function& function : resolved_.backup.document.functions) {
      auto same = [&](const Function& known) { return known.name == function.name; };
      if (std::any_of(schema_.functions.begin(), schema_.functions.end(), same)) continue;
      out_.missing.push_back({"FUNCTION", {function.name, ""}, function.query});
    }
  }

  const Resolved& resolved_;
  const PlanRequest& request_;
  const Schema& schema_;
  std::vector<std::pair<int, Missing>> made_;
  Targets out_;
};

}  // namespace

Targets choose_targets(const Resolved& resolved, const PlanRequest& request, const Schema& schema) {
  return Chooser(resolved, request, schema).run();
}

TableName live_name_of_inner(const TableName& name, const Resolved& resolved,
                             const Schema& schema) {
  const NeededTable* view = is_inner(name) ? view_of(name, resolved) : nullptr;
  if (!view) return name;
  auto live = schema.tables.find(view->document.name);
  return live == schema.tables.end() ? name : inner_name(live->second);
}

}  // namespace holdfast::datastore::ch
