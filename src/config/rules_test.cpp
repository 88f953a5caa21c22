// Settings that do not fit together, and settings that are hardly meant.
#include "config/rules.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::config {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

const Environment kCluster{{"KUBERNETES_SERVICE_HOST", "10.0.0.1"}};

Loaded look(std::string_view yaml, const Environment& environment = Environment()) {
  return examine(yaml, "values.yaml", environment);
}
std::vector<std::string> paths_of(const std::vector<Problem>& problems) {
  std::vector<std::string> paths;
  for (const Problem& problem : problems) paths.push_back(problem.path);
  return paths;
}
std::vector<std::string> errors_of(std::string_view yaml,
                                   const Environment& environment = Environment()) {
  return paths_of(look(yaml, environment).problems);
}
// Without those about the default pair, which nearly every short text here has.
std::vector<std::string> warnings_of(std::string_view yaml) {
  std::vector<std::string> paths;
  for (const Problem& warning : look(yaml).warnings) {
    if (warning.path != "minio.accessKey" && warning.path != "minio.secretKey") {
      paths.push_back(warning.path);
    }
  }
  return paths;
}
std::string pair_of(const std::string& access, const std::string& secret) {
  return fmt::format("minio: {{accessKey: {}, secretKey: {}}}", access, secret);
}

TEST(Rules, TheRootPairHasMinioLimits) {
  EXPECT_THAT(errors_of(pair_of("abcde", "abcdefgh")), IsEmpty());
  EXPECT_THAT(errors_of(pair_of(std::string(20, 'a'), std::string(40, 'Z'))), IsEmpty());
  EXPECT_THAT(errors_of(pair_of("12345", "12345678")), IsEmpty()) << "digits are a text";
  EXPECT_THAT(errors_of(pair_of("abcd", "abcdefgh")), ElementsAre("minio.accessKey"));
  EXPECT_THAT(errors_of(pair_of(std::string(21, 'a'), "abcdefgh")), ElementsAre("minio.accessKey"));
  EXPECT_THAT(errors_of(pair_of("abcde", "abcdefg")), ElementsAre("minio.secretKey"));
  EXPECT_THAT(errors_of(pair_of("abcde", std::string(41, 'a'))), ElementsAre("minio.secretKey"));
  EXPECT_THAT(errors_of(pair_of("abc-de", "abcd_efgh")),
              ElementsAre("minio.accessKey", "minio.secretKey"));
  const Problem problem = look("minio:\n  secretKey: abc\n").problems.at(0);
  EXPECT_EQ(problem.line, 2);
  EXPECT_EQ(problem.why, "3 characters");
  EXPECT_EQ(problem.allowed, "8 to 40 letters and digits");
}

TEST(Rules, WithAzureThePairIsAnAccount) {
  const std::string account =
      "minio: {accessKey: a_b, secretKey: 'x+/=', azuregateway: {enabled: %}}";
  const auto with = [&](const std::string& enabled) {
    std::string yaml = account;
    return yaml.replace(yaml.find('%'), 1, enabled);
  };
  EXPECT_THAT(errors_of(with("true")), IsEmpty());
  EXPECT_THAT(errors_of(with("false")), ElementsAre("minio.accessKey", "minio.secretKey"));
}

TEST(Rules, TheNewerSpellingHasWiderLimits) {
  const auto pair = [](const std::string& access, const std::string& secret) {
    return fmt::format("s3proxy: {{credentials: {{accessKey: {}, secretKey: {}}}}}", access,
                       secret);
  };
  EXPECT_THAT(errors_of(pair("default-for-settings-only", "default-secret-for-settings-only")),
              IsEmpty());
  EXPECT_THAT(errors_of(pair("abc", "short")),
              ElementsAre("s3proxy.credentials.accessKey", "s3proxy.credentials.secretKey"));
  EXPECT_THAT(errors_of(pair("'with blank'", "abcdefgh")),
              ElementsAre("s3proxy.credentials.accessKey"));
}

