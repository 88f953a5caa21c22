#include "config/load.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

Loaded look(std::string_view yaml, const Environment& environment = Environment()) {
  return examine(yaml, "values.yaml", environment);
}

Problem only_problem(std::string_view yaml) {
  const Loaded loaded = look(yaml);
  EXPECT_THAT(loaded.problems, SizeIs(1));
  return loaded.problems.empty() ? Problem{} : loaded.problems.front();
}

std::vector<std::string> paths_of(const std::vector<Problem>& problems) {
  std::vector<std::string> paths;
  for (const Problem& problem : problems) paths.push_back(problem.path);
  return paths;
}

TEST(Load, AnEmptyFileGivesTheDocumentedDefaults) {
  const Values values = load("", "values.yaml", Environment());
  EXPECT_FALSE(values.backup.enabled);
  EXPECT_TRUE(values.stackgraph.enabled);
  EXPECT_TRUE(values.stackgraph.scheduled_enabled);
  EXPECT_TRUE(values.stackgraph.restore_enabled);
  EXPECT_EQ(values.stackgraph.bucket_name, "sts-stackgraph-backup");
  EXPECT_EQ(values.stackgraph.prefix, "");
  EXPECT_EQ(values.stackgraph.schedule, "0 3 * * *");
  EXPECT_EQ(values.stackgraph.name_template, "sts-backup-$(date +%Y%m%d-%H%M).graph");
  EXPECT_EQ(values.stackgraph.name_parse_regexp, "sts-backup-([0-9]*-[0-9]*).graph");
  EXPECT_EQ(values.stackgraph.datetime_parse_format, "%Y%m%d-%H%M");
  EXPECT_EQ(values.stackgraph.retention_time_delta, "30 days ago");
  EXPECT_EQ(values.stackgraph.split_archive_bytes, 0u);
  EXPECT_EQ(values.configuration.bucket_name, "sts-configuration-backup");
  EXPECT_EQ(values.configuration.schedule, "0 4 * * *");
  EXPECT_EQ(values.configuration.retention_time_delta, "365 days ago");
  EXPECT_EQ(values.configuration.max_local_files, 10u);
  EXPECT_EQ(values.configuration.max_yaml_bytes, 100u << 20);
  EXPECT_EQ(values.elasticsearch.bucket_name, "sts-elasticsearch-backup");
  EXPECT_EQ(values.elasticsearch.snapshot_repository_name, "sts-backup");
  EXPECT_EQ(values.elasticsearch.schedule, "0 0 3 * * ?");
  EXPECT_THAT(values.elasticsearch.indices, ElementsAre("sts*"));
  EXPECT_EQ(values.elasticsearch.snapshot_policy_name, "auto-sts-backup");
  EXPECT_EQ(values.elasticsearch.snapshot_name_template, "<sts-backup-{now{yyyyMMdd-HHmm}}>");
  EXPECT_EQ(values.elasticsearch.expire_after, "30d");
  EXPECT_EQ(values.elasticsearch.min_count, 5u);
  EXPECT_EQ(values.elasticsearch.max_count, 30u);
  EXPECT_EQ(values.clickhouse.bucket_name, "sts-clickhouse-backup");
  EXPECT_FALSE(values.clickhouse.enabled);
  EXPECT_FALSE(values.clickhouse.restore_enabled);
  EXPECT_EQ(values.clickhouse.full_schedule, "45 0 * * *");
  EXPECT_EQ(values.clickhouse.incremental_schedule, "45 3-23 * * *");
  EXPECT_EQ(values.clickhouse.keep_remote, 308u);
  EXPECT_THAT(values.clickhouse.tables, ElementsAre("otel.*"));
  EXPECT_EQ(values.minio.access_key, "setme");
  EXPECT_EQ(values.minio.secret_key.reveal(), "setme");
  EXPECT_EQ(values.minio.storage_kind, StorageKind::kFolder);
}

