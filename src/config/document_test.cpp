#include "config/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::config {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

SyntaxError error_of(std::string_view text, const DocumentLimits& limits = {}) {
  try {
    parse_document(text, limits);
  } catch (const SyntaxError& error) {
    return error;
  }
  ADD_FAILURE() << "read: " << text.substr(0, 200);
  return {};
}

const Node& at(const NodePtr& node, const std::string& key) {
  for (const Entry& entry : node->entries) {
    if (entry.key == key) return *entry.value;
  }
  ADD_FAILURE() << "no " << key;
  return *node;
}

TEST(Document, KeepsKindsTextsQuotesAndPlaces) {
  const NodePtr root =
      parse_document("a: 1\nb: '1'\nc:\n  - x\n  - [y, ~]\nd:\n  e: |\n    two\n    lines\nf:\n");
  ASSERT_EQ(root->kind, Node::Kind::kMap);
  EXPECT_THAT(root->entries, SizeIs(5));
  EXPECT_EQ(at(root, "a").text, "1");
  EXPECT_FALSE(at(root, "a").quoted);
  EXPECT_TRUE(at(root, "b").quoted);
  EXPECT_EQ(at(root, "b").line, 2);
  EXPECT_EQ(at(root, "b").column, 4);
  EXPECT_EQ(at(root, "c").kind, Node::Kind::kList);
  ASSERT_THAT(at(root, "c").items, SizeIs(2));
  EXPECT_EQ(at(root, "c").items[1]->items[1]->kind, Node::Kind::kNull);
  EXPECT_EQ(at(root, "f").kind, Node::Kind::kNull);
  EXPECT_EQ(root->entries[3].line, 6);
  EXPECT_EQ(at(parse_document("d:\n  e: |\n    two\n    lines\n")->entries[0].value, "e").text,
            "two\nlines\n");
  EXPECT_EQ(root->height, 3u);
}

TEST(Document, NothingIsNull) {
  for (const char* text : {"", "   \n", "# only a comment\n", "---\n", "---\n...\n"}) {
    EXPECT_EQ(parse_document(text)->kind, Node::Kind::kNull) << text;
  }
}

TEST(Document, TagsDecideAboutTexts) {
  const NodePtr root = parse_document("{a: !!str true, b: !!bool true, c: !!int 5, d: !mine x}");
  EXPECT_TRUE(at(root, "a").quoted);
  EXPECT_FALSE(at(root, "b").quoted);
  EXPECT_FALSE(at(root, "c").quoted);
  EXPECT_TRUE(at(root, "d").quoted);
}

TEST(Document, DoublesAreKeptForTheReaderToJudge) {
  EXPECT_THAT(parse_document("{a: 1, a: 2}")->entries, SizeIs(2));
}

TEST(Document, AnAliasIsTheSameNode) {
  const NodePtr root = parse_document("a: &x {k: v}\nb: *x\n");
  EXPECT_EQ(&at(root, "a"), &at(root, "b"));
}

TEST(Document, MergeKeysGiveWhatTheMappingHasNot) {
  const NodePtr root = parse_document(
      "x: &x {k: x, l: x}\ny: &y {l: y, m: y}\none: {<<: *x, k: own}\nmany: {<<: [*x, *y]}\n");
  EXPECT_EQ(at(root, "one").entries[0].value->text, "own");
  EXPECT_FALSE(at(root, "one").entries[0].merged);
  EXPECT_EQ(at(root, "one").entries[1].value->text, "x");
  EXPECT_TRUE(at(root, "one").entries[1].merged);
  ASSERT_THAT(at(root, "many").entries, SizeIs(3));
  EXPECT_EQ(at(root, "many").entries[1].value->text, "x") << "the first named wins";
  EXPECT_EQ(at(root, "many").entries[2].key, "m");
}

TEST(Document, AQuotedMergeSignIsAName) {
  EXPECT_EQ(parse_document("{'<<': 1}")->entries[0].key, "<<");
}

