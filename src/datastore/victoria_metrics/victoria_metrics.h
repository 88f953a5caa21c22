// VictoriaMetrics: incremental backups in vmbackup's layout, both ways compatible. Layout and
// manifest: docs/formats/victoria-metrics.md; order of steps and reading rules:
// docs/design/victoria-metrics.md.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/secret.h"
#include "datastore/datastore.h"
#include "storage/storage.h"
#include "transfer/transfer.h"

namespace holdfast::datastore {

struct VictoriaMetricsOptions {
  std::string instance =
      "victoria-metrics-0";  // also the store's name and the folder names' first part
  std::string bucket = "sts-victoria-metrics-backup";
  std::string prefix = "victoria-metrics-0";  // s3Prefix: versions are PREFIX-YYYYMMDDHHMMSS
  std::string url = "http://127.0.0.1:8428";
  fs::path data_path = "/storage";
  Secret snapshot_auth_key;
  Duration snapshot_timeout = std::chrono::minutes(5);
  std::string server_program = "victoria-metrics";  // started by drills, found in PATH
  transfer::TransferOptions transfer;
};

// Borrows `storage`, which must outlive the result.
std::unique_ptr<Datastore> make_victoria_metrics(const VictoriaMetricsOptions& options,
                                                 storage::Storage& storage);

}  // namespace holdfast::datastore
