#include "config/switches.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.h"

namespace holdfast::config {
namespace {

using ::testing::HasSubstr;

Values values_of(std::string_view yaml) { return load(yaml, "values.yaml", Environment()); }

template <class Function>
Error error_of(Function&& function) {
  try {
    function();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "allowed";
  return Failed("nothing");
}

TEST(Switches, StoresAreNamedBothWays) {
  for (const Store store : kAllStores) EXPECT_EQ(store_of(name_of(store)), store);
  EXPECT_EQ(store_of("victoria-metrics-1"), Store::kVictoriaMetrics1);
  EXPECT_EQ(store_of("VictoriaMetrics"), std::nullopt);
  EXPECT_EQ(store_of(""), std::nullopt);
}

TEST(Switches, NothingRunsWithoutTheMasterSwitch) {
  const Values values = values_of(R"(
victoria-metrics-0: {backup: {enabled: true}, restore: {enabled: true}}
clickhouse: {backup: {enabled: true}, restore: {enabled: true}}
)");
  for (const Store store : kAllStores) {
    EXPECT_FALSE(is_enabled(values, store));
    EXPECT_FALSE(is_scheduled(values, store));
    for (const bool override_disabled : {false, true}) {
      const auto backup = backup_refusal(values, store, override_disabled);
      const auto restore = restore_refusal(values, store, override_disabled);
      ASSERT_TRUE(backup && restore) << name_of(store);
      EXPECT_EQ(backup->key, "backup.enabled");
      EXPECT_EQ(restore->key, "backup.enabled");
      EXPECT_EQ(exit_code(backup->kind), 2);
    }
  }
  const Error error = error_of([&] { require_restore(values, Store::kClickHouse, true); });
  EXPECT_EQ(
      error.to_string(),
      "restore clickhouse: backup.enabled is false; set backup.enabled to true in the values");
  EXPECT_EQ(exit_code(error.kind()), 2);
  EXPECT_EQ(error_of([&] { require_master_switch(values, "run"); }).to_string(),
            "run: backup.enabled is false; set backup.enabled to true in the values");
}

TEST(Switches, ByDefaultTwoStoresAreBackedUpAndMayBeRestored) {
  const Values values = values_of("backup: {enabled: true}");
  EXPECT_NO_THROW(require_master_switch(values, "run"));
  for (const Store store : {Store::kStackGraph, Store::kElasticsearch}) {
    EXPECT_TRUE(is_enabled(values, store));
    EXPECT_TRUE(is_scheduled(values, store));
    EXPECT_TRUE(restore_allowed(values, store));
    EXPECT_NO_THROW(require_backup(values, store));
    EXPECT_NO_THROW(require_restore(values, store));
  }
  for (const Store store :
       {Store::kVictoriaMetrics0, Store::kVictoriaMetrics1, Store::kClickHouse}) {
    EXPECT_FALSE(is_enabled(values, store));
    EXPECT_FALSE(is_scheduled(values, store));
    EXPECT_FALSE(restore_allowed(values, store));
  }
}

TEST(Switches, AScheduledRunNeedsBothSwitches) {
  const Values by_hand = values_of(
      "backup: {enabled: true, stackGraph: {scheduled: {enabled: false}}, "
      "elasticsearch: {scheduled: {enabled: false}}}");
  const Values off = values_of(
      "backup: {enabled: true, stackGraph: {enabled: false}, "
      "elasticsearch: {enabled: false}}");
  for (const Store store : {Store::kStackGraph, Store::kElasticsearch}) {
    EXPECT_TRUE(is_enabled(by_hand, store));
    EXPECT_FALSE(is_scheduled(by_hand, store));
    EXPECT_FALSE(backup_refusal(by_hand, store)) << "by hand it works";
    EXPECT_FALSE(is_enabled(off, store));
    EXPECT_FALSE(is_scheduled(off, store));
    ASSERT_TRUE(backup_refusal(off, store));
    EXPECT_TRUE(restore_allowed(off, store)) << "restore-only installations are allowed";
  }
  EXPECT_EQ(backup_refusal(off, Store::kStackGraph)->key, "backup.stackGraph.enabled");
  EXPECT_EQ(backup_refusal(off, Store::kElasticsearch)->key, "backup.elasticsearch.enabled");
}

TEST(Switches, ARestoreThatIsSwitchedOffNamesItsKey) {
  const Values values = values_of(
      "backup: {enabled: true, stackGraph: {restore: {enabled: false}}, "
      "elasticsearch: {restore: {enabled: false}}}");
  const std::pair<Store, std::string> keys[] = {
      {Store::kStackGraph, "backup.stackGraph.restore.enabled"},
      {Store::kElasticsearch, "backup.elasticsearch.restore.enabled"},
      {Store::kVictoriaMetrics0, "victoria-metrics-0.restore.enabled"},
      {Store::kVictoriaMetrics1, "victoria-metrics-1.restore.enabled"},
      {Store::kClickHouse, "clickhouse.restore.enabled"}};
  for (const auto& [store, key] : keys) {
    const auto refused = restore_refusal(values, store);
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->key, key);
    EXPECT_EQ(exit_code(refused->kind), 4);
    EXPECT_FALSE(restore_refusal(values, store, true)) << "--override-disabled lifts it";
    const Error error = error_of([&] { require_restore(values, store); });
    EXPECT_EQ(exit_code(error.kind()), 4);
    EXPECT_THAT(error.to_string(), HasSubstr(key + " is false"));
    EXPECT_THAT(error.to_string(), HasSubstr("--override-disabled"));
  }
}

TEST(Switches, AnInstanceThatIsNotThereIsNotBackedUp) {
  const Values values = values_of(
      "{backup: {enabled: true}, victoria-metrics-1: {enabled: false, backup: {enabled: true}}}");
  EXPECT_FALSE(is_enabled(values, Store::kVictoriaMetrics1));
  EXPECT_EQ(backup_refusal(values, Store::kVictoriaMetrics1)->key, "victoria-metrics-1.enabled");
  const Values there =
      values_of("{backup: {enabled: true}, victoria-metrics-1: {backup: {enabled: true}}}");
  EXPECT_TRUE(is_enabled(there, Store::kVictoriaMetrics1));
  EXPECT_TRUE(is_scheduled(there, Store::kVictoriaMetrics1));
  EXPECT_FALSE(is_enabled(there, Store::kVictoriaMetrics0));
}

}  // namespace
}  // namespace holdfast::config
