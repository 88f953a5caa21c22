#include "config/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "config/key.h"

namespace holdfast::config {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

Loaded look(std::string_view yaml, const Environment& environment = Environment()) {
  return examine(yaml, "values.yaml", environment);
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
    text.replace(at, from.size(), to);
    at += to.size();
  }
  return text;
}

TEST(Report, ShowHidesEverySecret) {
  const Loaded loaded = look(R"(
minio: {accessKey: hiddenkey, secretKey: hiddensecret, s3gateway: {enabled: true, accessKey: hiddenupstream, secretKey: hiddenupstream}}
backup: {storage: {backend: {azure: {accountName: hiddenaccount, accountKey: hiddenaccount}}}}
holdfast:
  gateway: {keys: [{accessKey: pair-0, secretKey: hiddenpair}, {accessKey: pair-1, secretKey: hiddenpair}]}
  run: {token: hiddentoken}
  notifications: {webhook: {url: "https://hooks.example.com/hidden", headers: {Authorization: Bearer hidden}}, smtp: {password: hiddenmail}}
  victoria-metrics-0: {snapshotAuthKey: hiddenauth}
  victoria-metrics-1: {snapshotAuthKey: hiddenauth}
  clickhouse: {password: hiddenclick}
  elasticsearch: {password: hiddenelastic}
)");
  EXPECT_THAT(loaded.problems, IsEmpty());
  EXPECT_EQ(loaded.values.holdfast.clickhouse.password.reveal(), "hiddenclick");
  for (const std::string& text :
       {show_yaml(loaded), show_json(loaded), check_text(loaded), check_json(loaded)}) {
    EXPECT_THAT(text, Not(HasSubstr("hidden")));
  }
  EXPECT_THAT(show_yaml(loaded), HasSubstr("password: \"***\""));
  EXPECT_THAT(show_yaml(loaded), HasSubstr("{\"Authorization\": \"***\"}"));
  EXPECT_THAT(show_yaml(loaded), HasSubstr("{\"accessKey\": \"pair-0\", \"secretKey\": \"***\""));
}

TEST(Report, EveryKeyOfATypeThatHoldsSecretsIsMarked) {
  for (const Key& key : all_keys()) {
    const bool sounds_secret = key.path.ends_with("secretKey") || key.path.ends_with("password") ||
                               key.path.ends_with("token") || key.path.ends_with("AuthKey") ||
                               key.path.ends_with("accountKey");
    EXPECT_TRUE(key.credential || !sounds_secret) << key.path;
  }
}

TEST(Report, AnEmptySecretIsShownAsEmpty) {
  EXPECT_THAT(show_yaml(look("")), HasSubstr("token: \"\"\n"));
}

TEST(Report, ShownValuesAreReadBackAsTheyWere) {
  const Loaded loaded = look(R"(
backup: {enabled: true, stackGraph: {bucketName: "acme", splitArchiveSize: 5M, s3Prefix: a/b/}}
clickhouse: {backup: {enabled: true, config: {tables: "otel.*,logs.t?"}}}
holdfast:
  hooks: {clickhouse: {beforeRestore: {command: [sh, -c, "echo \"x\" \\ # no comment"], timeout: 90s, onError: continue}}}
  notifications: {"on": [late]}
  elasticsearch: {maxBytesPerSecond: 10Mi, mode: own}
)");
  ASSERT_THAT(loaded.problems, IsEmpty());
  std::string shown = show_yaml(loaded);
  shown = replaced(shown, "accessKey: \"***\"", "accessKey: setme");
  shown = replaced(shown, "secretKey: \"***\"", "secretKey: setme");
  const Loaded again = look(shown);
  EXPECT_THAT(again.problems, IsEmpty()) << check_text(again);
  EXPECT_EQ(show_json(again), show_json(loaded));
  EXPECT_EQ(again.values.holdfast.hooks[3].before_restore.command[2], "echo \"x\" \\ # no comment");
  EXPECT_EQ(again.values.stackgraph.split_archive_bytes, 5u << 20);
}

TEST(Report, ShowTellsWhereValuesComeFrom) {
  const Loaded loaded =
      look("global:\n  backup:\n    enabled: true\nclickhouse:\n  backup:\n    enabled: true\n",
           Environment{{"HOLDFAST_CLICKHOUSE_PASSWORD", "x"}});
  const std::string shown = show_yaml(loaded);
  EXPECT_THAT(shown, HasSubstr("  enabled: true  # line 3 as global.backup.enabled\n"));
  EXPECT_THAT(shown, HasSubstr("    enabled: true  # line 6\n"));
  EXPECT_THAT(shown, HasSubstr("password: \"***\"  # from HOLDFAST_CLICKHOUSE_PASSWORD\n"));
  EXPECT_THAT(shown, HasSubstr("# from backup.stackGraph.bucketName\n"));
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "token";
  write_file_durably(path, "file-token");
  EXPECT_THAT(show_yaml(look("holdfast: {run: {tokenFile: " + path.string() + "}}")),
              HasSubstr("token: \"***\"  # from the file that holdfast.run.tokenFile names\n"));
}

