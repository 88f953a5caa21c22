// Just enough of ClickHouse's CREATE statements to give a table another name and a plain engine.
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "datastore/clickhouse/names.h"

namespace holdfast::datastore::ch {

struct CreateStatement {
  std::string kind;    // "TABLE", "VIEW", "MATERIALIZED VIEW", "DICTIONARY"...
  std::string rest;    // all behind the name, without UUIDs and ON CLUSTER
  std::string engine;  // "ReplicatedMergeTree"; empty: none is told
};

// Reads CREATE ... or ATTACH ... of one thing. Corrupt, naming `what`, when it is none.
CreateStatement parse_create(std::string_view query, const std::string& what);

// CREATE of the same thing under that name, with its own engine.
std::string create_as(const CreateStatement& statement, const TableName& name);

// CREATE TABLE of the same columns, keys and settings under that name, with the engine's plain
// form: not replicated, a view's inner table as any other.
std::string create_plain(const CreateStatement& statement, const TableName& name);

// "MergeTree" of "ReplicatedMergeTree".
std::string plain_engine(const std::string& engine);

}  // namespace holdfast::datastore::ch
