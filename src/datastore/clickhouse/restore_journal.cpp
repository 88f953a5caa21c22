#include "datastore/clickhouse/restore_journal.h"

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace holdfast::datastore::ch {

namespace {

using Json = nlohmann::json;

Json to_json(const TableName& name) { return Json::array({name.database, name.table}); }

TableName name_of(const Json& json) {
  return {json.at(0).get<std::string>(), json.at(1).get<std::string>()};
}

void read_line(const Json& line, RestoreJournal::State& state) {
  using Phase = RestoreJournal::Phase;
  const std::string step = line.at("step");
  if (step == "begin") {
    state.phase = Phase::kStaging;
    state.swap.backup = line.at("backup");
    state.swap.staging = line.at("staging");
    state.swap.undo = line.at("undo");
    state.swap.partitions = line.at("partitions").get<std::vector<std::string>>();
  } else if (step == "create") {
    state.created.push_back({line.at("kind"), name_of(line.at("name"))});
  } else if (step == "swap") {
    state.phase = Phase::kSwapping;
    for (const Json& table : line.at("tables")) {
      SwapTable one{name_of(table.at("live")), name_of(table.at("staging")), {}, {}};
      if (table.contains("aside")) one.aside = name_of(table.at("aside"));
      for (const Json& view : table.value("views", Json::array())) {
        one.views.push_back(name_of(view));
      }
      state.swap.tables.push_back(std::move(one));
    }
  } else if (step == "undo") {
    state.phase = Phase::kUndoing;
  } else if (step == "clear") {
    state.phase = Phase::kClearing;
    state.keeps_created = line.at("keep");
  } else {
    throw Corrupt("read a restore's journal", "it holds the unknown step " + step);
  }
}

}  // namespace

RestoreJournal::RestoreJournal(const fs::path& data_path)
    : path_(data_path / ".holdfast-restore.journal"), journal_(path_) {}

void RestoreJournal::begin(const Swap& swap) {
  journal_.append(Json{{"step", "begin"},
                       {"format", 1},
                       {"backup", swap.backup},
                       {"staging", swap.staging},
                       {"undo", swap.undo},
                       {"partitions", swap.partitions}}
                      .dump());
}

void RestoreJournal::will_create(const Created& created) {
  journal_.append(
      Json{{"step", "create"}, {"kind", created.kind}, {"name", to_json(created.name)}}.dump());
}

void RestoreJournal::will_swap(const std::vector<SwapTable>& tables) {
  Json list = Json::array();
  for (const SwapTable& table : tables) {
    Json one = {{"live", to_json(table.live)}, {"staging", to_json(table.staging)}};
    if (table.renames()) one["aside"] = to_json(table.aside);
    for (const TableName& view : table.views) one["views"].push_back(to_json(view));
    list.push_back(std::move(one));
  }
  journal_.append(Json{{"step", "swap"}, {"tables", list}}.dump());
}

void RestoreJournal::will_undo() { journal_.append(Json{{"step", "undo"}}.dump()); }

void RestoreJournal::will_clear(bool keep_created) {
  journal_.append(Json{{"step", "clear"}, {"keep", keep_created}}.dump());
}

void RestoreJournal::clear() {
  journal_.clear();
  remove_file_if_there(path_);
}

RestoreJournal::State RestoreJournal::read() const {
  State state;
  try {
    for (const std::string& line : journal_.lines()) read_line(Json::parse(line), state);
  } catch (const Json::exception&) {
    throw Corrupt("read " + path_.string(), "it is no journal of a restore",
                  "move it away when no restore is under way");
  }
  return state;
}

}  // namespace holdfast::datastore::ch