TEST(Load, TheInstancesOfVictoriaMetricsDifferAsDocumented) {
  const Values values = load("", "values.yaml", Environment());
  for (std::size_t n = 0; n < 2; ++n) {
    const VictoriaMetrics& one = values.victoria_metrics[n];
    EXPECT_TRUE(one.instance_enabled);
    EXPECT_FALSE(one.enabled);
    EXPECT_FALSE(one.restore_enabled);
    EXPECT_EQ(one.bucket_name, "sts-victoria-metrics-backup");
    EXPECT_EQ(one.keep_last_daily, 7u);
    EXPECT_EQ(one.keep_last_weekly, 4u);
  }
  EXPECT_EQ(values.victoria_metrics[0].prefix, "victoria-metrics-0");
  EXPECT_EQ(values.victoria_metrics[1].prefix, "victoria-metrics-1");
  EXPECT_EQ(values.victoria_metrics[0].schedule, "25 * * * *");
  EXPECT_EQ(values.victoria_metrics[1].schedule, "35 * * * *");
  EXPECT_EQ(values.victoria_metrics[0].daily_schedule, "55 0 * * *");
  EXPECT_EQ(values.victoria_metrics[1].daily_schedule, "5 1 * * *");
  EXPECT_EQ(values.holdfast.victoria_metrics[0].url, "http://127.0.0.1:8428");
  EXPECT_EQ(values.holdfast.victoria_metrics[1].url, "http://127.0.0.1:8429");
  EXPECT_EQ(values.holdfast.victoria_metrics[0].data_path, "/storage");
  EXPECT_EQ(values.holdfast.victoria_metrics[1].data_path, "/storage-1");
}

TEST(Load, OurOwnSectionHasItsDefaults) {
  const Holdfast own = load("", "values.yaml", Environment()).holdfast;
  EXPECT_EQ(own.gateway.listen, "127.0.0.1:9000");
  EXPECT_EQ(own.gateway.url, "http://127.0.0.1:9000");
  EXPECT_EQ(own.gateway.domain, "");
  EXPECT_THAT(own.gateway.keys, IsEmpty());
  EXPECT_EQ(own.gateway.limits.workers, 256u);
  EXPECT_EQ(own.gateway.limits.head_timeout, std::chrono::seconds(15));
  EXPECT_EQ(own.storage.folder, "./holdfast-data");
  EXPECT_EQ(own.run.listen, "127.0.0.1:9747");
  EXPECT_EQ(own.run.starting_deadline, std::chrono::hours(1));
  EXPECT_EQ(own.run.time_zone, "local");
  EXPECT_TRUE(own.run.token.empty());
  EXPECT_EQ(own.verify_schedule, "0 6 * * *");
  EXPECT_EQ(own.drill_schedule, "0 7 * * 0");
  for (const Hooks& hooks : own.hooks) {
    EXPECT_THAT(hooks.before_restore.command, IsEmpty());
    EXPECT_EQ(hooks.after_backup.timeout, std::chrono::seconds(60));
    EXPECT_EQ(hooks.before_backup.on_error, OnError::kFail);
  }
  EXPECT_THAT(own.notifications.on,
              ElementsAre(Occasion::kFailure, Occasion::kLate, Occasion::kRecovery));
  EXPECT_EQ(own.notifications.smtp.port, 587u);
  EXPECT_EQ(own.catalog.bucket_name, "sts-stackgraph-backup");
  EXPECT_EQ(own.catalog.prefix, ".holdfast/");
  EXPECT_EQ(own.clickhouse.url, "http://127.0.0.1:8123");
  EXPECT_EQ(own.clickhouse.data_path, "/var/lib/clickhouse");
  EXPECT_EQ(own.clickhouse.user, "default");
  EXPECT_EQ(own.clickhouse.max_chain_length, 30u);
  EXPECT_EQ(own.elasticsearch.url, "http://127.0.0.1:9200");
  EXPECT_EQ(own.elasticsearch.repository_type, RepositoryType::kS3);
  EXPECT_EQ(own.elasticsearch.mode, SnapshotMode::kAuto);
  EXPECT_EQ(own.elasticsearch.retention_schedule, "0 30 1 * * ?");
  EXPECT_EQ(own.stackgraph.driver, StackGraphDriver::kCommand);
  EXPECT_THAT(own.stackgraph.export_command, ElementsAre("stackstate-server", "-export", "{file}"));
  EXPECT_THAT(own.stackgraph.import_command,
              ElementsAre("stackstate-server", "-import", "{file}", "{force}"));
  EXPECT_EQ(own.stackgraph.url, "ws://127.0.0.1:8182/gremlin");
  EXPECT_EQ(own.stackgraph.max_bytes_per_second, 0u);
}

// The documented fragment for AWS S3, with names that could be real.
constexpr std::string_view kAws = R"(
backup:
  enabled: true
  stackGraph:
    bucketName: acme-stackgraph
  elasticsearch:
    bucketName: acme-elasticsearch
