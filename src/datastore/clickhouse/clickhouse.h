// ClickHouse: full and incremental backups in clickhouse-backup's layout, both ways compatible.
// Layout: docs/formats/clickhouse.md; order of steps and reading rules: docs/design/clickhouse.md.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/secret.h"
#include "datastore/datastore.h"
#include "storage/storage.h"
#include "transfer/transfer.h"

namespace holdfast::datastore {

struct ClickHouseOptions {
  std::string bucket = "sts-clickhouse-backup";
  std::string prefix;                            // s3Prefix; may be empty
  std::vector<std::string> tables = {"otel.*"};  // patterns
  std::string url = "http://127.0.0.1:8123";
  std::string user = "default";
  Secret password;
  fs::path data_path = "/var/lib/clickhouse";
  unsigned max_chain_length = 30;  // backups that one restore may need
  transfer::TransferOptions transfer;
};

// Borrows `storage`, which must outlive the result.
std::unique_ptr<Datastore> make_clickhouse(const ClickHouseOptions& options,
                                           storage::Storage& storage);

// The backups that `name` builds on, the oldest first. Ends where one is missing.
std::vector<std::string> clickhouse_chain(const Context& context, storage::Storage& storage,
                                          const std::string& bucket, const std::string& prefix,
                                          const std::string& name);

}  // namespace holdfast::datastore
