// The suite that every storage with versions passes, as storage_suite.h.
#pragma once

#include "base/clock.h"
#include "conformance/storage_suite.h"
#include "storage/versions.h"

namespace holdfast::storage {

class VersionsConformance : public testing::TestWithParam<StorageFactory> {
 protected:
  void SetUp() override;
  void TearDown() override;

  Storage& storage() { return *storage_; }
  VersionedStore& versions() { return *storage_->versions(); }
  ObjectRef ref(const std::string& key, const std::string& version = "") const {
    return {bucket_, key, version};
  }
  void set_versioning(Versioning versioning);
  void set_lock(std::optional<DefaultRetention> retention);
  PutResult put(const std::string& key, std::string_view bytes, const PutRequest& request = {});
  std::string get(const std::string& key, const std::string& version = "");
  ObjectInfo head(const std::string& key, const std::string& version = "");
  RemoveResult remove(const std::string& key, std::optional<std::string> version = std::nullopt);
  // "KEY VERSION[ marker][ latest]" of all versions and prefixes, read in pages of `limit`.
  std::vector<std::string> list(VersionListRequest request = {}, unsigned limit = 1000);
  std::vector<std::string> keys();  // of the current objects
  // Code of the error that `action` throws; empty when it throws none.
  std::string code_of(const std::function<void()>& action);

  FakeClock clock_{parse_rfc3339("2026-11-22T14:31:20Z")};
  Context context_ = Context::with_clock(clock_);
  std::string bucket_ = "versioned-bucket";

 private:
  std::shared_ptr<Storage> storage_;
};

}  // namespace holdfast::storage

#define INSTANTIATE_VERSIONS_CONFORMANCE(name, factory)                                         \
  INSTANTIATE_TEST_SUITE_P(                                                                     \
      name, VersionsConformance, testing::Values(::holdfast::storage::StorageFactory(factory)), \
      [](const testing::TestParamInfo<::holdfast::storage::StorageFactory>&) { return #name; })
