// backup.*: the master switch, StackGraph, the settings and Elasticsearch.
#include "config/key.h"

namespace holdfast::config {

namespace {

constexpr std::string_view kTemplateAllowed =
    "a file name of letters, digits, - _ . and $(date +FORMAT)";
constexpr std::string_view kDeltaAllowed =
    "a GNU date phrase in the past such as 30 days ago, or days = 30";

std::string take_template(std::string_view text) {
  check_name_template(text);
  return std::string(text);
}

std::string take_name(std::string_view text) {
  if (text.empty()) throw BadValue{"an empty name"};
  return std::string(text);
}

// What StackGraph and the settings have in common; `exports` finds their part of Values.
struct ExportDefaults {
  std::string path, what, bucket, suffix, schedule, retention;
};
void add_exports(std::vector<Key>& keys, const ExportDefaults& of,
                 const std::function<Exports&(Values&)>& exports) {
  const std::string scheduled = of.path + ".scheduled.";
  const auto at = [&exports](auto member) {
    return [exports, member](Values& values) -> auto& { return exports(values).*member; };
  };
  keys.push_back(flag(of.path + ".enabled", at(&Exports::enabled), true,
                      "whether " + of.what + " is backed up at all"));
  keys.push_back(flag(scheduled + "enabled", at(&Exports::scheduled_enabled), true,
                      "whether it is backed up on schedule; `enabled` must be true as well"));
  keys.push_back(flag(of.path + ".restore.enabled", at(&Exports::restore_enabled), true,
                      "whether it may be restored"));
  keys.push_back(bucket(of.path + ".bucketName", at(&Exports::bucket_name), of.bucket,
                        "the bucket of its backups"));
  keys.push_back(
      prefix(of.path + ".s3Prefix", at(&Exports::prefix), "\"\"", "the folder in the bucket"));
  keys.push_back(cron(scheduled + "schedule", at(&Exports::schedule), CronDialect::kKubernetes,
                      of.schedule, "when it is backed up"));
  keys.push_back(text(scheduled + "backupNameTemplate", at(&Exports::name_template),
                      "sts-backup-$(date +%Y%m%d-%H%M)." + of.suffix,
                      "the name of a backup; only $(date +FORMAT) is filled in, nothing is run",
                      std::string(kTemplateAllowed), take_template));
  keys.push_back(text(scheduled + "backupNameParseRegexp", at(&Exports::name_parse_regexp),
                      "sts-backup-([0-9]*-[0-9]*)." + of.suffix,
                      "finds the time in the name of a backup: the first group",
                      "a regular expression", take_name));
  keys.push_back(text(scheduled + "backupDatetimeParseFormat", at(&Exports::datetime_parse_format),
                      "\"%Y%m%d-%H%M\"", "how that time is written", "a date format", take_name));
  keys.push_back(text(scheduled + "backupRetentionTimeDelta", at(&Exports::retention_time_delta),
                      of.retention,
                      "backups from before this moment are removed; the last good one stays",
                      std::string(kDeltaAllowed), take_retention_delta));
  keys.push_back(ignored(of.path + ".securityContext", "{}", "of the chart's pods"));
}

void add_stackgraph(std::vector<Key>& keys) {
  add_exports(keys,
              {"backup.stackGraph", "StackGraph", "sts-stackgraph-backup", "graph", "0 3 * * *",
               "30 days ago"},
              [](Values& values) -> Exports& { return values.stackgraph; });
  keys.push_back(size("backup.stackGraph.splitArchiveSize",
                      HOLDFAST_AT(stackgraph.split_archive_bytes), "0",
                      "over 0, an export is stored in parts of this size, named .00, .01 and so on",
                      parse_split_size));
  keys.push_back(choice<StackGraphImplementation>(
      "backup.stackGraph.scheduled.implementation", HOLDFAST_AT(stackgraph.implementation), "v1",
      {{"v1", StackGraphImplementation::kV1},
       {"v2", StackGraphImplementation::kV2},
       {"all", StackGraphImplementation::kAll}},
      "which of the newer chart's exports runs on schedule"));
  for (const char* name : {"scheduled.tempData", "restore.tempData", "v2"}) {
    keys.push_back(ignored(std::string("backup.stackGraph.") + name, "{}",
                           "the chart's volume for one export"));
  }
}

void add_configuration(std::vector<Key>& keys) {
  add_exports(keys,
              {"backup.configuration", "the configuration (settings)", "sts-configuration-backup",
               "sty", "0 4 * * *", "365 days ago"},
              [](Values& values) -> Exports& { return values.configuration; });
  keys.push_back(number("backup.configuration.maxLocalFiles",
                        HOLDFAST_AT(configuration.max_local_files), 10, 0, 100'000,
                        "how many backups stay on the local volume"));
  keys.push_back(size("backup.configuration.yaml.maxSizeLimit",
                      HOLDFAST_AT(configuration.max_yaml_bytes), "100Mi",
                      "the largest settings backup that is taken"));
  keys.push_back(ignored("backup.configuration.scheduled.pvc", "{}", "the chart's local volume"));
}

void add_elasticsearch(std::vector<Key>& keys) {
  const std::string path = "backup.elasticsearch.";
  const std::string scheduled = path + "scheduled.";
  keys.push_back(flag(path + "enabled", HOLDFAST_AT(elasticsearch.enabled), true,
                      "whether Elasticsearch is backed up at all"));
  keys.push_back(flag(scheduled + "enabled", HOLDFAST_AT(elasticsearch.scheduled_enabled), true,
                      "whether it is backed up on schedule; `enabled` must be true as well"));
  keys.push_back(flag(path + "restore.enabled", HOLDFAST_AT(elasticsearch.restore_enabled), true,
                      "whether it may be restored"));
  keys.push_back(bucket(path + "bucketName", HOLDFAST_AT(elasticsearch.bucket_name),
                        "sts-elasticsearch-backup", "the bucket of its snapshot repository"));
  keys.push_back(prefix(path + "s3Prefix", HOLDFAST_AT(elasticsearch.prefix), "\"\"",
                        "the folder in the bucket: the repository's base path"));
  keys.push_back(text(path + "snapshotRepositoryName",
                      HOLDFAST_AT(elasticsearch.snapshot_repository_name), "sts-backup",
                      "the repository's name in Elasticsearch", "a name", take_name));
  keys.push_back(cron(scheduled + "schedule", HOLDFAST_AT(elasticsearch.schedule),
                      CronDialect::kElasticsearch, "0 0 3 * * ?", "when a snapshot is taken, UTC"));
  keys.push_back(patterns(scheduled + "indices", HOLDFAST_AT(elasticsearch.indices), "sts*",
                          "the indices that are in a snapshot, and are restored"));
  keys.push_back(text(scheduled + "snapshotPolicyName",
                      HOLDFAST_AT(elasticsearch.snapshot_policy_name), "auto-sts-backup",
                      "the lifecycle policy's name", "a name", take_name));
  keys.push_back(text(
      scheduled + "snapshotNameTemplate", HOLDFAST_AT(elasticsearch.snapshot_name_template),
      "<sts-backup-{now{yyyyMMdd-HHmm}}>", "a snapshot's name in date math; a random end is added",
      "a name in Elasticsearch's date math", take_name));
  keys.push_back(text(scheduled + "snapshotRetentionExpireAfter",
                      HOLDFAST_AT(elasticsearch.expire_after), "30d",
                      "snapshots older than this are removed",
                      "an Elasticsearch time value such as 30d or 12h", take_time_value));
  keys.push_back(number(scheduled + "snapshotRetentionMinCount",
                        HOLDFAST_AT(elasticsearch.min_count), 5, 1, 1'000'000,
                        "so many good snapshots stay, whatever their age"));
  keys.push_back(number(
      scheduled + "snapshotRetentionMaxCount", HOLDFAST_AT(elasticsearch.max_count), 30, 1,
      1'000'000, "beyond so many good snapshots the oldest are removed, whatever their age"));
  keys.push_back(ignored(path + "restore.scaleDownLabels", "{}",
                         "the chart's label for what is scaled down during a restore"));
  keys.push_back(ignored(path + "securityContext", "{}", "of the chart's pods"));
}

}  // namespace

void add_backup_keys(std::vector<Key>& keys) {
  keys.push_back(flag("backup.enabled", HOLDFAST_AT(backup.enabled), false,
                      "the master switch: without it nothing is backed up or restored")
                     .also("global.backup.enabled"));
  add_stackgraph(keys);
  add_configuration(keys);
  add_elasticsearch(keys);
  for (const char* name : {"poddisruptionbudget", "additionalLogging", "initJobAnnotations"}) {
    keys.push_back(ignored(std::string("backup.") + name, "{}", "of the chart's jobs"));
  }
}

}  // namespace holdfast::config
