// What an incremental backup can build on: the parts whose content is stored already.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "datastore/clickhouse/bucket.h"

namespace holdfast::datastore::ch {

class Base {
 public:
  // The newest complete backup of ours whose chain is there; nullopt when there is none. `why` then
  // says why the newest one will not do.
  static std::optional<Base> find(const Context& context, const Place& place,
                                  const std::vector<std::string>& names, std::string& why);

  const std::string& name() const { return backup_.name; }
  // What a backup that builds on this one needs, the nearest first.
  std::vector<std::string> chain() const;
  // The parts of that table with this content whose objects are there, of the right size. `backup`
  // of them is never empty.
  const std::vector<ManifestPart>& find_parts(const TableName& table,
                                              const std::string& identity) const;
  // How that part's archive is listed.
  const StoredObject& object_of(const TableName& table, const ManifestPart& part) const;

 private:
  Backup backup_;
  std::map<std::string, Objects> objects_;                                       // by backup
  std::map<TableName, std::map<std::string, std::vector<ManifestPart>>> parts_;  // by identity
};

}  // namespace holdfast::datastore::ch