victoria-metrics-0:
  backup:
    bucketName: acme-metrics
victoria-metrics-1:
  backup:
    bucketName: acme-metrics
clickhouse:
  backup:
    enabled: true
    bucketName: acme-clickhouse
minio:
  accessKey: gatewaykey
  secretKey: gatewaysecret1
  s3gateway:
    enabled: true
    accessKey: AKIDEXAMPLE
    secretKey: wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY
)";

TEST(Load, TheDocumentedFragmentForAws) {
  const Loaded loaded = look(kAws);
  EXPECT_THAT(paths_of(loaded.problems), IsEmpty());
  EXPECT_THAT(paths_of(loaded.warnings), ElementsAre("backup.configuration.bucketName"));
  const Values& values = loaded.values;
  EXPECT_TRUE(values.backup.enabled);
  EXPECT_EQ(values.stackgraph.bucket_name, "acme-stackgraph");
  EXPECT_EQ(values.elasticsearch.bucket_name, "acme-elasticsearch");
  EXPECT_EQ(values.victoria_metrics[0].bucket_name, "acme-metrics");
  EXPECT_EQ(values.victoria_metrics[1].bucket_name, "acme-metrics");
  EXPECT_TRUE(values.clickhouse.enabled);
  EXPECT_EQ(values.clickhouse.bucket_name, "acme-clickhouse");
  EXPECT_EQ(values.minio.access_key, "gatewaykey");
  EXPECT_EQ(values.minio.secret_key.reveal(), "gatewaysecret1");
  EXPECT_EQ(values.minio.s3.access_key, "AKIDEXAMPLE");
  EXPECT_EQ(values.minio.s3.secret_key.reveal(), "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
  EXPECT_EQ(values.minio.s3.endpoint, "");
  EXPECT_EQ(values.minio.s3.region, "");
  EXPECT_EQ(values.minio.storage_kind, StorageKind::kS3);
  EXPECT_EQ(values.holdfast.catalog.bucket_name, "acme-stackgraph");
}

TEST(Load, TheDocumentedFragmentForAwsWithItsPlaceHoldersIsNotTakenForReal) {
  std::string yaml(kAws);
  const auto replace = [&](const std::string& from, const std::string& to) {
    for (std::size_t at = yaml.find(from); at != std::string::npos; at = yaml.find(from, at + 1)) {
      yaml.replace(at, from.size(), to);
    }
  };
  replace("gatewaykey", "YOUR_ACCESS_KEY");
  replace("gatewaysecret1", "YOUR_SECRET_KEY");
  replace("acme-stackgraph", "AWS_STACKGRAPH_BUCKET");
  const Loaded loaded = look(yaml);
  EXPECT_THAT(paths_of(loaded.problems), ElementsAre("minio.accessKey", "minio.secretKey"));
  EXPECT_THAT(paths_of(loaded.warnings), testing::Contains("backup.stackGraph.bucketName"));
  EXPECT_EQ(loaded.values.stackgraph.bucket_name, "AWS_STACKGRAPH_BUCKET");
}

TEST(Load, TheDocumentedFragmentForAzure) {
  const Loaded loaded = look(R"(
backup:
  enabled: true
minio:
  accessKey: AZURE_STORAGE_ACCOUNT_NAME
  secretKey: QVpVUkVfU1RPUkFHRV9BQ0NPVU5UX0tFWS1pcy1sb25nZXItdGhhbi00MC1jaGFyYWN0ZXJz+/A=
  azuregateway:
    enabled: true
)");
  EXPECT_THAT(paths_of(loaded.problems), IsEmpty());
  EXPECT_THAT(paths_of(loaded.warnings), IsEmpty());
  const Minio& minio = loaded.values.minio;
  EXPECT_EQ(minio.storage_kind, StorageKind::kAzure);
  EXPECT_EQ(minio.azure.account_name, "AZURE_STORAGE_ACCOUNT_NAME");
  EXPECT_EQ(minio.azure.account_key, minio.secret_key);
  EXPECT_EQ(minio.access_key, "AZURE_STORAGE_ACCOUNT_NAME") << "also the gateway's root pair";
}

TEST(Load, TheDocumentedFragmentForKubernetesStorage) {
  const Loaded loaded = look(
      R"(
backup:
  enabled: true
minio:
  accessKey: myaccesskey
  secretKey: mysecretkey
  persistence:
    enabled: true
)",
      Environment{{"KUBERNETES_SERVICE_HOST", "10.0.0.1"}});
  EXPECT_THAT(paths_of(loaded.problems), IsEmpty());
  EXPECT_THAT(paths_of(loaded.warnings), IsEmpty());
  EXPECT_EQ(loaded.values.minio.storage_kind, StorageKind::kFolder);
  EXPECT_TRUE(loaded.values.minio.persistence_enabled);
}

