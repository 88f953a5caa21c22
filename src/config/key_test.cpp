// The kinds of rows, seen through the keys that have them.
#include "config/key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

#include "config/load.h"

namespace holdfast::config {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

Loaded look(std::string_view yaml) { return examine(yaml, "values.yaml", Environment()); }
std::string why(std::string_view yaml) {
  const Loaded loaded = look(yaml);
  return loaded.problems.empty() ? "taken" : loaded.problems[0].why;
}

TEST(Keys, EveryPathStandsOnce) {
  std::set<std::string> paths;
  for (const Key& key : all_keys()) {
    EXPECT_TRUE(paths.insert(key.path).second) << key.path;
    for (const std::string& alias : key.aliases) EXPECT_TRUE(paths.insert(alias).second) << alias;
  }
  EXPECT_GT(paths.size(), 200u);
}

TEST(Keys, EveryDefaultIsAllowedAndShownAsItIsWritten) {
  Values values;
  for (const Key& key : all_keys()) {
    if (key.elements) continue;
    EXPECT_NO_THROW(key.read(values, *key.default_value)) << key.path;
    if (key.ignored) continue;
    Values again;
    key.read(again, *key.write(values));
    EXPECT_TRUE(*key.write(again) == *key.write(values)) << key.path;
  }
}

TEST(Keys, IndicesAreAListInEveryForm) {
  const auto indices = [](const std::string& text) {
    return look("backup: {elasticsearch: {scheduled: {indices: " + text + "}}}")
        .values.elasticsearch.indices;
  };
  EXPECT_THAT(indices("sts*"), ElementsAre("sts*"));
  EXPECT_THAT(indices("[sts*, other*]"), ElementsAre("sts*", "other*"));
  EXPECT_THAT(indices("'sts*,other*'"), ElementsAre("sts*", "other*"));
  EXPECT_THAT(indices("'sts*, -sts_secret'"), ElementsAre("sts*", "-sts_secret"));
  EXPECT_THAT(indices("'[\"sts*\", \"other*\"]'"), ElementsAre("sts*", "other*"));
  EXPECT_THAT(indices("\"\\\"sts*\\\",\\\"other*\\\"\""), ElementsAre("sts*", "other*"));
  EXPECT_THAT(indices("\"sts*\\\",\\\"other*\""), ElementsAre("sts*", "other*"));
}

TEST(Keys, PatternsThatAreNoneAreRefused) {
  const auto refusal = [](const std::string& text) {
    return why("backup: {elasticsearch: {scheduled: {indices: " + text + "}}}");
  };
  EXPECT_EQ(refusal("''"), "holds an empty pattern");
  EXPECT_EQ(refusal("'a,,b'"), "holds an empty pattern");
  EXPECT_EQ(refusal("[]"), "names nothing");
  EXPECT_EQ(refusal("'a b'"), "a pattern holds a blank, a quote or a bracket");
  EXPECT_EQ(refusal("'[\"a\", [\"b\"]]'"), "a pattern holds a blank, a quote or a bracket");
  EXPECT_EQ(refusal("{a: b}"), "a mapping is given");
  EXPECT_EQ(refusal("[a, [b]]"), "a list is given");
}

TEST(Keys, ListsAreBounded) {
  std::string many = "[";
  for (int i = 0; i < 1001; ++i) many += "a,";
  EXPECT_EQ(why("clickhouse: {backup: {config: {tables: " + many + "]}}}"),
            "a list of more than 1000");
}

TEST(Keys, HooksAreReadPerStoreAndMoment) {
  const Loaded loaded = look(R"(
holdfast:
  hooks:
    clickhouse: {beforeRestore: {command: [kubectl, scale, --replicas=0, sts/collector], timeout: 2m, onError: continue}}
    victoria-metrics-1: {afterBackup: {command: notify}}
)");
  EXPECT_THAT(loaded.problems, IsEmpty());
  const auto& hooks = loaded.values.holdfast.hooks;
  const Hook& before = hooks[static_cast<std::size_t>(Store::kClickHouse)].before_restore;
  EXPECT_THAT(before.command, ElementsAre("kubectl", "scale", "--replicas=0", "sts/collector"));
  EXPECT_EQ(before.timeout, 2min);
  EXPECT_EQ(before.on_error, OnError::kContinue);
  EXPECT_THAT(hooks[static_cast<std::size_t>(Store::kVictoriaMetrics1)].after_backup.command,
              ElementsAre("notify"));
  EXPECT_THAT(hooks[static_cast<std::size_t>(Store::kStackGraph)].before_restore.command,
              IsEmpty());
  EXPECT_EQ(why("holdfast: {hooks: {clickhouse: {beforeRestore: {onError: ignore}}}}"),
            "not one of the words that are known");
  EXPECT_EQ(why("holdfast: {hooks: {clickhouse: {beforeRestore: {timeout: 0s}}}}"),
            "no time at all");
  EXPECT_EQ(why("holdfast: {hooks: {mysql: {}}}"), "not a key that is known");
}

TEST(Keys, NotificationsAreReadAlsoUnderAnUnquotedOn) {
  const Loaded loaded = look(R"(
holdfast:
  notifications:
    on: [late, failure]
    webhook: {url: "https://hooks.example.com/services?token=1", headers: {X-Token: abc, Accept: "*/*"}}
    smtp: {host: mail.example.com, port: 25, user: u, password: p, from: holdfast@example.com, to: [ops@example.com]}
)");
  EXPECT_THAT(loaded.problems, IsEmpty());
  const Notifications& notifications = loaded.values.holdfast.notifications;
  EXPECT_THAT(notifications.on, ElementsAre(Occasion::kLate, Occasion::kFailure));
  EXPECT_EQ(notifications.webhook.url.reveal(), "https://hooks.example.com/services?token=1");
  EXPECT_THAT(notifications.webhook.headers,
              ElementsAre(Pair("Accept", Secret("*/*")), Pair("X-Token", Secret("abc"))));
  EXPECT_EQ(notifications.smtp.port, 25u);
  EXPECT_THAT(notifications.smtp.to, ElementsAre("ops@example.com"));
  EXPECT_NE(why("holdfast: {notifications: {webhook: {url: 'ftp://h'}}}"), "taken");
  EXPECT_EQ(why("holdfast: {notifications: {webhook: {headers: [a]}}}"), "no mapping is given");
  EXPECT_EQ(why("holdfast: {notifications: {webhook: {headers: {a: 1, a: 2}}}}"),
            "a name stands there twice");
  EXPECT_EQ(why("holdfast: {notifications: {webhook: {headers: {\"a\\nb\": 1}}}}"),
            "holds a control character");
  EXPECT_EQ(why("holdfast: {notifications: {smtp: {port: 0}}}"), "0 is out of range");
}

TEST(Keys, ServersAreReadPerStore) {
  const Loaded loaded = look(R"(
holdfast:
  victoria-metrics-1: {url: "http://vm-1:8428", dataPath: /data/vm, serverProgram: /opt/vm, maxBytesPerSecond: 50Mi, concurrency: 4}
  clickhouse: {url: "https://ch:8443", user: backup, maxChainLength: 5}
  elasticsearch: {repositoryType: fs, mode: slm, user: elastic, retentionSchedule: "0 0 2 * * ?"}
  stackgraph: {driver: gremlin, url: "wss://janus:8182/gremlin"}
  storage: {folder: /var/lib/holdfast, reserved: 1Gi}
  run: {listen: "[::]:9747", startingDeadline: 0, timeZone: UTC}
  verify: {schedule: ""}
  drill: {schedule: ""}
  catalog: {bucketName: catalog, prefix: own}
  gateway: {listen: "0.0.0.0:9000", url: "https://s3.example.com:9000", domain: s3.example.com, accessLog: off, limits: {workers: 8, headBytes: 64Ki, idleTimeout: 1m}}
)");
  EXPECT_THAT(loaded.problems, IsEmpty());
  const Holdfast& own = loaded.values.holdfast;
  EXPECT_EQ(own.victoria_metrics[1].url, "http://vm-1:8428");
  EXPECT_EQ(own.victoria_metrics[1].data_path, "/data/vm");
  EXPECT_EQ(own.victoria_metrics[1].server_program, "/opt/vm");
  EXPECT_EQ(own.victoria_metrics[1].max_bytes_per_second, 50u << 20);
  EXPECT_EQ(own.victoria_metrics[1].concurrency, 4u);
  EXPECT_EQ(own.victoria_metrics[0].concurrency, 8u);
  EXPECT_EQ(own.clickhouse.user, "backup");
  EXPECT_EQ(own.clickhouse.max_chain_length, 5u);
  EXPECT_EQ(own.elasticsearch.repository_type, RepositoryType::kFolder);
  EXPECT_EQ(own.elasticsearch.mode, SnapshotMode::kSlm);
  EXPECT_EQ(own.stackgraph.driver, StackGraphDriver::kGremlin);
  EXPECT_EQ(own.storage.folder, "/var/lib/holdfast");
  EXPECT_EQ(own.storage.reserved_bytes, 1u << 30);
  EXPECT_EQ(own.run.starting_deadline, 0s);
  EXPECT_EQ(own.run.time_zone, "UTC");
  EXPECT_EQ(own.verify_schedule, "");
  EXPECT_EQ(own.drill_schedule, "");
  EXPECT_EQ(own.catalog.bucket_name, "catalog");
  EXPECT_EQ(own.catalog.prefix, "own/");
  EXPECT_FALSE(own.gateway.access_log);
  EXPECT_EQ(own.gateway.limits.workers, 8u);
  EXPECT_EQ(own.gateway.limits.head_bytes, 64u << 10);
  EXPECT_EQ(own.gateway.limits.idle_timeout, 1min);
}

TEST(Keys, ValuesThatCannotServeAreRefused) {
  EXPECT_EQ(why("holdfast: {victoria-metrics-0: {dataPath: storage}}"), "not a path from the root");
  EXPECT_EQ(why("holdfast: {victoria-metrics-0: {url: 'localhost:8428'}}"),
            "does not begin with http:// or https://");
  EXPECT_EQ(why("holdfast: {victoria-metrics-0: {url: ''}}"),
            "does not begin with http:// or https://");
  EXPECT_EQ(why("holdfast: {victoria-metrics-0: {concurrency: 0}}"), "0 is out of range");
  EXPECT_EQ(why("holdfast: {victoria-metrics-0: {serverProgram: ''}}"), "an empty name");
  EXPECT_EQ(why("holdfast: {storage: {folder: ''}}"), "an empty path");
  EXPECT_EQ(why("holdfast: {catalog: {prefix: '/'}}"), "an empty prefix");
  EXPECT_EQ(why("holdfast: {gateway: {domain: 'a b'}}"), "the host's name holds another character");
  EXPECT_EQ(why("holdfast: {elasticsearch: {mode: ilm}}"), "not one of the words that are known");
  EXPECT_EQ(why("backup: {stackGraph: {scheduled: {backupNameTemplate: '$(rm -rf /)'}}}"),
            "holds something else than letters, digits, - _ . and $(date +FORMAT)");
  EXPECT_EQ(why("backup: {stackGraph: {scheduled: {backupNameParseRegexp: ''}}}"), "an empty name");
  EXPECT_EQ(why("minio: {s3gateway: {serviceEndpoint: s3.example.com}}"),
            "does not begin with http:// or https://");
  EXPECT_EQ(why("clickhouse: {backup: {s3Prefix: /abs}}"),
            "begins with a slash or has two in a row");
}

TEST(Keys, TheUpstreamsRegionAndAddressing) {
  const auto upstream = [](const char* text) { return look(text).values.minio.s3; };
  EXPECT_EQ(upstream("backup: {storage: {backend: {s3: {region: ''}}}}").region, "");
  EXPECT_EQ(upstream("backup: {storage: {backend: {s3: {region: eu-west-1}}}}").region,
            "eu-west-1");
  EXPECT_EQ(why("backup: {storage: {backend: {s3: {region: 'eu west'}}}}"),
            "holds another character than a-z 0-9 -");
  EXPECT_EQ(upstream("{}").addressing, Addressing::kAutomatic);
  const S3Upstream given =
      upstream("holdfast: {storage: {s3: {addressing: host, caFile: /etc/own.pem}}}");
  EXPECT_EQ(given.addressing, Addressing::kHost);
  EXPECT_EQ(given.ca_file, "/etc/own.pem");
}

}  // namespace
}  // namespace holdfast::config
