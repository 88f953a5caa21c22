// The backup and restore parts of the stores' own sections: victoria-metrics-N and clickhouse.
#include <fmt/format.h>

#include "config/key.h"

namespace holdfast::config {

namespace {

constexpr std::uint64_t kMost = 1'000'000;

void add_victoria_metrics(std::vector<Key>& keys, std::size_t n, const std::string& hourly,
                          const std::string& daily) {
  const std::string section = fmt::format("victoria-metrics-{}.", n);
  const std::string path = section + "backup.";
  keys.push_back(flag(section + "enabled", HOLDFAST_AT(victoria_metrics[n].instance_enabled), true,
                      "whether this instance exists; its backup follows it"));
  keys.push_back(flag(path + "enabled", HOLDFAST_AT(victoria_metrics[n].enabled), false,
                      "whether this instance is backed up"));
  keys.push_back(flag(section + "restore.enabled", HOLDFAST_AT(victoria_metrics[n].restore_enabled),
                      false, "whether this instance may be restored"));
  keys.push_back(bucket(path + "bucketName", HOLDFAST_AT(victoria_metrics[n].bucket_name),
                        "sts-victoria-metrics-backup", "the bucket; both instances may share it"));
  keys.push_back(text(path + "s3Prefix", HOLDFAST_AT(victoria_metrics[n].prefix),
                      fmt::format("victoria-metrics-{}", n),
                      "the first part of the folders' names, which keeps the instances apart",
                      "a folder's name in the bucket, such as victoria-metrics-0",
                      [](std::string_view folder) {
                        std::string taken = parse_prefix(folder);
                        if (taken.empty()) throw BadValue{"an empty name"};
                        return taken;
                      }));
  keys.push_back(cron(path + "scheduled.schedule", HOLDFAST_AT(victoria_metrics[n].schedule),
                      CronDialect::kCronexpr, hourly, "when an incremental backup is made")
                     .also(path + "scheduled.hourly"));
  keys.push_back(cron(path + "scheduled.daily", HOLDFAST_AT(victoria_metrics[n].daily_schedule),
                      CronDialect::kCronexpr, daily,
                      "when the newest backup is copied to a dated one", Empty::kMeansOff));
  keys.push_back(number(path + "keepLastDaily", HOLDFAST_AT(victoria_metrics[n].keep_last_daily), 7,
                        0, kMost, "how many dated copies are kept"));
  keys.push_back(number(path + "keepLastWeekly", HOLDFAST_AT(victoria_metrics[n].keep_last_weekly),
                        4, 0, kMost, "of the older ones, in how many weeks one is kept"));
  for (const char* name : {"awsSecrets", "overrideS3Endpoint", "setupCron", "vmbackup", "image",
                           "resources", "securityContext", "podAnnotations"}) {
    keys.push_back(ignored(path + name, "{}", "of the chart's sidecar"));
  }
  for (const char* name : {"image", "resources", "securityContext"}) {
    keys.push_back(ignored(section + "restore." + name, "{}", "of the chart's restore job"));
  }
}

void add_clickhouse(std::vector<Key>& keys) {
  const std::string path = "clickhouse.backup.";
  keys.push_back(flag(path + "enabled", HOLDFAST_AT(clickhouse.enabled), false,
                      "whether ClickHouse is backed up"));
  keys.push_back(flag("clickhouse.restore.enabled", HOLDFAST_AT(clickhouse.restore_enabled), false,
                      "whether ClickHouse may be restored"));
  keys.push_back(bucket(path + "bucketName", HOLDFAST_AT(clickhouse.bucket_name),
                        "sts-clickhouse-backup", "the bucket of its backups"));
  keys.push_back(prefix(path + "s3Prefix", HOLDFAST_AT(clickhouse.prefix), "\"\"",
                        "the folder in the bucket"));
  keys.push_back(cron(path + "scheduled.full_schedule", HOLDFAST_AT(clickhouse.full_schedule),
                      CronDialect::kCronexpr, "45 0 * * *", "when a full backup is made"));
  keys.push_back(cron(path + "scheduled.incremental_schedule",
                      HOLDFAST_AT(clickhouse.incremental_schedule), CronDialect::kCronexpr,
                      "45 3-23 * * *",
                      "when an incremental backup is made; keep it clear of the full one"));
  keys.push_back(
      number(path + "config.keep_remote", HOLDFAST_AT(clickhouse.keep_remote), 308, 0, kMost,
             "how many backups are kept, full and incremental, with every one they need; "
             "0 keeps all"));
  keys.push_back(patterns(path + "config.tables", HOLDFAST_AT(clickhouse.tables), "otel.*",
                          "the tables that are backed up, DATABASE.TABLE with * and ?"));
  for (const char* name : {"image", "resources", "nodeSelector", "affinity", "tolerations",
                           "podAnnotations", "podLabels", "securityContext", "s3"}) {
    keys.push_back(ignored(path + name, "{}", "of the chart's sidecar"));
  }
  for (const char* name : {"image", "resources", "securityContext"}) {
    keys.push_back(
        ignored(std::string("clickhouse.restore.") + name, "{}", "of the chart's restore job"));
  }
}

}  // namespace

void add_store_keys(std::vector<Key>& keys) {
  add_victoria_metrics(keys, 0, "25 * * * *", "55 0 * * *");
  add_victoria_metrics(keys, 1, "35 * * * *", "5 1 * * *");
  keys.push_back(ignored("victoria-metrics.restore.image", "{}", "of the chart's restore job"));
  keys.push_back(
      ignored("victoria-metrics.restore.securityContext", "{}", "of the chart's restore job"));
  add_clickhouse(keys);
}

}  // namespace holdfast::config