TEST(Load, TheNewerSpellingIsTheSame) {
  const Loaded loaded = look(R"(
global:
  imageRegistry: registry.example.com
  backup: {enabled: true}
  s3proxy:
    credentials: {accessKey: my-access-key, secretKey: my-secret-key-of-any-length-that-one-likes-to-have}
backup:
  storage:
    backend:
      s3: {enabled: true, endpoint: "https://s3.example.com", region: eu-west-1, accessKey: ak, secretKey: sk}
      pvc: {enabled: false, size: 500Gi, storageClass: "", accessModes: [ReadWriteOnce]}
    settingsPvc: {size: 2Gi}
victoria-metrics-0:
  backup: {enabled: false, scheduled: {hourly: "20 * * * *", daily: "50 0 * * *"}, keepLastDaily: 3, keepLastWeekly: 2}
victoria-metrics-1:
  backup: {enabled: false}
clickhouse:
  backup: {enabled: false}
)");
  EXPECT_THAT(paths_of(loaded.problems), IsEmpty());
  const Values& values = loaded.values;
  EXPECT_TRUE(values.backup.enabled);
  EXPECT_EQ(values.minio.access_key, "my-access-key");
  EXPECT_EQ(values.minio.storage_kind, StorageKind::kS3);
  EXPECT_EQ(values.minio.s3.endpoint, "https://s3.example.com");
  EXPECT_EQ(values.minio.s3.region, "eu-west-1");
  EXPECT_EQ(values.minio.s3.access_key, "ak");
  EXPECT_EQ(values.minio.s3.secret_key.reveal(), "sk");
  EXPECT_EQ(values.victoria_metrics[0].schedule, "20 * * * *");
  EXPECT_EQ(values.victoria_metrics[0].daily_schedule, "50 0 * * *");
  EXPECT_EQ(values.victoria_metrics[0].keep_last_daily, 3u);
  EXPECT_EQ(values.victoria_metrics[0].keep_last_weekly, 2u);
}

TEST(Load, TheNewerSpellingOfAzureHasAnAccountOfItsOwn) {
  const Minio minio = look(R"(
s3proxy: {credentials: {accessKey: my-access-key, secretKey: my-secret-key}}
backup: {storage: {backend: {azure: {enabled: true, accountName: acme, accountKey: QUJD}}}}
)")
                          .values.minio;
  EXPECT_EQ(minio.azure.account_name, "acme");
  EXPECT_EQ(minio.azure.account_key.reveal(), "QUJD");
  EXPECT_EQ(minio.access_key, "my-access-key");
  EXPECT_EQ(minio.secret_key.reveal(), "my-secret-key");
}

TEST(Load, TheAccountIsTheRootPairWhenNoOtherIsGiven) {
  const Minio minio = look(R"(
backup: {storage: {backend: {azure: {enabled: true, accountName: acme, accountKey: QUJD}}}}
)")
                          .values.minio;
  EXPECT_EQ(minio.access_key, "acme");
  EXPECT_EQ(minio.secret_key.reveal(), "QUJD");
}

TEST(Load, TwoSpellingsMustAgree) {
  const Problem problem = only_problem(R"(
backup: {enabled: true}
global:
  backup: {enabled: false}
)");
  EXPECT_EQ(problem.path, "global.backup.enabled");
  EXPECT_EQ(problem.line, 4);
  EXPECT_THAT(problem.why, HasSubstr("backup.enabled in line 2"));
  EXPECT_THAT(look("{backup: {enabled: true}, global: {backup: {enabled: yes}}}").problems,
              IsEmpty());
  EXPECT_THAT(
      look("{minio: {accessKey: abcdef1}, s3proxy: {credentials: {accessKey: abcdef1}}}").problems,
      IsEmpty());
  EXPECT_THAT(
      paths_of(look("{minio: {accessKey: abcdef1}, s3proxy: {credentials: {accessKey: abcdef2}}}")
                   .problems),
      ElementsAre("s3proxy.credentials.accessKey"));
}

