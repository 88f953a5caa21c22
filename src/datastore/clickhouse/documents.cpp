#include "datastore/clickhouse/documents.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "codec/text.h"

namespace holdfast::datastore::ch {

namespace {

using Json = nlohmann::ordered_json;

// As the tool writes them: tabs, and nothing escaped that need not be.
std::string dump(const Json& json, const std::string& what) {
  try {
    return json.dump(1, '\t');
  } catch (const Json::exception&) {
    throw Unsupported("back up " + what, "a name or a query of it is not valid UTF-8");
  }
}

// A checked view of an object that came from outside.
class Reader {
 public:
  Reader(const Json& object, const std::string& name) : object_(object), name_(name) {
    if (!object.is_object()) corrupt("it is no object");
  }

  const Json* find(const char* key) const {
    auto found = object_.find(key);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
  }
  std::string text(const char* key) const {
    const Json* value = find(key);
    if (!value) return "";
    if (!value->is_string()) corrupt(fmt::format("{} is no text", key));
    return value->get<std::string>();
  }
  std::uint64_t number(const char* key) const {
    const Json* value = find(key);
    if (!value) return 0;
    return number_in(*value, key);
  }
  std::uint64_t number_in(const Json& value, const std::string& key) const {
    if (!value.is_number_unsigned()) corrupt(fmt::format("{} is no number", key));
    return value.get<std::uint64_t>();
  }
  bool flag(const char* key) const {
    const Json* value = find(key);
    if (!value) return false;
    if (!value->is_boolean()) corrupt(fmt::format("{} is neither true nor false", key));
    return value->get<bool>();
  }
  template <typename Each>  // (key, value)
  void each_of_object(const char* key, Each each) const {
    const Json* value = find(key);
    if (!value) return;
    if (!value->is_object()) corrupt(fmt::format("{} is no object", key));
    for (const auto& [name, entry] : value->items()) each(name, entry);
  }
  template <typename Each>
  void each_of_list(const char* key, Each each) const {
    if (const Json* value = find(key)) each_in(*value, key, each);
  }
  template <typename Each>
  void each_in(const Json& list, const std::string& key, Each each) const {
    if (!list.is_array()) corrupt(fmt::format("{} is no list", key));
    for (const Json& entry : list) each(entry);
  }
  std::string text_in(const Json& value, const std::string& key) const {
    if (!value.is_string()) corrupt(fmt::format("{} holds what is no text", key));
    return value.get<std::string>();
  }
  [[noreturn]] void corrupt(const std::string& why) const { throw Corrupt("read " + name_, why); }

