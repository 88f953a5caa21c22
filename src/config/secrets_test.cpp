// Where secrets may come from: values, the environment, files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>
#include <sys/stat.h>

#include "config/key.h"
#include "config/load.h"

namespace holdfast::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Loaded look(std::string_view yaml, const Environment& environment = Environment()) {
  return examine(yaml, "values.yaml", environment);
}

TEST(Secrets, VariablesAreNamedByOneRule) {
  EXPECT_EQ(variable_of("minio.accessKey"), "HOLDFAST_MINIO_ACCESSKEY");
  EXPECT_EQ(variable_of("minio.s3gateway.secretKey"), "HOLDFAST_MINIO_S3GATEWAY_SECRETKEY");
  EXPECT_EQ(variable_of("holdfast.clickhouse.password"), "HOLDFAST_CLICKHOUSE_PASSWORD");
  EXPECT_EQ(variable_of("holdfast.victoria-metrics-0.snapshotAuthKey"),
            "HOLDFAST_VICTORIA_METRICS_0_SNAPSHOTAUTHKEY");
  EXPECT_EQ(variable_of("holdfast.gateway.keys[12].secretKey"),
            "HOLDFAST_GATEWAY_KEYS_12_SECRETKEY");
}

TEST(Secrets, NoTwoKeysHaveTheSameVariable) {
  std::set<std::string> names;
  for (const Key& key : all_keys()) {
    if (!key.credential) continue;
    EXPECT_TRUE(names.insert(variable_of(key.path)).second) << key.path;
    EXPECT_TRUE(names.insert(variable_of(key.path + "File")).second) << key.path;
    for (const std::string& alias : key.aliases) {
      EXPECT_TRUE(names.insert(variable_of(alias)).second) << alias;
    }
  }
  EXPECT_FALSE(names.contains("HOLDFAST_FAIL_AT"));
}

TEST(Secrets, TheEnvironmentWinsOverTheFile) {
  const Loaded loaded = look("minio: {accessKey: fromfile, secretKey: fromfile1}",
                             Environment{{"HOLDFAST_MINIO_SECRETKEY", "fromenvironment"},
                                         {"HOLDFAST_CLICKHOUSE_PASSWORD", "pw"},
                                         {"HOLDFAST_VICTORIA_METRICS_1_SNAPSHOTAUTHKEY", "auth"}});
  EXPECT_THAT(loaded.problems, IsEmpty());
  EXPECT_EQ(loaded.values.minio.access_key, "fromfile");
  EXPECT_EQ(loaded.values.minio.secret_key.reveal(), "fromenvironment");
  EXPECT_EQ(loaded.values.holdfast.clickhouse.password.reveal(), "pw");
  EXPECT_EQ(loaded.values.holdfast.victoria_metrics[1].snapshot_auth_key.reveal(), "auth");
  EXPECT_EQ(loaded.origins.at("minio.secretKey").kind, Origin::Kind::kEnvironment);
  EXPECT_EQ(loaded.origins.at("minio.secretKey").spelled, "HOLDFAST_MINIO_SECRETKEY");
}

TEST(Secrets, EverySpellingHasItsVariable) {
  const Loaded loaded =
      look("", Environment{{"HOLDFAST_S3PROXY_CREDENTIALS_ACCESSKEY", "my-access-key"},
                           {"HOLDFAST_S3PROXY_CREDENTIALS_SECRETKEY", "my-secret-key"}});
  EXPECT_THAT(loaded.problems, IsEmpty()) << "the newer spelling has the wider limits";
  EXPECT_EQ(loaded.values.minio.access_key, "my-access-key");
}

TEST(Secrets, TwoVariablesForOneSettingAreAProblem) {
  const Loaded loaded = look("", Environment{{"HOLDFAST_MINIO_ACCESSKEY", "abcdef"},
                                             {"HOLDFAST_MINIO_ACCESSKEYFILE", "/x"}});
  ASSERT_THAT(loaded.problems, SizeIs(1));
  EXPECT_EQ(loaded.problems[0].path, "HOLDFAST_MINIO_ACCESSKEYFILE");
  EXPECT_THAT(loaded.problems[0].why, HasSubstr("HOLDFAST_MINIO_ACCESSKEY"));
}