TEST(Load, AnErrorNamesTheKeyTheLineAndWhatIsAllowed) {
  try {
    load("backup:\n  enabled: perhaps\n  stackGraf: {}\n", "values.yaml", Environment());
    FAIL();
  } catch (const InvalidArgument& error) {
    EXPECT_EQ(error.to_string(),
              "values.yaml:2: backup.enabled: neither true nor false; allowed: true or false; "
              "1 more: see holdfast config check");
  }
}

TEST(Load, AnUnknownKeyNamesTheNearestKnownOne) {
  const Problem problem = only_problem("backup:\n  stackGraph:\n    bucketname: x\n");
  EXPECT_EQ(problem.path, "backup.stackGraph.bucketname");
  EXPECT_EQ(problem.line, 3);
  EXPECT_EQ(problem.column, 5);
  EXPECT_EQ(problem.nearest, "backup.stackGraph.bucketName");
  EXPECT_THAT(problem.allowed, HasSubstr("bucketName"));
}

TEST(Load, AKeyAtTheWrongLevelIsFoundByItsName) {
  EXPECT_EQ(only_problem("holdfast: {maxChainLength: 3}").nearest,
            "holdfast.clickhouse.maxChainLength");
  EXPECT_EQ(only_problem("backup: {clickhouse: {keep_remote: 3}}").path, "backup.clickhouse");
}

TEST(Load, EveryOwnedSectionRefusesUnknownKeys) {
  for (const char* section : {"backup",
                              "backup.stackGraph",
                              "backup.stackGraph.scheduled",
                              "backup.configuration",
                              "backup.elasticsearch",
                              "backup.elasticsearch.scheduled",
                              "backup.storage",
                              "backup.storage.backend.s3",
                              "global.backup",
                              "victoria-metrics-0.backup",
                              "victoria-metrics-1.backup.scheduled",
                              "victoria-metrics-1.restore",
                              "clickhouse.backup",
                              "clickhouse.backup.config",
                              "clickhouse.restore",
                              "holdfast",
                              "holdfast.gateway",
                              "holdfast.run",
                              "holdfast.hooks",
                              "holdfast.hooks.clickhouse.beforeRestore",
                              "holdfast.notifications.smtp",
                              "holdfast.victoria-metrics-1",
                              "holdfast.elasticsearch"}) {
    std::string yaml;
    std::string rest = section;
    int depth = 0;
    for (std::size_t dot = 0; dot != std::string::npos; ++depth) {
      dot = rest.find('.');
      yaml += std::string(static_cast<std::size_t>(2 * depth), ' ') + rest.substr(0, dot) + ":\n";
      rest = dot == std::string::npos ? "" : rest.substr(dot + 1);
    }
    yaml += std::string(static_cast<std::size_t>(2 * depth), ' ') + "quux: 1\n";
    const Loaded loaded = look(yaml);
    EXPECT_THAT(paths_of(loaded.problems), ElementsAre(std::string(section) + ".quux")) << yaml;
    EXPECT_NE(loaded.problems.front().nearest, "");
  }
}

TEST(Load, AllProblemsAreReportedInTheOrderOfTheFile) {
  const Loaded loaded = look(R"(
holdfast: {run: {listen: nowhere}}
backup:
  enabled: 5
  nonsense: 1
clickhouse: {backup: {config: {keep_remote: many}}}
)");
  EXPECT_THAT(paths_of(loaded.problems),
              ElementsAre("holdfast.run.listen", "backup.enabled", "backup.nonsense",
                          "clickhouse.backup.config.keep_remote"));
}

TEST(Load, WrongTypesAreErrors) {
  EXPECT_THAT(only_problem("backup: 5").allowed, HasSubstr("stackGraph"));
  EXPECT_EQ(only_problem("backup: [enabled]").why, "a list is given");
  EXPECT_EQ(only_problem("backup: {enabled: {a: 1}}").why, "a mapping is given");
  EXPECT_EQ(only_problem("backup: {enabled: 'true'}").why, "a text in quotes is given");
  EXPECT_EQ(only_problem("clickhouse: {backup: {bucketName: [a, b]}}").why, "a list is given");
  EXPECT_EQ(only_problem("clickhouse: {backup: {config: {keep_remote: 3.5}}}").why,
            "not a whole number");
  EXPECT_EQ(only_problem("just a text").why, "the file holds no mapping of keys to values");
  EXPECT_EQ(only_problem("- a\n- b\n").why, "the file holds no mapping of keys to values");
}

