#include "datastore/clickhouse/rename.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/operation.h"

namespace holdfast::datastore::ch {

namespace {

constexpr std::string_view kExists = "57";  // TABLE_ALREADY_EXISTS

bool is_there(const Context& context, Server& server, const TableName& name) {
  return server.run(context, "EXISTS TABLE " + quote_name(name)).starts_with('1');
}

void rename(const Context& context, Server& server, const TableName& from, const TableName& to) {
  Operation operation("ch.rename", from.text());
  server.run(context, fmt::format("RENAME TABLE {} TO {}", quote_name(from), quote_name(to)));
}

// A view knows what it reads by the name, or by the table itself, depending on the server: detached
// and attached it knows what is there under the name.
void detach(const Context& context, Server& server, const std::vector<TableName>& views) {
  for (const TableName& view : views) {
    Operation operation("ch.detach", view.text());
    try {
      server.run(context, "DETACH TABLE " + quote_name(view));
    } catch (const NotFound&) {
      continue;  // it is detached
    }
  }
}

void attach(const Context& context, Server& server, const std::vector<TableName>& views) {
  for (const TableName& view : views) {
    Operation operation("ch.attach", view.text());
    try {
      server.run(context, "ATTACH TABLE " + quote_name(view));
    } catch (const Failed& error) {
      if (error.code() != kExists) throw;
    }
  }
}

}  // namespace

void rename_in(const Context& context, Server& server, const SwapTable& table) {
  detach(context, server, table.views);
  if (is_there(context, server, table.staging)) {
    if (!is_there(context, server, table.aside)) rename(context, server, table.live, table.aside);
    rename(context, server, table.staging, table.live);
  }
  server.run(context, "SYSTEM START MERGES " + quote_name(table.live));
  attach(context, server, table.views);
}

void rename_back(const Context& context, Server& server, const SwapTable& table) {
  detach(context, server, table.views);
  if (is_there(context, server, table.aside)) {
    if (is_there(context, server, table.live)) rename(context, server, table.live, table.staging);
    rename(context, server, table.aside, table.live);
  }
  attach(context, server, table.views);
}

std::vector<TableName> views_on(const Context& context, Server& server, const TableName& table) {
  std::vector<TableName> out;
  for (const auto& row :
       select(context, server,
              fmt::format("SELECT dependencies_database AS d, dependencies_table AS t FROM "
                          "system.tables WHERE database = {} AND name = {}",
                          quote_text(table.database), quote_text(table.table)))) {
    const std::vector<std::string> databases = texts_of(row, "d"), tables = texts_of(row, "t");
    for (std::size_t i = 0; i < databases.size() && i < tables.size(); ++i) {
      out.push_back({databases[i], tables[i]});
    }
  }
  return out;
}

}  // namespace holdfast::datastore::ch
