#include "job/storage_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/memory/memory_storage.h"
#include "storage/wrap/wrap.h"

namespace holdfast::job {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class StorageCheckTest : public ::testing::Test {
 protected:
  StorageCheckTest() {
    storage_ = storage::with_faults(storage::make_memory_storage(),
                                    [this](std::string_view verb, const storage::ObjectRef& ref) {
                                      if (fault_) fault_(verb, ref);
                                    });
    storage_->buckets()->create(context_, "bucket");
  }

  // Every call of that verb fails as if the access key had no right to it.
  void deny(std::string denied) {
    fault_ = [denied](std::string_view verb, const storage::ObjectRef& ref) {
      if (verb == denied) throw AccessDenied("do " + ref.text(), "denied", "the key's advice");
    };
  }
  StorageJudgement check(const std::string& bucket = "bucket") {
    return check_storage(context_, *storage_, {.bucket = bucket});
  }
  // What was not good, as "what: verdict".
  std::vector<std::string> bad(const StorageJudgement& judgement) {
    std::vector<std::string> lines;
    for (const StorageFinding& finding : judgement.findings) {
      if (finding.verdict == Verdict::kGood) continue;
      EXPECT_NE(finding.seen, "") << finding.what;
      EXPECT_NE(finding.advice, "") << finding.what;
      lines.push_back(finding.what + ": " + std::string(name_of(finding.verdict)));
    }
    return lines;
  }
  std::vector<std::string> left() {
    fault_ = nullptr;
    std::vector<std::string> keys;
    storage::list_all(*storage_, context_, "bucket", "",
                      [&](const storage::ObjectInfo& info) { keys.push_back(info.key); });
    return keys;
  }

  Context context_ = Context::background();
  std::function<void(std::string_view, const storage::ObjectRef&)> fault_;
  std::unique_ptr<storage::Storage> storage_;
};

TEST_F(StorageCheckTest, AGoodStorageIsGoodAndLeftEmpty) {
  const StorageJudgement judgement = check();
  EXPECT_THAT(bad(judgement), IsEmpty());
  EXPECT_EQ(judgement.worst(), Verdict::kGood);
  EXPECT_GE(judgement.findings.size(), 15u);
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(StorageCheckTest, AMissingBucketEndsIt) {
  const StorageJudgement judgement = check("not-there");
  ASSERT_EQ(judgement.findings.size(), 1u);
  EXPECT_EQ(judgement.findings[0].what, "find the bucket");
  EXPECT_EQ(judgement.worst(), Verdict::kFailed);
}

TEST_F(StorageCheckTest, WithoutWritingNothingElseIsTried) {
  deny("put");
  const StorageJudgement judgement = check();
  EXPECT_THAT(bad(judgement), ElementsAre("write an object: failed"));
  EXPECT_THAT(judgement.findings[1].advice, HasSubstr("s3:PutObject"));
}

TEST_F(StorageCheckTest, WithoutReading) {
  deny("get");
  const StorageJudgement judgement = check();
  EXPECT_EQ(judgement.worst(), Verdict::kFailed);
  EXPECT_THAT(bad(judgement), testing::Contains("read it back: failed"));
  EXPECT_THAT(bad(judgement), testing::Contains("read a range of it: failed"));
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(StorageCheckTest, WithoutListing) {
  deny("list");
  EXPECT_THAT(bad(check()), ElementsAre("list at once what was written, in order: failed",
                                        "no longer list what was deleted: failed"));
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(StorageCheckTest, WithoutCopying) {
  fault_ = [](std::string_view verb, const storage::ObjectRef&) {
    if (verb == "copy") throw Unsupported("copy", "not offered", "use another storage");
  };
  const StorageJudgement judgement = check();
  EXPECT_THAT(bad(judgement), ElementsAre("copy an object in the storage: failed"));
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(StorageCheckTest, WithoutUploadsInParts) {
  deny("multipart.create");
  EXPECT_THAT(bad(check()), ElementsAre("upload in parts: failed"));
}

TEST_F(StorageCheckTest, GivingUpAndListingUploadsAreOnlyWarnings) {
  deny("multipart.abort");
  StorageJudgement judgement = check();
  EXPECT_THAT(bad(judgement), ElementsAre("give up an upload: warning"));
  EXPECT_EQ(judgement.worst(), Verdict::kWarning);
  deny("multipart.uploads");
  judgement = check();
  EXPECT_THAT(bad(judgement), ElementsAre("list unfinished uploads: warning"));
  for (const StorageFinding& finding : judgement.findings) {
    if (finding.verdict != Verdict::kWarning) continue;
    EXPECT_THAT(finding.advice, HasSubstr("lifecycle"));
  }
}

TEST_F(StorageCheckTest, WithoutDeletingItSaysWhereItsObjectsLie) {
  deny("remove");
  const StorageJudgement judgement = check();
  EXPECT_THAT(bad(judgement),
              ElementsAre("no longer list what was deleted: failed", "delete an object: failed",
                          "remove what this check wrote: warning"));
  EXPECT_THAT(judgement.findings.back().advice, HasSubstr("under .holdfast/check-"));
  EXPECT_EQ(left().size(), 9u);
}

TEST_F(StorageCheckTest, ACancelledRunEnds) {
  fault_ = [](std::string_view verb, const storage::ObjectRef&) {
    if (verb == "head") throw Cancelled("head", "stop");
  };
  EXPECT_THROW(check(), Cancelled);
}

}  // namespace
}  // namespace holdfast::job