 private:
  const Json& object_;
  const std::string& name_;
};

Json parse(std::string_view bytes, const std::string& name) {
  Json json = Json::parse(bytes.begin(), bytes.end(), nullptr, false);
  if (json.is_discarded()) throw Corrupt("read " + name, "it is not JSON");
  return json;
}

Json parts_of(const TableDocument& document) {
  Json parts = Json::object();
  for (const auto& [disk, records] : document.parts) {
    Json& list = parts[disk] = Json::array();
    for (const PartRecord& record : records) {
      Json part = {{"name", record.name}};
      if (record.required) part["required"] = true;
      if (!record.required) part["size"] = record.size;
      list.push_back(std::move(part));
    }
  }
  return parts;
}

}  // namespace

std::string write_document(const TableDocument& document) {
  Json json;
  if (!document.files.empty()) json["files"] = document.files;
  json["table"] = document.name.table;
  json["database"] = document.name.database;
  if (!document.uuid.empty()) json["uuid"] = document.uuid;
  json["parts"] = parts_of(document);
  json["query"] = document.query;
  json["size"] = nullptr;
  if (document.has_parts) {
    json["size"] = Json::object();
    for (const auto& [disk, bytes] : document.size) json["size"][disk] = bytes;
  }
  if (document.total_bytes > 0) json["total_bytes"] = document.total_bytes;
  json["metadata_only"] = document.metadata_only;
  if (!document.hashes_of_all_files.empty()) {
    json["hash_of_all_files"] = document.hashes_of_all_files;
  }
  if (!document.checksums.empty()) json["checksums"] = document.checksums;
  return dump(json, document.name.text());
}

std::string write_document(const BackupDocument& document) {
  Json json;
  json["backup_name"] = document.name;
  json["disks"] = Json::object();
  json["disk_types"] = Json::object();
  for (const Disk& disk : document.disks) {
    json["disks"][disk.name] = disk.server_path;
    json["disk_types"][disk.name] = disk.type;
  }
  json["version"] = document.version;
  json["creation_date"] = document.created;
  json["tags"] = document.tags;
  json["clickhouse_version"] = document.clickhouse_version;
  if (document.data_size > 0) json["data_size"] = document.data_size;
  json["metadata_size"] = document.metadata_size;
  if (document.compressed_size > 0) json["compressed_size"] = document.compressed_size;
  json["databases"] = Json::array();
  for (const Database& database : document.databases) {
    json["databases"].push_back(
        {{"name", database.name}, {"engine", database.engine}, {"query", database.query}});
  }
  json["tables"] = Json::array();
  for (const TableName& table : document.tables) {
    json["tables"].push_back({{"database", table.database}, {"table", table.table}});
  }
  json["functions"] = Json::array();
  for (const Function& function : document.functions) {
    json["functions"].push_back({{"name", function.name}, {"create_query", function.query}});
  }
  json["data_format"] = document.data_format;
  if (!document.required_backup.empty()) json["required_backup"] = document.required_backup;
  return dump(json, document.name);
}

TableDocument read_table_document(std::string_view bytes, const std::string& name) {
  const Json json = parse(bytes, name);
  const Reader reader(json, name);
  TableDocument out;
  out.name = {reader.text("database"), reader.text("table")};
  if (out.name.database.empty() || out.name.table.empty()) reader.corrupt("it names no table");
  out.uuid = reader.text("uuid");
  out.query = reader.text("query");
  out.total_bytes = reader.number("total_bytes");
  out.metadata_only = reader.flag("metadata_only");
  reader.each_of_object("files", [&](const std::string& disk, const Json& list) {
    reader.each_in(list, "files", [&](const Json& file) {
      out.files[disk].push_back(reader.text_in(file, "files"));
    });
  });
  reader.each_of_object("parts", [&](const std::string& disk, const Json& list) {
    if (list.is_null()) return;
    reader.each_in(list, "parts", [&](const Json& entry) {
      const Reader part(entry, name);
      PartRecord record{part.text("name"), part.flag("required"), part.number("size")};
      if (!is_part_name(record.name)) part.corrupt("a part has a name that no part has");
      out.parts[disk].push_back(std::move(record));
    });
  });
  out.has_parts = reader.find("size") != nullptr;
  reader.each_of_object("size", [&](const std::string& disk, const Json& value) {
    out.size[disk] = reader.number_in(value, "size");
  });
  reader.each_of_object("checksums", [&](const std::string& part, const Json& value) {
    out.checksums[part] = reader.number_in(value, "checksums");
  });
  reader.each_of_object("hash_of_all_files", [&](const std::string& part, const Json& value) {
    out.hashes_of_all_files[part] = reader.text_in(value, "hash_of_all_files");
  });
  return out;
}

BackupDocument read_backup_document(std::string_view bytes, const std::string& name) {
  const Json json = parse(bytes, name);
  const Reader reader(json, name);
  BackupDocument out;
  out.name = reader.text("backup_name");
  out.version = reader.text("version");
  out.created = reader.text("creation_date");
  out.tags = reader.text("tags");
  out.clickhouse_version = reader.text("clickhouse_version");
  out.data_size = reader.number("data_size");
  out.metadata_size = reader.number("metadata_size");
  out.compressed_size = reader.number("compressed_size");
  out.data_format = reader.text("data_format");
  out.required_backup = reader.text("required_backup");
  reader.each_of_object("disks", [&](const std::string& disk, const Json& path) {
    out.disks.push_back({disk, "local", reader.text_in(path, "disks"), {}});
  });
  reader.each_of_object("disk_types", [&](const std::string& disk, const Json& type) {
    for (Disk& known : out.disks) {
      if (known.name == disk) known.type = reader.text_in(type, "disk_types");
    }
  });
  reader.each_of_list("databases", [&](const Json& entry) {
    const Reader database(entry, name);
    out.databases.push_back(
        {database.text("name"), database.text("engine"), database.text("query")});
  });
  reader.each_of_list("tables", [&](const Json& entry) {
    const Reader table(entry, name);
    out.tables.push_back({table.text("database"), table.text("table")});
  });
  reader.each_of_list("functions", [&](const Json& entry) {
    const Reader function(entry, name);
    out.functions.push_back({function.text("name"), function.text("create_query")});
  });
  if (!out.required_backup.empty() && !is_possible_backup_name(out.required_backup)) {
    reader.corrupt("required_backup is no backup's name");
  }
  return out;
}

}  // namespace holdfast::datastore::ch
