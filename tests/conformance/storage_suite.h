// The one suite that every object storage passes (the contract of storage/storage.h, executed).
//
// A backend takes part with a factory and one line:
//   INSTANTIATE_STORAGE_CONFORMANCE(Memory, [] { return share(make_memory_storage()); });
// Differences between backends are declared through Capabilities alone; nothing is skipped.
// The factory is called once a test. What the storage needs to live (folders, servers) is kept by
// the shared pointer's deleter. Each test makes a bucket of its own and empties it afterwards.
#pragma once

#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "base/context.h"
#include "base/file.h"
#include "storage/storage.h"

namespace holdfast::storage {

using StorageFactory = std::function<std::shared_ptr<Storage>()>;

inline std::shared_ptr<Storage> share(std::unique_ptr<Storage> storage) { return storage; }

// `storage`, together with something that must outlive it (a folder, a running server).
template <typename Owned>
std::shared_ptr<Storage> share_with(std::unique_ptr<Storage> storage, Owned&& owned) {
  struct Both {
    std::decay_t<Owned> owned;
    std::unique_ptr<Storage> storage;  // goes first
  };
  auto both = std::make_shared<Both>(Both{std::forward<Owned>(owned), std::move(storage)});
  return std::shared_ptr<Storage>(both, both->storage.get());
}

// Where suites keep folders: in memory where that works, so that they measure rules and not disks.
fs::path place_for_folders();

class StorageConformance : public testing::TestWithParam<StorageFactory> {
 protected:
  void SetUp() override;
  void TearDown() override;

  Storage& storage() { return *storage_; }
  MultipartStore& multipart() { return *storage_->multipart(); }
  ObjectRef ref(const std::string& key) const { return {bucket_, key}; }
  PutResult put(const std::string& key, std::string_view bytes, const PutRequest& request = {});
  std::string get(const std::string& key, const GetRequest& request = {});
  bool exists(const std::string& key);
  void remove(const std::string& key);

  // Object keys and common prefixes of one page, merged in the order of their bytes.
  std::vector<std::string> names(const ListPage& page);
  std::vector<std::string> list(ListRequest request);  // one page
  // All pages of `limit` entries each, joined; checks that no page is longer.
  std::vector<std::string> list_paged(ListRequest request, unsigned limit);
  std::vector<std::string> keys() { return list({}); }

  std::string part_bytes(char fill, std::uint64_t extra = 0) const;  // of the least allowed size
  std::string start(const std::string& key, const Attributes& attributes = {},
                    std::optional<Checksum> kind = std::nullopt);
  CompletedPart put_part(const std::string& key, const std::string& upload, unsigned number,
                         std::string_view bytes, const PutRequest& request = {});

  // Expects `action` to throw `E` with this code.
  template <typename E>
  void expect_error(std::string_view code, const std::function<void()>& action) {
    try {
      action();
      ADD_FAILURE() << "nothing was thrown, expected code '" << code << "'";
    } catch (const E& error) {
      EXPECT_EQ(error.code(), code) << error.to_string();
    } catch (const Error& error) {
      ADD_FAILURE() << "another kind of error: " << error.to_string();
    }
  }

  Context context_ = Context::background();
  std::string bucket_;

 private:
  std::shared_ptr<Storage> storage_;
};

std::string md5_hex(std::string_view bytes);

}  // namespace holdfast::storage

#define INSTANTIATE_STORAGE_CONFORMANCE(name, factory)                                         \
  INSTANTIATE_TEST_SUITE_P(                                                                    \
      name, StorageConformance, testing::Values(::holdfast::storage::StorageFactory(factory)), \
      [](const testing::TestParamInfo<::holdfast::storage::StorageFactory>&) { return #name; })
