#include "job/hooks.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"

namespace holdfast::job {
namespace {

class HooksTest : public ::testing::Test {
 protected:
  Hook writes(const std::string& word) {
    return {
        {"sh", "-c", "echo " + word + " $HOLDFAST_STORE $HOLDFAST_OUTCOME >> " + file_.string()}};
  }
  static Hook fails() { return {{"sh", "-c", "echo first; echo 'no such producer' >&2; exit 7"}}; }
  HookPair pair(const Hook& before, const Hook& after) {
    return {Context::background(),
            before,
            after,
            {{"HOLDFAST_STORE", "clickhouse"}, {"HOLDFAST_KIND", "Restore"}},
            progress_};
  }
  std::string written() { return path_exists(file_) ? read_file(file_, 1000) : ""; }

  TemporaryFolder folder_;
  fs::path file_ = folder_.path() / "written";
  SilentProgress progress_;
};

TEST_F(HooksTest, RunAroundARunAndLearnItsOutcome) {
  const Hook before = writes("stop"), after = writes("start");
  HookPair hooks = pair(before, after);
  hooks.before();
  hooks.after(true);
  EXPECT_EQ(written(), "stop clickhouse\nstart clickhouse success\n");
}

TEST_F(HooksTest, TheSecondFollowsTheFirstEvenWhenThatFailed) {
  const Hook before = fails(), after = writes("start");
  HookPair hooks = pair(before, after);
  try {
    hooks.before();
    FAIL() << "it did not fail";
  } catch (const Failed& error) {
    EXPECT_EQ(error.reason(), "status 7: no such producer");
    EXPECT_EQ(error.subject(), "run the hook beforeRestore (sh)");
  }
  hooks.after(false);
  EXPECT_EQ(written(), "start clickhouse failure\n");
}

TEST_F(HooksTest, TheSecondDoesNotRunWithoutTheFirst) {
  const Hook before = writes("stop"), after = writes("start");
  pair(before, after).after(false);
  EXPECT_EQ(written(), "");
}

TEST_F(HooksTest, ThatMayFailOnlyWarn) {
  Hook before = fails();
  before.may_fail = true;
  const Hook after{};
  HookPair hooks = pair(before, after);
  hooks.before();
  EXPECT_EQ(hooks.warnings(), std::vector<std::string>{
                                  "run the hook beforeRestore (sh): status 7: no such producer"});
}

TEST_F(HooksTest, ThatTakeTooLongOrAreMissingFail) {
  const Hook slow{{"sleep", "600"}, std::chrono::milliseconds(200)}, missing{{"/no/such/program"}};
  const Hook none{};
  EXPECT_THROW(pair(slow, none).before(), Failed);
  EXPECT_THROW(pair(missing, none).before(), Failed);
}

TEST_F(HooksTest, TheSecondRunsAlsoWhenTheRunWasCancelled) {
  const Hook before = writes("stop"), after = writes("start");
  const Context context = Context::background().cancellable();
  HookPair hooks(context, before, after, {{"HOLDFAST_KIND", "Backup"}}, progress_);
  hooks.before();
  context.cancel();
  hooks.after(false);
  EXPECT_EQ(written(), "stop\nstart failure\n");
}

}  // namespace
}  // namespace holdfast::job