TEST(Rules, TwoStorageKindsAtOnceAreRefused) {
  const Loaded loaded = look(R"(
minio:
  persistence: {enabled: true}
  s3gateway: {enabled: true}
)");
  ASSERT_THAT(paths_of(loaded.problems), ElementsAre("minio.s3gateway.enabled"));
  EXPECT_EQ(loaded.problems[0].line, 4);
  EXPECT_THAT(loaded.problems[0].why, HasSubstr("minio.persistence.enabled in line 3"));
  EXPECT_THAT(errors_of("minio: {s3gateway: {enabled: true}, azuregateway: {enabled: true}}"),
              ElementsAre("minio.azuregateway.enabled"));
  EXPECT_THAT(errors_of("{minio: {persistence: {enabled: true}}, "
                        "backup: {storage: {backend: {s3: {enabled: true}}}}}"),
              ElementsAre("backup.storage.backend.s3.enabled"));
  EXPECT_THAT(errors_of("minio: {persistence: {enabled: true}, s3gateway: {enabled: true}, "
                        "azuregateway: {enabled: true}}"),
              SizeIs(2));
}

TEST(Rules, NoStorageKindMeansTheFolderOutsideKubernetes) {
  const Loaded loaded = look("backup: {enabled: true}");
  EXPECT_THAT(loaded.problems, IsEmpty());
  EXPECT_EQ(loaded.values.minio.storage_kind, StorageKind::kFolder);
  EXPECT_THAT(errors_of("backup: {enabled: true}", kCluster), ElementsAre("backup.enabled"));
  EXPECT_THAT(errors_of("backup: {enabled: false}", kCluster), IsEmpty());
  EXPECT_THAT(
      errors_of("{backup: {enabled: true}, minio: {persistence: {enabled: true}}}", kCluster),
      IsEmpty());
}

TEST(Rules, AnUpstreamPairIsWholeOrAbsent) {
  EXPECT_THAT(errors_of("minio: {s3gateway: {enabled: true}}"), IsEmpty()) << "the machine's role";
  EXPECT_THAT(errors_of("minio: {s3gateway: {enabled: true, accessKey: a}}"),
              ElementsAre("minio.s3gateway.secretKey"));
  EXPECT_THAT(errors_of("minio: {s3gateway: {enabled: true, secretKey: a}}"),
              ElementsAre("minio.s3gateway.accessKey"));
  EXPECT_THAT(errors_of("minio: {s3gateway: {enabled: false, secretKey: a}}"), IsEmpty());
}

TEST(Rules, AnAccountNeedsItsName) {
  EXPECT_THAT(errors_of("minio: {accessKey: '', secretKey: QUJD, azuregateway: {enabled: true}}"),
              ElementsAre("minio.accessKey"));
}

TEST(Rules, EncryptionKeysAreKeysAndDiffer) {
  const std::string good(64, 'a'), upper(64, 'A');
  auto errors = [](const std::string& keys) {
    return errors_of("holdfast: {storage: {encryption: {keys: [" + keys + "]}}}");
  };
  auto key = [](const std::string& digits) { return "{key: \"" + digits + "\"}"; };
  EXPECT_THAT(errors(key(good)), IsEmpty());
  EXPECT_THAT(errors(key(good) + ", " + key(std::string(64, '1'))), IsEmpty());
  const std::string first = "holdfast.storage.encryption.keys[0].key";
  EXPECT_THAT(errors(key(good + "a")), ElementsAre(first));
  EXPECT_THAT(errors(key(std::string(64, 'g'))), ElementsAre(first));
  EXPECT_THAT(errors(key("")), ElementsAre(first));
  EXPECT_THAT(errors(key(good) + ", " + key(upper)),
              ElementsAre("holdfast.storage.encryption.keys[1].key"));
}

