#include "datastore/clickhouse/drill.h"

#include <fmt/format.h>

#include "base/error.h"
#include "datastore/clickhouse/staging.h"
#include "datastore/local.h"

namespace holdfast::datastore::ch {

namespace {

constexpr std::string_view kNote = ".holdfast-drill-";
constexpr std::uint64_t kLongestNote = 8192;

std::vector<fs::path> notes_in(const fs::path& data_path) {
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator(data_path)) {
    if (entry.path().filename().string().starts_with(kNote)) out.push_back(entry.path());
  }
  return out;
}

}  // namespace

std::string scratch_database(const fs::path& scratch) {
  // What is filled is a folder inside of the drill's own, whose name is random.
  std::string id = scratch.parent_path().filename().string();
  id = id.substr(id.rfind('-') + 1);
  for (char& c : id) {
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return std::string(kScratchPrefix) + "drill_" + id;
}

void note_drill(const fs::path& data_path, const fs::path& scratch) {
  const fs::path note = data_path / (std::string(kNote) + scratch_database(scratch));
  write_file_durably(note, scratch.string());
  give_one_to_owner_of(note, data_path);
}

bool drill_was_noted(const fs::path& data_path) { return !notes_in(data_path).empty(); }

std::vector<std::string> remove_ended_drills(const Context& context, Server& server,
                                             const Schema& schema, const fs::path& data_path) {
  std::vector<std::string> out;
  for (const fs::path& note : notes_in(data_path)) {
    const fs::path scratch = read_file(note, kLongestNote);
    // The folder goes when its drill ends; one that was killed leaves it to the next drill.
    if (path_exists(scratch.parent_path())) continue;
    const std::string database = note.filename().string().substr(kNote.size());
    if (!is_scratch_database(database)) continue;
    Staging(context, server, schema, database).drop();
    remove_file(note);
    out.push_back("removed the database " + database + " of a drill that has ended");
  }
  return out;
}

Measurement measure_scratch(const Context& context, Server& server, const std::string& database) {
  Measurement out;
  for (const auto& row :
       select(context, server,
              "SELECT name FROM system.tables WHERE database = " + quote_text(database))) {
    const TableName table{database, text_of(row, "name")};
    try {
      server.run(context, fmt::format("SELECT * FROM {} FORMAT Null", quote_name(table)));
    } catch (const Failed& error) {
      throw Corrupt("read the restored rows of " + table.table, error.reason());
    }
    out.counts[table.table] = rows_of(context, server, table);
  }
  return out;
}

Measurement measure_live(const Context& context, Server& server, const Schema& schema,
                         const std::vector<std::string>& patterns) {
  Measurement out;
  for (const auto& [name, table] : schema.tables) {
    if (!table.has_parts() || !fits_patterns(name, patterns)) continue;
    out.counts[name.text()] = rows_of(context, server, name);
  }
  return out;
}

}  // namespace holdfast::datastore::ch
