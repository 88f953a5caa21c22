#include "base/file_journal.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace holdfast {
namespace {

using Lines = std::vector<std::string>;

class FileJournalTest : public ::testing::Test {
 protected:
  std::string bytes() const { return read_file(path_, 1 << 20); }
  void set_bytes(std::string_view bytes) { write_file_durably(path_, bytes); }

  TemporaryFolder folder_;
  fs::path path_ = folder_.path() / "journal";
};

TEST_F(FileJournalTest, IsEmptyBeforeTheFirstLine) {
  EXPECT_EQ(FileJournal(path_).lines(), Lines{});
  EXPECT_FALSE(path_exists(path_));
}

TEST_F(FileJournalTest, KeepsLinesInOrderForTheNextProcess) {
  FileJournal(path_).append("swap begun");
  FileJournal second(path_);
  second.append("");
  second.append("swap done");
  EXPECT_EQ(FileJournal(path_).lines(), (Lines{"swap begun", "", "swap done"}));
}

TEST_F(FileJournalTest, HoldsChecksumAndLine) {
  FileJournal(path_).append("123456789");
  EXPECT_EQ(bytes(), "cbf43926 123456789\n");
}

TEST_F(FileJournalTest, ATornLastLineIsLeftOut) {
  FileJournal(path_).append("one");
  std::string first = bytes();
  FileJournal(path_).append("two");
  std::string both = bytes();
  for (std::size_t size = 0; size < both.size(); ++size) {
    set_bytes(both.substr(0, size));
    Lines expected;
    if (size >= first.size()) expected.push_back("one");
    EXPECT_EQ(FileJournal(path_).lines(), expected) << size;
  }
}

// What was torn must not swallow what comes after it.
TEST_F(FileJournalTest, AppendingAfterATornLineKeepsTheNewOne) {
  FileJournal(path_).append("one");
  std::string first = bytes();
  FileJournal(path_).append("two");
  std::string both = bytes();
  for (std::size_t size = 0; size < both.size(); ++size) {
    set_bytes(both.substr(0, size));
    FileJournal(path_).append("three");
    Lines expected = {"three"};
    if (size >= first.size()) expected.insert(expected.begin(), "one");
    EXPECT_EQ(FileJournal(path_).lines(), expected) << size;
  }
}

TEST_F(FileJournalTest, StopsAtTheFirstDamage) {
  FileJournal journal(path_);
  for (const char* line : {"one", "two", "three"}) journal.append(line);
  std::string damaged = bytes();
  damaged[damaged.find("two")] = 'T';
  set_bytes(damaged);
  EXPECT_EQ(FileJournal(path_).lines(), Lines{"one"});
  set_bytes(std::string(100, '\0'));
  EXPECT_EQ(FileJournal(path_).lines(), Lines{});
}

TEST_F(FileJournalTest, ClearForgetsAllAndMayBeRepeated) {
  FileJournal journal(path_);
  journal.append("one");
  journal.clear();
  EXPECT_FALSE(path_exists(path_));
  journal.clear();
  journal.append("two");
  EXPECT_EQ(journal.lines(), Lines{"two"});
}

TEST_F(FileJournalTest, AFolderThatIsGoneIsAnError) {
  FileJournal journal(folder_.path() / "gone" / "journal");
  EXPECT_THROW(journal.append("x"), NotFound);
  EXPECT_EQ(journal.lines(), Lines{});
}

TEST_F(FileJournalTest, ANameWithoutFolderLiesInTheCurrentOne) {
  fs::path before = fs::current_path();
  fs::current_path(folder_.path());
  FileJournal journal("bare");
  journal.append("x");
  EXPECT_EQ(journal.lines(), Lines{"x"});
  journal.clear();
  fs::current_path(before);
}

}  // namespace
}  // namespace holdfast