TEST(Document, AMergeKeyMustNameAMapping) {
  EXPECT_THAT(error_of("a: 1\nb:\n  <<: text\n").why, HasSubstr("merge key"));
  EXPECT_EQ(error_of("a: 1\nb:\n  <<: text\n").line, 3);
  EXPECT_THAT(error_of("b: {<<: [text]}").why, HasSubstr("merge key"));
}

TEST(Document, AnAliasInsideItsAnchorIsRefused) {
  EXPECT_THAT(error_of("a: &x [*x]").why, HasSubstr("inside what it names"));
  EXPECT_THAT(error_of("a: &x {b: {c: *x}}").why, HasSubstr("inside what it names"));
}

TEST(Document, SyntaxErrorsHaveTheirLine) {
  EXPECT_EQ(error_of("a: 1\nb: [\n").line, 3);
  EXPECT_EQ(error_of("a: 1\nb: *nowhere\n").line, 2);
  EXPECT_THAT(error_of("a: b: c\n").why, HasSubstr("not YAML"));
}

TEST(Document, ASecondDocumentIsRefused) {
  EXPECT_THAT(error_of("a: 1\n---\nb: 2\n").why, HasSubstr("second YAML document"));
  EXPECT_EQ(error_of("a: 1\n---\nb: 2\n").line, 3);
  EXPECT_THAT(parse_document("a: 1\n---\n")->entries, SizeIs(1)) << "an empty one is none";
}

TEST(Document, SizeDepthAndNumberAreBounded) {
  DocumentLimits limits;
  EXPECT_THAT(error_of(std::string(limits.bytes + 1, ' ')).why, HasSubstr("bytes"));
  EXPECT_THAT(error_of(std::string(200, '[') + std::string(200, ']')).why, HasSubstr("nested"));
  EXPECT_EQ(parse_document(std::string(100, '[') + std::string(100, ']'))->kind, Node::Kind::kList);
  std::string many = "[";
  for (int i = 0; i < 200'000; ++i) many += "a,";
  EXPECT_THAT(error_of(many + "a]").why, HasSubstr("more than 200000 values"));
  limits.nodes = 3;
  EXPECT_NO_THROW(parse_document("[a, b]", limits));
  EXPECT_THAT(error_of("[a, b, c]", limits).why, HasSubstr("more than 3 values"));
}

// Nine levels of nine aliases would be 387 million values if they were written out.
TEST(Document, ABombOfAliasesStaysSmall) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int j = 0; j < 8; ++j) text += ", " + before;
    text += "]\n";
  }
  EXPECT_THAT(parse_document(text)->entries, SizeIs(10));
}

TEST(Document, AChainOfAliasesIsAsDeepAsWhatItNames) {
  std::string text = "a0: &a0 [x]\n";
  for (int i = 1; i < 20'000; ++i) {
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) +
            "]\n";
  }
  EXPECT_THAT(error_of(text).why, HasSubstr("nested more than 100 deep"));
}

TEST(Document, MergedMappingsCountEveryTime) {
  std::string text = "x: &x {";
  for (int i = 0; i < 1000; ++i) text += "k" + std::to_string(i) + ": 1, ";
  text += "}\n";
  for (int i = 0; i < 1000; ++i) text += "m" + std::to_string(i) + ": {<<: *x}\n";
  EXPECT_THAT(error_of(text).why, HasSubstr("more than 200000 values"));
}

TEST(Document, EqualityIsByContent) {
  EXPECT_TRUE(*parse_document("{a: [1, 2], b: c}") == *parse_document("a: ['1', '2']\nb: \"c\"\n"));
  EXPECT_FALSE(*parse_document("[1, 2]") == *parse_document("[1]"));
  EXPECT_FALSE(*parse_document("[1, 2]") == *parse_document("[1, 3]"));
  EXPECT_FALSE(*parse_document("{a: 1}") == *parse_document("{b: 1}"));
  EXPECT_FALSE(*parse_document("{a: 1}") == *parse_document("{a: 2}"));
  EXPECT_FALSE(*parse_document("a") == *parse_document("[a]"));
}

}  // namespace
}  // namespace holdfast::config