TEST(Rules, BucketNamesMustSuitTheStorage) {
  const std::string name = "backup: {stackGraph: {bucketName: %s}}\nminio: {%s}\n";
  const auto with = [](const std::string& bucket, const std::string& kind) {
    return fmt::format(
        "{{backup: {{stackGraph: {{bucketName: {}}}}}, minio: {{{}: {{enabled: true}}}}}}", bucket,
        kind);
  };
  EXPECT_THAT(errors_of(with("AWS_BUCKET", "s3gateway")), IsEmpty());
  EXPECT_THAT(errors_of(with("AWS_BUCKET", "persistence")),
              ElementsAre("backup.stackGraph.bucketName"));
  EXPECT_THAT(errors_of(with("a.bucket", "persistence")), IsEmpty());
  EXPECT_THAT(errors_of(with("a.bucket", "azuregateway")),
              ElementsAre("backup.stackGraph.bucketName"));
  EXPECT_THAT(errors_of(with("a--bucket", "azuregateway")),
              ElementsAre("backup.stackGraph.bucketName"));
  EXPECT_THAT(errors_of(with("a-bucket", "azuregateway")), IsEmpty());
}

TEST(Rules, TheLeastCountIsNotOverTheMost) {
  EXPECT_THAT(errors_of("backup: {elasticsearch: {scheduled: {snapshotRetentionMinCount: 31}}}"),
              ElementsAre("backup.elasticsearch.scheduled.snapshotRetentionMinCount"));
  EXPECT_THAT(errors_of("backup: {elasticsearch: {scheduled: {snapshotRetentionMaxCount: 4}}}"),
              ElementsAre("backup.elasticsearch.scheduled.snapshotRetentionMaxCount"));
  EXPECT_THAT(errors_of("backup: {elasticsearch: {scheduled: {snapshotRetentionMaxCount: 5}}}"),
              IsEmpty());
}

TEST(Rules, TwoInstancesNeedTwoFolders) {
  const std::string same = R"(
victoria-metrics-0: {backup: {enabled: true, s3Prefix: metrics}}
victoria-metrics-1: {backup: {enabled: %, s3Prefix: metrics/}}
)";
  const auto with = [&](const std::string& enabled) {
    std::string yaml = same;
    return yaml.replace(yaml.find('%'), 1, enabled);
  };
  EXPECT_THAT(errors_of(with("true")), ElementsAre("victoria-metrics-1.backup.s3Prefix"));
  EXPECT_THAT(errors_of(with("false")), IsEmpty());
  EXPECT_THAT(errors_of("victoria-metrics-0: {backup: {s3Prefix: ''}}"),
              ElementsAre("victoria-metrics-0.backup.s3Prefix"));
}

TEST(Rules, OneInstancesPrefixMustNotBeginTheOthers) {
  for (const char* other : {"metrics-b", "metrics/b"}) {
    EXPECT_THAT(errors_of(fmt::format(R"(
victoria-metrics-0: {{backup: {{enabled: true, s3Prefix: metrics}}}}
victoria-metrics-1: {{backup: {{enabled: true, s3Prefix: {}}}}}
)",
                                      other)),
                ElementsAre("victoria-metrics-1.backup.s3Prefix"));
  }
  EXPECT_THAT(errors_of(R"(
victoria-metrics-0: {backup: {enabled: true, s3Prefix: metrics}}
victoria-metrics-1: {backup: {enabled: true, s3Prefix: metrics2}}
)"),
              IsEmpty());
}

TEST(Rules, DataAndBackupsMustNotLieInEachOther) {
  const auto with = [](const std::string& folder, const std::string& data) {
    return errors_of(fmt::format(R"(
victoria-metrics-0: {{backup: {{enabled: true}}}}
holdfast: {{storage: {{folder: {}}}, victoria-metrics-0: {{dataPath: {}}}}}
)",
                                 folder, data));
  };
  EXPECT_THAT(with("/data/vm/backups", "/data/vm"),
              ElementsAre("holdfast.victoria-metrics-0.dataPath"));
  EXPECT_THAT(with("/data", "/data/vm"), ElementsAre("holdfast.victoria-metrics-0.dataPath"));
  EXPECT_THAT(with("/data/vm/", "/data//vm"), ElementsAre("holdfast.victoria-metrics-0.dataPath"));
  EXPECT_THAT(with("/data/vm-backups", "/data/vm"), IsEmpty());
}

