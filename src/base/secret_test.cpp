#include "base/secret.h"

#include <cstring>
#include <gtest/gtest.h>
#include <new>

namespace holdfast {
namespace {

TEST(Secret, ShowsStarsOnlyWhenThereIsSomething) {
  EXPECT_EQ(Secret().shown(), "");
  EXPECT_EQ(Secret("").shown(), "");
  EXPECT_TRUE(Secret("").empty());
  EXPECT_EQ(Secret("password").shown(), "***");
  EXPECT_EQ(Secret("password").reveal(), "password");
}

TEST(Secret, ComparesByValue) {
  EXPECT_EQ(Secret("a"), Secret("a"));
  EXPECT_NE(Secret("a"), Secret("b"));
}

TEST(Secret, CopiesAreIndependent) {
  Secret first("first");
  Secret second = first;
  first = Secret("other");
  EXPECT_EQ(second.reveal(), "first");
  Secret& same = second;
  second = same;
  EXPECT_EQ(second.reveal(), "first");
}

// A short text lies inside the object itself, so that what is left of it can be looked at.
TEST(Secret, IsWipedWhenItGoesOrIsReplaced) {
  const char text[] = "hunter2hunter2";
  alignas(Secret) unsigned char memory[sizeof(Secret)];
  auto holds_text = [&] { return memmem(memory, sizeof memory, text, 7) != nullptr; };
  auto* secret = new (memory) Secret(text);
  ASSERT_TRUE(holds_text());
  *secret = Secret("x");
  EXPECT_FALSE(holds_text());
  *secret = Secret(text);
  ASSERT_TRUE(holds_text());
  secret->~Secret();
  EXPECT_FALSE(holds_text());
}

TEST(EqualInConstantTime, ComparesEveryByte) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("abc", "bbc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "ab"));
  EXPECT_FALSE(equal_in_constant_time("", "a"));
  EXPECT_FALSE(equal_in_constant_time(std::string_view("a\0b", 3), std::string_view("a\0c", 3)));
  EXPECT_FALSE(equal_in_constant_time("\x80", "\x7f"));
}

}  // namespace
}  // namespace holdfast