TEST(Load, QuotedNumbersAreNumbers) {
  const Values values = look(R"(
backup: {elasticsearch: {scheduled: {snapshotRetentionMinCount: '7', snapshotRetentionMaxCount: 9}}}
)")
                            .values;
  EXPECT_EQ(values.elasticsearch.min_count, 7u);
  EXPECT_EQ(values.elasticsearch.max_count, 9u);
}

TEST(Load, NothingMeansTheDefault) {
  const Loaded loaded =
      look("backup:\n  stackGraph:\n    bucketName:\n  enabled: ~\nclickhouse:\n");
  EXPECT_THAT(loaded.problems, IsEmpty());
  EXPECT_EQ(loaded.values.stackgraph.bucket_name, "sts-stackgraph-backup");
}

TEST(Load, DoubleKeysOfOursAreErrorsAndThoseOfOthersAreNot) {
  const Problem twice = only_problem("backup:\n  enabled: true\nminio: {}\nbackup: {}\n");
  EXPECT_EQ(twice.path, "backup");
  EXPECT_EQ(twice.line, 4);
  EXPECT_THAT(twice.why, HasSubstr("line 1"));
  EXPECT_EQ(only_problem("holdfast: {run: {token: a, token: b}}").path, "holdfast.run.token");
  EXPECT_THAT(paths_of(look("holdfast: {x: a, x: b}").problems),
              ElementsAre("holdfast.x", "holdfast.x"));
  EXPECT_THAT(look("kafka: {}\nkafka: {}\nminio: {resources: {}, resources: {}}\n").problems,
              IsEmpty());
}

TEST(Load, AnchorsAndMergeKeysWork) {
  const Loaded loaded = look(R"(
defaults: &metrics
  enabled: true
  bucketName: acme-metrics
victoria-metrics-0:
  backup: *metrics
victoria-metrics-1:
  backup:
    <<: *metrics
    enabled: false
)");
  EXPECT_THAT(paths_of(loaded.problems), IsEmpty());
  EXPECT_TRUE(loaded.values.victoria_metrics[0].enabled);
  EXPECT_FALSE(loaded.values.victoria_metrics[1].enabled);
  EXPECT_EQ(loaded.values.victoria_metrics[1].bucket_name, "acme-metrics");
}

TEST(Load, BadYamlIsOneProblemWithItsLine) {
  const Problem problem = only_problem("backup:\n  enabled: true\n bucket: [\n");
  EXPECT_EQ(problem.path, "");
  EXPECT_GE(problem.line, 3);
  EXPECT_THAT(problem.why, HasSubstr("not YAML"));
}

TEST(Load, HostileTextsNeverReachAMessageWhole) {
  const Loaded loaded = look("holdfast: {\"" + std::string(100'000, 'k') + "\\n\\e[31m\": 1}");
  ASSERT_THAT(loaded.problems, SizeIs(1));
  EXPECT_LT(to_error("v", loaded.problems[0]).to_string().size(), 1000u);
  EXPECT_THAT(loaded.problems[0].path, Not(HasSubstr("\n")));
}

TEST(Load, ProblemsAreCappedInNumber) {
  std::string yaml = "holdfast:\n";
  for (int i = 0; i < 5000; ++i) yaml += "  unknown" + std::to_string(i) + ": 1\n";
  EXPECT_THAT(look(yaml).problems, SizeIs(100));
}

TEST(Load, AFileIsReadAndOneThatIsNotThereIsAConfigurationError) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "values.yaml";
  write_file_durably(path, "backup: {enabled: true}\n");
  EXPECT_TRUE(load_file(path, Environment()).backup.enabled);
  write_file_durably(path, "backup: {enabled: 7}\n");
  EXPECT_THROW(load_file(path, Environment()), InvalidArgument);
  EXPECT_THROW(load_file(folder.path() / "other.yaml", Environment()), InvalidArgument);
  EXPECT_THROW(examine_file(folder.path(), Environment()), InvalidArgument) << "a folder";
}

TEST(Load, NewlinesOfWindowsAndAMarkAtTheStartAreRead) {
  EXPECT_TRUE(look("\xEF\xBB\xBF"
                   "backup:\r\n  enabled: true\r\n")
                  .values.backup.enabled);
}

}  // namespace
}  // namespace holdfast::config