TEST(Rules, TheGatewaysCertificateNeedsItsKey) {
  EXPECT_THAT(errors_of("holdfast: {gateway: {tls: {certFile: /c}}}"),
              ElementsAre("holdfast.gateway.tls.certFile"));
  EXPECT_THAT(errors_of("holdfast: {gateway: {tls: {keyFile: /k}}}"),
              ElementsAre("holdfast.gateway.tls.keyFile"));
  EXPECT_THAT(errors_of("holdfast: {gateway: {tls: {certFile: /c, keyFile: /k}}}"), IsEmpty());
}

TEST(Rules, FurtherPairsAreReadAndChecked) {
  const Loaded loaded = look(R"(
minio: {accessKey: rootkey, secretKey: rootsecret}
holdfast:
  gateway:
    keys:
      - {accessKey: sidecar-0, secretKey: a-secret-of-its-own, bucket: sts-victoria-metrics-backup, prefix: victoria-metrics-0, allow: [read, list, writeNew, overwrite]}
      - {accessKey: retention, secretKey: another-secret, allow: [read, list, delete]}
)");
  EXPECT_THAT(paths_of(loaded.problems), IsEmpty());
  const std::vector<GatewayKey>& keys = loaded.values.holdfast.gateway.keys;
  ASSERT_THAT(keys, SizeIs(2));
  EXPECT_EQ(keys[0].access_key, "sidecar-0");
  EXPECT_EQ(keys[0].secret_key.reveal(), "a-secret-of-its-own");
  EXPECT_EQ(keys[0].bucket, "sts-victoria-metrics-backup");
  EXPECT_EQ(keys[0].prefix, "victoria-metrics-0");
  EXPECT_THAT(keys[0].allow, ElementsAre(Permission::kRead, Permission::kList,
                                         Permission::kWriteNew, Permission::kOverwrite));
  EXPECT_EQ(keys[1].bucket, "");
  EXPECT_THAT(keys[1].allow,
              ElementsAre(Permission::kRead, Permission::kList, Permission::kDelete));
}

TEST(Rules, FurtherPairsThatCannotServeAreRefused) {
  const auto keys = [](const std::string& list) {
    return errors_of("{minio: {accessKey: rootkey}, holdfast: {gateway: {keys: " + list + "}}}");
  };
  EXPECT_THAT(keys("{accessKey: abcde}"), ElementsAre("holdfast.gateway.keys"));
  EXPECT_THAT(keys("[text]"), ElementsAre("holdfast.gateway.keys[0]", "holdfast.gateway.keys[0]"));
  EXPECT_THAT(keys("[{accessKey: abcde}]"), ElementsAre("holdfast.gateway.keys[0]"));
  EXPECT_THAT(keys("[{accessKey: abcd, secretKey: abcdefgh}]"),
              Contains("holdfast.gateway.keys[0].accessKey"));
  EXPECT_THAT(keys("[{accessKey: abcde, secretKey: short}]"),
              ElementsAre("holdfast.gateway.keys[0].secretKey"));
  EXPECT_THAT(keys("[{accessKey: rootkey, secretKey: abcdefgh}]"),
              ElementsAre("holdfast.gateway.keys[0].accessKey"));
  EXPECT_THAT(
      keys("[{accessKey: abcde, secretKey: abcdefgh}, {accessKey: abcde, secretKey: abcdefgh}]"),
      ElementsAre("holdfast.gateway.keys[1].accessKey"));
  EXPECT_THAT(keys("[{accessKey: abcde, secretKey: abcdefgh, allow: []}]"),
              ElementsAre("holdfast.gateway.keys[0].allow"));
  EXPECT_THAT(keys("[{accessKey: abcde, secretKey: abcdefgh, allow: [write]}]"),
              ElementsAre("holdfast.gateway.keys[0].allow"));
  EXPECT_THAT(keys("[{accessKey: abcde, secretKey: abcdefgh, buckets: x}]"),
              ElementsAre("holdfast.gateway.keys[0].buckets"));
  EXPECT_THAT(keys("[{accessKey: 'a/b/c/d', secretKey: abcdefgh}]"),
              Contains("holdfast.gateway.keys[0].accessKey"));
  std::string many = "[";
  for (int i = 0; i < 257; ++i) many += "{},";
  EXPECT_THAT(keys(many + "]"), ElementsAre("holdfast.gateway.keys"));
}

