#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "config/key.h"
#include "config/report.h"

namespace holdfast::config {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// The folder that holds the sources: builds lie inside it.
fs::path source_root() {
  fs::path at = fs::read_symlink("/proc/self/exe").parent_path();
  while (!fs::exists(at / "CMakePresets.json") && at != at.root_path()) at = at.parent_path();
  return at;
}

TEST(Reference, ThePageInTheGuideIsTheOneMadeFromTheTable) {
  const fs::path path = source_root() / "docs/guide/values.md";
  const std::string page = reference_page();
  if (std::getenv("HOLDFAST_UPDATE_DOCS") != nullptr) {
    make_folders(path.parent_path());
    write_file_durably(path, page);
  }
  ASSERT_TRUE(fs::exists(path)) << "run config_test with HOLDFAST_UPDATE_DOCS=1";
  EXPECT_EQ(read_file(path, 1 << 20), page)
      << "the table changed: run config_test with HOLDFAST_UPDATE_DOCS=1 and commit the page";
}

TEST(Reference, EveryKeyAndEverySpellingIsOnThePage) {
  const std::string page = reference_page();
  for (const Key& key : all_keys()) {
    EXPECT_THAT(page, HasSubstr("`" + key.family + "`"));
    if (key.ignored) continue;
    for (const std::string& alias : key.aliases) EXPECT_THAT(page, HasSubstr("`" + alias + "`"));
    EXPECT_NE(key.doc, "") << key.path;
    EXPECT_THAT(key.doc, Not(testing::EndsWith("."))) << key.path;
  }
}

TEST(Reference, KeysOfListElementsAndFamiliesStandOnce) {
  const std::string page = reference_page();
  for (const char* name :
       {"`holdfast.gateway.keys[].accessKey`", "`holdfast.hooks.STORE.beforeRestore.command`"}) {
    const std::size_t first = page.find(name);
    ASSERT_NE(first, std::string::npos) << name;
    EXPECT_EQ(page.find(name, first + 1), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace holdfast::config