TEST(Secrets, WhatAVariableHoldsIsChecked) {
  const Loaded loaded = look("", Environment{{"HOLDFAST_MINIO_SECRETKEY", "short"}});
  ASSERT_THAT(loaded.problems, SizeIs(1));
  EXPECT_EQ(loaded.problems[0].path, "HOLDFAST_MINIO_SECRETKEY");
  EXPECT_EQ(loaded.problems[0].line, 0);
  EXPECT_THAT(look("", Environment{{"HOLDFAST_CLICKHOUSE_PASSWORD", "a\nb"}}).problems, SizeIs(1));
}

TEST(Secrets, AVariableThatIsNearlyOursIsAWarning) {
  const Loaded loaded = look("", Environment{{"HOLDFAST_MINIO_SECRETKEYS", "x"},
                                             {"HOLDFAST_FAIL_AT", "x"},
                                             {"MINIO_SECRETKEY", "x"},
                                             {"HOLDFAST_SOMETHING_ELSE", "x"}});
  std::vector<std::string> warned;
  for (const Problem& warning : loaded.warnings) {
    if (warning.path.starts_with("HOLDFAST")) warned.push_back(warning.path);
  }
  EXPECT_THAT(warned, ElementsAre("HOLDFAST_MINIO_SECRETKEYS"));
}

TEST(Secrets, AnEmptyVariableIsAsGoodAsNone) {
  const Loaded loaded =
      look("minio: {accessKey: fromfile, secretKey: fromfile1}",
           Environment{{"HOLDFAST_MINIO_SECRETKEY", ""}, {"HOLDFAST_MINIO_SECRETKEYFILE", ""}});
  EXPECT_THAT(loaded.problems, IsEmpty());
  EXPECT_EQ(loaded.values.minio.secret_key.reveal(), "fromfile1");
}

TEST(Secrets, AVariableOfAKeyThatIsNoSecretIsAWarning) {
  const Loaded loaded = look("", Environment{{"HOLDFAST_RUN_LISTEN", ":1"}});
  ASSERT_THAT(loaded.warnings, SizeIs(3));
  EXPECT_EQ(loaded.warnings[0].path, "HOLDFAST_RUN_LISTEN");
  EXPECT_EQ(loaded.warnings[0].nearest, "holdfast.run.listen");
  EXPECT_EQ(loaded.values.holdfast.run.listen, "127.0.0.1:9747");
}

TEST(Secrets, PairsOfTheGatewayHaveVariablesAndFilesByTheirNumber) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "secret";
  write_file_durably(path, "fromafile1\n");
  const Loaded loaded = look(
      "holdfast: {gateway: {keys: [{accessKey: first-pair}, {accessKey: "
      "second-pair, secretKeyFile: " +
          path.string() + "}]}}",
      Environment{{"HOLDFAST_GATEWAY_KEYS_0_SECRETKEY", "fromavariable"}});
  EXPECT_THAT(loaded.problems, IsEmpty());
  const auto& keys = loaded.values.holdfast.gateway.keys;
  ASSERT_THAT(keys, SizeIs(2));
  EXPECT_EQ(keys[0].secret_key.reveal(), "fromavariable");
  EXPECT_EQ(keys[1].secret_key.reveal(), "fromafile1");
}

class SecretFiles : public ::testing::Test {
 protected:
  std::string put(const std::string& name, std::string_view content) {
    const fs::path path = folder_.path() / name;
    write_file_durably(path, content);
    return path.string();
  }
  TemporaryFolder folder_;
};

TEST_F(SecretFiles, AFileKeyNamesAFileWhoseLastNewlineIsDropped) {
  const std::string path = put("secret", "filesecret1\r\n");
  const Loaded loaded = look("minio: {accessKey: abcdef, secretKeyFile: " + path + "}");
  EXPECT_THAT(loaded.problems, IsEmpty());
  EXPECT_EQ(loaded.values.minio.secret_key.reveal(), "filesecret1");
  EXPECT_EQ(loaded.origins.at("minio.secretKey").kind, Origin::Kind::kSecretFile);
  EXPECT_EQ(loaded.origins.at("minio.secretKey").file, path);
}

