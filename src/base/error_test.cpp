#include "base/error.h"

#include <cerrno>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

namespace holdfast {
namespace {

using ::testing::HasSubstr;

TEST(Error, JoinsWhatWhyAndAdvice) {
  EXPECT_EQ(NotFound("get a", "no such key", "look at the list").to_string(),
            "get a: no such key; look at the list");
  EXPECT_EQ(NotFound("get a", "no such key").to_string(), "get a: no such key");
  EXPECT_EQ(NotFound("get a").to_string(), "get a");
  EXPECT_EQ(NotFound("get a", "", "look").to_string(), "get a; look");
  EXPECT_STREQ(NotFound("get a", "b").what(), "get a: b");
}

TEST(Error, IsOneLineWhateverAServerAnswered) {
  EXPECT_EQ(Failed("a\nb", "c\r\nd").to_string(), "a b: c  d");
}

TEST(Error, KeepsItsParts) {
  auto error = Corrupt::with_code("BadDigest", "read x", "wrong hash", "restore another");
  EXPECT_EQ(error.kind(), ErrorKind::kCorrupt);
  EXPECT_EQ(error.code(), "BadDigest");
  EXPECT_EQ(error.subject(), "read x");
  EXPECT_EQ(error.reason(), "wrong hash");
  EXPECT_EQ(error.advice(), "restore another");
  EXPECT_EQ(Corrupt("x").code(), "");
}

TEST(Error, OnlyUnavailableIsWorthARetry) {
  for (int i = 0; i <= int(ErrorKind::kFailed); ++i) {
    ErrorKind kind{i};
    EXPECT_EQ(Error(kind, "a", "b").retryable(), kind == ErrorKind::kUnavailable);
  }
}

TEST(Error, EveryKindHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (int i = 0; i <= int(ErrorKind::kFailed); ++i) names.insert(name_of(ErrorKind{i}));
  EXPECT_EQ(names.size(), std::size_t(ErrorKind::kFailed) + 1);
}

template <typename Type>
void expect_thrown(ErrorKind kind) {
  try {
    throw_error(kind, "a", "b", "c", "D");
  } catch (const Type& error) {
    EXPECT_EQ(error.kind(), kind);
    EXPECT_EQ(error.to_string(), "a: b; c");
    EXPECT_EQ(error.code(), "D");
    return;
  } catch (const Error&) {
  }
  ADD_FAILURE() << "another class was thrown for " << name_of(kind);
}

TEST(Error, ThrowErrorThrowsTheClassOfItsKind) {
  expect_thrown<InvalidArgument>(ErrorKind::kInvalidArgument);
  expect_thrown<NotFound>(ErrorKind::kNotFound);
  expect_thrown<PreconditionFailed>(ErrorKind::kPreconditionFailed);
  expect_thrown<AccessDenied>(ErrorKind::kAccessDenied);
  expect_thrown<Refused>(ErrorKind::kRefused);
  expect_thrown<Unavailable>(ErrorKind::kUnavailable);
  expect_thrown<NoSpace>(ErrorKind::kNoSpace);
  expect_thrown<Corrupt>(ErrorKind::kCorrupt);
  expect_thrown<Unsupported>(ErrorKind::kUnsupported);
  expect_thrown<Cancelled>(ErrorKind::kCancelled);
  expect_thrown<DeadlineExceeded>(ErrorKind::kDeadlineExceeded);
  expect_thrown<Failed>(ErrorKind::kFailed);
}

ErrorKind kind_of_errno(int number) {
  try {
    throw_errno(number, "open /x", "try again");
  } catch (const Error& error) {
    EXPECT_THAT(error.to_string(), HasSubstr("open /x: "));
    EXPECT_EQ(error.advice(), "try again");
    return error.kind();
  }
}

TEST(Error, ErrnoBecomesAKind) {
  EXPECT_EQ(kind_of_errno(ENOENT), ErrorKind::kNotFound);
  EXPECT_EQ(kind_of_errno(ENOTDIR), ErrorKind::kNotFound);
  for (int number : {EACCES, EPERM, EROFS}) {
    EXPECT_EQ(kind_of_errno(number), ErrorKind::kAccessDenied);
  }
  for (int number : {ENOSPC, EDQUOT}) EXPECT_EQ(kind_of_errno(number), ErrorKind::kNoSpace);
  EXPECT_EQ(kind_of_errno(EEXIST), ErrorKind::kPreconditionFailed);
  EXPECT_EQ(kind_of_errno(ENOTEMPTY), ErrorKind::kPreconditionFailed);
  for (int number : {EINTR, EAGAIN, ECONNREFUSED, ECONNRESET, ETIMEDOUT, EPIPE, EMFILE}) {
    EXPECT_EQ(kind_of_errno(number), ErrorKind::kUnavailable);
  }
  EXPECT_EQ(kind_of_errno(ENAMETOOLONG), ErrorKind::kInvalidArgument);
  EXPECT_EQ(kind_of_errno(EOPNOTSUPP), ErrorKind::kUnsupported);
  EXPECT_EQ(kind_of_errno(EIO), ErrorKind::kFailed);
}

TEST(Error, ExitCodes) {
  EXPECT_EQ(exit_code(ErrorKind::kInvalidArgument), 2);
  EXPECT_EQ(exit_code(ErrorKind::kNotFound), 3);
  EXPECT_EQ(exit_code(ErrorKind::kRefused), 4);
  EXPECT_EQ(exit_code(ErrorKind::kCorrupt), 5);
  for (ErrorKind kind :
       {ErrorKind::kFailed, ErrorKind::kUnavailable, ErrorKind::kNoSpace, ErrorKind::kAccessDenied,
        ErrorKind::kCancelled, ErrorKind::kDeadlineExceeded, ErrorKind::kPreconditionFailed}) {
    EXPECT_EQ(exit_code(kind), 1);
  }
}

}  // namespace
}  // namespace holdfast