TEST(Report, OnlyHooksThatAreGivenAreShown) {
  EXPECT_THAT(show_yaml(look("")), Not(HasSubstr("hooks")));
  const std::string shown =
      show_yaml(look("holdfast: {hooks: {clickhouse: {afterBackup: {command: [true]}}}}"));
  EXPECT_THAT(shown, HasSubstr("  hooks:\n    clickhouse:\n      afterBackup:\n        command: "));
  EXPECT_THAT(shown, Not(HasSubstr("beforeBackup")));
  EXPECT_FALSE(nlohmann::json::parse(show_json(look("")))["holdfast"].contains("hooks"));
}

TEST(Report, EverySectionIsInOnePiece) {
  const std::string shown = show_yaml(look(""));
  EXPECT_NO_THROW(parse_document(shown));
  EXPECT_THAT(look(shown).problems, testing::Each(testing::Field(&Problem::why, "3 characters")))
      << "only the hidden pair is too short";
}

TEST(Report, JsonIsTheSameTree) {
  const auto json = nlohmann::json::parse(show_json(look("backup: {enabled: true}")));
  EXPECT_EQ(json["backup"]["enabled"], true);
  EXPECT_EQ(json["backup"]["elasticsearch"]["scheduled"]["indices"][0], "sts*");
  EXPECT_EQ(json["clickhouse"]["backup"]["config"]["keep_remote"], 308);
  EXPECT_EQ(json["holdfast"]["run"]["startingDeadline"], "1h");
  EXPECT_EQ(json["holdfast"]["gateway"]["keys"], nlohmann::json::array());
  EXPECT_EQ(json["holdfast"]["catalog"]["bucketName"], "sts-stackgraph-backup");
  EXPECT_FALSE(json["backup"].contains("additionalLogging")) << "not used";
}

TEST(Report, CheckTellsEverythingInALineEach) {
  const Loaded loaded = look("backup:\n  enabled: maybe\n  bogus: 1\nbakcup: {}\n");
  const std::string text = check_text(loaded);
  EXPECT_THAT(text, HasSubstr("error: values.yaml:2: backup.enabled: neither true nor false; "
                              "allowed: true or false\n"));
  EXPECT_THAT(text,
              HasSubstr("error: values.yaml:3: backup.bogus: not a key that is known; nearest "
                        "known key: backup."));
  EXPECT_THAT(text, HasSubstr("warning: values.yaml:4: bakcup: not a key of holdfast, but nearly; "
                              "nearest known key: backup; "));
  EXPECT_THAT(text, HasSubstr("values.yaml: 2 errors, 3 warnings\n"));
  EXPECT_EQ(check_status(loaded), 2);
}

TEST(Report, CheckOfAGoodFileIsOneLine) {
  const Loaded loaded = look("minio: {accessKey: goodkey, secretKey: goodsecret}");
  EXPECT_EQ(check_text(loaded), "values.yaml: 0 errors, 0 warnings\n");
  EXPECT_EQ(check_status(loaded), 0);
  const auto json = nlohmann::json::parse(check_json(loaded));
  EXPECT_EQ(json["ok"], true);
  EXPECT_THAT(json["problems"], IsEmpty());
}

TEST(Report, CheckAsJsonHasThePartsOfAProblem) {
  const auto json = nlohmann::json::parse(check_json(look("backup: {enabld: true}")));
  EXPECT_EQ(json["ok"], false);
  EXPECT_EQ(json["source"], "values.yaml");
  const auto& problem = json["problems"][0];
  EXPECT_EQ(problem["path"], "backup.enabld");
  EXPECT_EQ(problem["line"], 1);
  EXPECT_EQ(problem["column"], 10);
  EXPECT_EQ(problem["nearest"], "backup.enabled");
  EXPECT_EQ(json["warnings"].size(), 2u);
}

TEST(Report, BytesThatAreNoTextDoNotBreakJson) {
  const Loaded loaded = look("backup: {\"\xff\xfe\": 1}");
  EXPECT_TRUE(nlohmann::json::accept(check_json(loaded)));
}

}  // namespace
}  // namespace holdfast::config