TEST_F(SecretFiles, TheNewerSpellingAndTheEnvironmentHaveFilesToo) {
  const std::string path = put("secret", "filesecret1");
  EXPECT_EQ(look("s3proxy: {credentials: {secretKeyFile: " + path + "}}")
                .values.minio.secret_key.reveal(),
            "filesecret1");
  EXPECT_EQ(
      look("minio: {secretKey: fromvalues}", Environment{{"HOLDFAST_MINIO_SECRETKEYFILE", path}})
          .values.minio.secret_key.reveal(),
      "filesecret1");
}

TEST_F(SecretFiles, AValueAndAFileForOneSettingAreAProblem) {
  const std::string path = put("secret", "filesecret1");
  const Loaded loaded = look("minio:\n  secretKey: fromvalues\n  secretKeyFile: " + path + "\n");
  ASSERT_THAT(loaded.problems, SizeIs(1));
  EXPECT_EQ(loaded.problems[0].path, "minio.secretKeyFile");
  EXPECT_EQ(loaded.problems[0].line, 3);
}

TEST_F(SecretFiles, FilesThatCannotServeAreProblems) {
  const std::pair<std::string, std::string> cases[] = {
      {(folder_.path() / "missing").string(), "cannot be read"},
      {put("empty", "\n"), "is empty"},
      {put("lines", "one\ntwo"), "control character"},
      {put("large", std::string(70'000, 'a')), "cannot be read"}};
  for (const auto& [path, why] : cases) {
    const Loaded loaded = look("holdfast: {run: {tokenFile: " + path + "}}");
    ASSERT_THAT(loaded.problems, SizeIs(1)) << path;
    EXPECT_EQ(loaded.problems[0].path, "holdfast.run.tokenFile");
    EXPECT_THAT(loaded.problems[0].why, HasSubstr(why));
    EXPECT_TRUE(loaded.values.holdfast.run.token.empty());
  }
  EXPECT_THAT(look("holdfast: {run: {tokenFile: [a]}}").problems, SizeIs(1));
}

TEST_F(SecretFiles, APipeDoesNotHoldHoldfastUp) {
  const std::string path = (folder_.path() / "pipe").string();
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_THAT(look("holdfast: {run: {tokenFile: " + path + "}}").problems, SizeIs(1));
}

TEST_F(SecretFiles, NoMessageRepeatsASecret) {
  const std::string path = put("secret", "tell no one\x01");
  for (const std::string& yaml :
       {std::string("minio: {secretKey: 'tell no one'}"),
        std::string("minio: {secretKey: [tell no one]}"), "minio: {secretKeyFile: '" + path + "'}",
        std::string("minio: {secretKey: tell no one, accessKey: abcdef, s3gateway: {secretKey: "
                    "'tell no one\n'}}"),
        std::string(
            "{minio: {secretKey: tellnoone}, s3proxy: {credentials: {secretKey: tell no one}}}")}) {
    const Loaded loaded = look(yaml);
    EXPECT_THAT(loaded.problems, testing::Not(IsEmpty())) << yaml;
    for (const Problem& problem : loaded.problems) {
      EXPECT_THAT(to_error(loaded.source, problem).to_string(),
                  testing::Not(testing::AnyOf(HasSubstr("tell"), HasSubstr("no one"))));
    }
  }
}

TEST(Environment, OfTheProcessHoldsItsVariables) {
  ASSERT_EQ(setenv("HOLDFAST_TEST_VARIABLE", "a=b", 1), 0);
  EXPECT_EQ(Environment::of_process().get("HOLDFAST_TEST_VARIABLE"), "a=b");
  ASSERT_EQ(unsetenv("HOLDFAST_TEST_VARIABLE"), 0);
  EXPECT_EQ(Environment::of_process().get("HOLDFAST_TEST_VARIABLE"), std::nullopt);
}

}  // namespace
}  // namespace holdfast::config