TEST(Rules, APairsProblemHasItsLine) {
  const Loaded loaded = look(
      "holdfast:\n  gateway:\n    keys:\n      - accessKey: first-pair\n"
      "        secretKey: of-some-length\n      - accessKey: second-pair\n");
  ASSERT_THAT(paths_of(loaded.problems), ElementsAre("holdfast.gateway.keys[1]"));
  EXPECT_EQ(loaded.problems[0].line, 6);
}

TEST(Rules, ProblemsOfManyPairsAreCut) {
  std::string many = "holdfast: {gateway: {keys: [";
  for (int i = 0; i < 256; ++i) many += "{},";
  EXPECT_THAT(look(many + "]}}").problems, SizeIs(100));
}

TEST(Rules, TheGatewaysAddressFollowsWhereItListens) {
  const auto url = [](const std::string& gateway) {
    return look("holdfast: {gateway: {" + gateway + "}}").values.holdfast.gateway.url;
  };
  EXPECT_EQ(url(""), "http://127.0.0.1:9000");
  EXPECT_EQ(url("listen: '127.0.0.1:9100'"), "http://127.0.0.1:9100");
  EXPECT_EQ(url("listen: '0.0.0.0:9100'"), "http://127.0.0.1:9100");
  EXPECT_EQ(url("listen: ':9100'"), "http://127.0.0.1:9100");
  EXPECT_EQ(url("listen: '[::]:9100'"), "http://127.0.0.1:9100");
  EXPECT_EQ(url("listen: '[::1]:9100'"), "http://[::1]:9100");
  EXPECT_EQ(url("listen: '127.0.0.1:0'"), "http://127.0.0.1:9000") << "not known yet";
  EXPECT_EQ(url("listen: ':9100', url: 'http://gw:80'"), "http://gw:80");
  EXPECT_EQ(url("tls: {certFile: /c, keyFile: /k}"), "https://127.0.0.1:9000");
}

TEST(Rules, TheCatalogsBucketMustSuitTheStorageToo) {
  EXPECT_THAT(errors_of("holdfast: {catalog: {bucketName: UPPER}}"),
              ElementsAre("holdfast.catalog.bucketName"));
  EXPECT_THAT(errors_of("{holdfast: {catalog: {bucketName: UPPER}}, minio: {s3gateway: {enabled: "
                        "true}}}"),
              IsEmpty());
  EXPECT_THAT(errors_of("holdfast: {catalog: {bucketName: a/b}}"),
              ElementsAre("holdfast.catalog.bucketName"));
}

TEST(Rules, AGraphForDrillsIsNotTheLiveOne) {
  const auto errors = [](const std::string& url, const std::string& drill) {
    return errors_of(
        fmt::format("holdfast: {{stackgraph: {{url: '{}', drillUrl: '{}'}}}}", url, drill));
  };
  const std::vector<std::pair<std::string, std::string>> same = {
      {"ws://graph:8182/gremlin", "ws://graph:8182/gremlin"},
      {"ws://graph:8182/gremlin", "ws://GRAPH:8182/gremlin/"},
      {"ws://graph/gremlin", "WS://graph:80/gremlin"},
      {"wss://graph:443", "wss://graph/"}};
  for (const auto& [url, drill] : same) {
    EXPECT_THAT(errors(url, drill), ElementsAre("holdfast.stackgraph.drillUrl")) << drill;
  }
  const std::vector<std::pair<std::string, std::string>> others = {
      {"ws://graph:8182/gremlin", "ws://graph:8183/gremlin"},
      {"ws://graph:8182/gremlin", "ws://graph:8182/Gremlin"},
      {"wss://graph:80/gremlin", "wss://graph/gremlin"}};
  for (const auto& [url, drill] : others) EXPECT_THAT(errors(url, drill), IsEmpty()) << drill;
}

