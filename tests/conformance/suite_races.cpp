// Many threads at once: conditions have one winner, readers see whole versions.
#include <atomic>
#include <thread>

#include "conformance/storage_suite.h"

namespace holdfast::storage {

namespace {

void in_threads(int count, const std::function<void(int)>& work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back(work, i);
  for (std::thread& thread : threads) thread.join();
}

}  // namespace

TEST_P(StorageConformance, OneOfManyFirstWritersWins) {
  for (int round = 0; round < 10; ++round) {
    std::string key = "race/" + std::to_string(round);
    std::atomic<int> won{0}, lost{0}, winner{-1};
    in_threads(8, [&](int i) {
      PutRequest request;
      request.condition.must_not_exist = true;
      try {
        put(key, "writer " + std::to_string(i), request);
        ++won;
        winner = i;
      } catch (const PreconditionFailed&) {
        ++lost;
      }
    });
    EXPECT_EQ(won, 1);
    EXPECT_EQ(lost, 7);
    EXPECT_EQ(get(key), "writer " + std::to_string(winner));
  }
}

TEST_P(StorageConformance, GuardedIncrementsLoseNone) {
  put("counter", "0");
  in_threads(4, [&](int) {
    for (int done = 0; done < 10;) {
      ObjectInfo info;
      std::string text = get_bytes(storage(), context_, ref("counter"), 100, {}, &info);
      PutRequest request;
      request.condition.revision_is = info.revision;
      try {
        put("counter", std::to_string(std::stoi(text) + 1), request);
        ++done;
      } catch (const PreconditionFailed&) {
        continue;  // another one was faster
      }
    }
  });
  EXPECT_EQ(get("counter"), "40");
}

TEST_P(StorageConformance, ReadersSeeWholeVersions) {
  const std::size_t size = 200000;
  put("object", std::string(size, 'a'));
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (int i = 0; i < 60; ++i)
      put("object", std::string(size + std::size_t(i), char('a' + i % 26)));
    stop = true;
  });
  in_threads(3, [&](int) {
    while (!stop) {
      ObjectInfo info;
      std::string bytes = get_bytes(storage(), context_, ref("object"), 1 << 30, {}, &info);
      ASSERT_EQ(bytes.size(), info.size);
      ASSERT_EQ(bytes.find_first_not_of(bytes[0]), std::string::npos);
      if (storage().capabilities().etag_is_md5) {
        ASSERT_EQ(info.etag, md5_hex(bytes));
      }
    }
  });
  writer.join();
}

TEST_P(StorageConformance, NoReaderMissesAKeyWhileOthersComeAndGoBelowIt) {
  put("a", "stays");
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (int i = 0; i < 40; ++i) {
      put("a/b", "1");
      put("a/b/c", "2");
      remove("a/b");
      remove("a/b/c");
      put("a", "stays");
    }
    stop = true;
  });
  in_threads(2, [&](int i) {
    while (!stop) {
      if (i == 0) {
        ASSERT_EQ(get("a"), "stays");
      } else {
        ListPage page = storage().list(context_, {.bucket = bucket_});
        ASSERT_FALSE(page.objects.empty());
        ASSERT_EQ(page.objects[0].key, "a");
      }
    }
  });
  writer.join();
  EXPECT_THAT(keys(), testing::ElementsAre("a"));
}

TEST_P(StorageConformance, NeighboursMayBeWrittenAndRemovedAtOnce) {
  in_threads(6, [&](int i) {
    const std::string own = "shared/dir/" + std::to_string(i % 3) + "/" + std::to_string(i);
    for (int round = 0; round < 20; ++round) {
      put(own, std::to_string(round));
      ASSERT_EQ(get(own), std::to_string(round));
      remove(own);
      ASSERT_FALSE(exists(own));
    }
  });
  EXPECT_THAT(keys(), testing::IsEmpty());
}

TEST_P(StorageConformance, PartsMayArriveAtOnce) {
  std::string upload = start("object");
  std::vector<CompletedPart> parts(8);
  std::string whole;
  for (unsigned i = 0; i < 8; ++i) whole += part_bytes(char('a' + i), 1000);
  in_threads(8, [&](int i) {
    parts[std::size_t(i)] =
        put_part("object", upload, unsigned(i) + 1, part_bytes(char('a' + i), 1000));
  });
  multipart().complete(context_, ref("object"), upload, parts, {});
  EXPECT_TRUE(get("object") == whole);
}

TEST_P(StorageConformance, OneOfManyCompletesAndTheOthersHearTheSame) {
  std::string upload = start("object");
  CompletedPart one = put_part("object", upload, 1, "content");
  std::vector<std::string> revisions(4);
  in_threads(4, [&](int i) {
    revisions[std::size_t(i)] =
        multipart().complete(context_, ref("object"), upload, {one}, {}).revision;
  });
  for (const std::string& revision : revisions) EXPECT_EQ(revision, revisions[0]);
  EXPECT_EQ(get("object"), "content");
}

}  // namespace holdfast::storage
