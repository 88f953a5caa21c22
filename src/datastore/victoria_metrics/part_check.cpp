#include "datastore/victoria_metrics/part_check.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "datastore/victoria_metrics/layout.h"

namespace holdfast::datastore::vm {

namespace {

// What every part of that kind holds, in all versions of the server.
std::vector<std::string> needed_files(const PartPath& part) {
  if (part.kind == PartPath::Kind::kIndex) {
    return {"index.bin", "items.bin", "lens.bin", "metaindex.bin", "metadata.json"};
  }
  std::vector<std::string> out = {"index.bin", "metaindex.bin", "timestamps.bin", "values.bin"};
  // A name that tells nothing: then a file does.
  if (!facts_from_name(part)) out.push_back("metadata.json");
  return out;
}

}  // namespace

void PartCheck::add_file(const std::string& path) {
  if (auto part = parse_part_path(path)) files_of_[part->folder].insert(part->file);
}

void PartCheck::add_part_list(const std::string& path, std::string_view text) {
  auto json = nlohmann::json::parse(text, nullptr, false);
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  auto add_all = [&](const nlohmann::json& names, const std::string& in) {
    if (!names.is_array()) return;
    for (const auto& name : names) {
      if (name.is_string()) listed_.insert(in + name.get<std::string>());
    }
  };
  if (json.is_array()) {
    add_all(json, folder);
  } else if (json.is_object() && folder.starts_with("data/small/")) {
    add_all(json.value("Small", nlohmann::json()), folder);
    add_all(json.value("Big", nlohmann::json()), "data/big/" + folder.substr(11));
  } else if (json.is_discarded()) {
    unreadable_.push_back(path + " is malformed");
  }
}

std::vector<std::string> PartCheck::problems() const {
  std::vector<std::string> out = unreadable_;
  for (const auto& [folder, files] : files_of_) {
    auto part = parse_part_path(folder + "/x");
    for (const std::string& name : needed_files(*part)) {
      if (!files.contains(name)) out.push_back(fmt::format("{}/{} is missing", folder, name));
    }
  }
  for (const std::string& folder : listed_) {
    if (!files_of_.contains(folder)) out.push_back(folder + " is missing");
  }
  return out;
}

}  // namespace holdfast::datastore::vm