TEST(Rules, CommandsNameTheFileAndMailsHaveAddresses) {
  EXPECT_THAT(errors_of("holdfast: {stackgraph: {exportCommand: [dump]}}"),
              ElementsAre("holdfast.stackgraph.exportCommand"));
  EXPECT_THAT(errors_of("holdfast: {stackgraph: {exportCommand: [dump, '--to={file}']}}"),
              IsEmpty());
  EXPECT_THAT(errors_of("holdfast: {stackgraph: {driver: gremlin, exportCommand: []}}"), IsEmpty());
  EXPECT_THAT(errors_of("holdfast: {stackgraph: {exportCommand: [dump, '{pipe}']}}"), IsEmpty());
  EXPECT_THAT(errors_of("holdfast: {stackgraph: {exportCommand: ['{file}', '{pipe}']}}"),
              ElementsAre("holdfast.stackgraph.exportCommand"));
  EXPECT_THAT(errors_of("holdfast: {configuration: {exportCommand: [dump, '{pipe}']}}"),
              ElementsAre("holdfast.configuration.exportCommand"));
  EXPECT_THAT(errors_of("holdfast: {notifications: {smtp: {host: mail, from: a@b}}}"),
              ElementsAre("holdfast.notifications.smtp.host"));
  EXPECT_THAT(errors_of("holdfast: {notifications: {smtp: {host: mail, from: a@b, to: c@d}}}"),
              IsEmpty());
  EXPECT_THAT(errors_of("holdfast: {notifications: {smtp: {host: mail, from: ann, to: c@d}}}"),
              ElementsAre("holdfast.notifications.smtp.from"));
  EXPECT_THAT(
      errors_of("holdfast: {notifications: {smtp: {host: mail, from: a@b, to: [c@d, 'x <e@f>']}}}"),
      ElementsAre("holdfast.notifications.smtp.to"));
}

TEST(Rules, AWebhooksTemplateMakesJson) {
  const std::string path = "holdfast.notifications.webhook.template";
  const std::string before = "holdfast: {notifications: {webhook: {template: ";
  EXPECT_THAT(errors_of(before + "'{\"text\": \"{message}\"}'}}}"), IsEmpty());
  EXPECT_THAT(errors_of(before + "'{\"text\": \"{mesage}\"}'}}}"), ElementsAre(path));
  EXPECT_THAT(errors_of(before + "'{message}'}}}"), ElementsAre(path));
  EXPECT_THAT(errors_of("holdfast:\n  notifications:\n    webhook:\n      template: |\n"
                        "        {\n          \"text\": \"{message}\"\n        }\n"),
              IsEmpty());
}

TEST(Warnings, OfDefaultBucketNamesOnAws) {
  const std::string yaml = R"(
backup: {enabled: true, elasticsearch: {bucketName: acme}, configuration: {enabled: false}}
victoria-metrics-1: {backup: {enabled: true}}
clickhouse: {backup: {enabled: true, bucketName: acme-clickhouse}}
minio: {s3gateway: {enabled: %}}
)";
  const auto with = [&](const std::string& enabled) {
    std::string text = yaml;
    return text.replace(text.find('%'), 1, enabled);
  };
  EXPECT_THAT(warnings_of(with("true")),
              ElementsAre("backup.stackGraph.bucketName", "victoria-metrics-1.backup.bucketName"));
  EXPECT_THAT(warnings_of(with("false")), IsEmpty());
}

TEST(Warnings, OfStoresThatAreOnWhileTheMasterSwitchIsOff) {
  const std::string stores = R"(
backup: {enabled: %, stackGraph: {scheduled: {enabled: true}}, elasticsearch: {enabled: false}}
victoria-metrics-0: {enabled: true, backup: {enabled: true}}
clickhouse: {restore: {enabled: true}}
)";
  const auto with = [&](const std::string& enabled) {
    std::string yaml = stores;
    return yaml.replace(yaml.find('%'), 1, enabled);
  };
  EXPECT_THAT(warnings_of(with("false")),
              ElementsAre("backup.stackGraph.scheduled.enabled",
                          "victoria-metrics-0.backup.enabled", "clickhouse.restore.enabled"));
  EXPECT_THAT(warnings_of(with("true")), IsEmpty());
  EXPECT_THAT(warnings_of(""), IsEmpty()) << "defaults are nobody's wish";
}

TEST(Warnings, OfCredentialsThatAreStillSetme) {
  EXPECT_THAT(paths_of(look("").warnings), ElementsAre("minio.accessKey", "minio.secretKey"));
  EXPECT_THAT(paths_of(look("minio: {accessKey: setme, secretKey: goodsecret}").warnings),
              ElementsAre("minio.accessKey"));
  EXPECT_THAT(look(pair_of("goodkey", "goodsecret")).warnings, IsEmpty());
  EXPECT_THAT(warnings_of("holdfast: {clickhouse: {password: setme}}"),
              ElementsAre("holdfast.clickhouse.password"));
  EXPECT_THAT(look("").warnings[0].advice, HasSubstr("HOLDFAST_MINIO_ACCESSKEY"));
  const Loaded bucket = look("clickhouse: {backup: {bucketName: setme}}");
  ASSERT_THAT(paths_of(bucket.warnings), Contains("clickhouse.backup.bucketName"));
  EXPECT_EQ(bucket.warnings[0].advice, "set it") << "a bucket has no variable";
}

TEST(Warnings, OfAnAccountThatIsStillSetmeOnce) {
  EXPECT_THAT(paths_of(look("minio: {azuregateway: {enabled: true}}").warnings),
              ElementsAre("minio.accessKey", "minio.secretKey"));
}

TEST(Warnings, OfWhatTheNewerChartWouldBackUp) {
  EXPECT_THAT(
      warnings_of("{global: {backup: {enabled: true}}, clickhouse: {backup: {enabled: false}}}"),
      ElementsAre("victoria-metrics-0.backup.enabled", "victoria-metrics-1.backup.enabled"));
  EXPECT_THAT(warnings_of("backup: {enabled: true}"), IsEmpty());
}

TEST(Warnings, OfStoresInOneFolder) {
  EXPECT_THAT(
      warnings_of("backup: {stackGraph: {bucketName: one}, elasticsearch: {bucketName: one}}"),
      ElementsAre("backup.elasticsearch.bucketName"));
  EXPECT_THAT(warnings_of("backup: {stackGraph: {bucketName: one, s3Prefix: sg}, "
                          "elasticsearch: {bucketName: one, s3Prefix: es}}"),
              IsEmpty());
  EXPECT_THAT(warnings_of("backup: {stackGraph: {bucketName: one, s3Prefix: sg}, "
                          "elasticsearch: {bucketName: one, s3Prefix: sg/es}}"),
              SizeIs(1));
  EXPECT_THAT(warnings_of("{victoria-metrics-0: {backup: {enabled: true}}, "
                          "victoria-metrics-1: {backup: {enabled: true}}}"),
              Not(Contains(HasSubstr("bucketName"))))
      << "both instances share a bucket as documented";
}

TEST(Warnings, OfAnAccountKeyThatIsNone) {
  EXPECT_THAT(
      look("minio: {accessKey: acme, secretKey: 'no key', azuregateway: {enabled: true}}").warnings,
      Contains(testing::Field(&Problem::path, "minio.secretKey")));
  EXPECT_THAT(warnings_of("backup: {storage: {backend: {azure: {enabled: true, accountName: a, "
                          "accountKey: 'no key'}}}}"),
              ElementsAre("backup.storage.backend.azure.accountKey"));
}

}  // namespace
}  // namespace holdfast::config
