#include "codec/graph_check.h"

#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <zstd.h>

#include "base/error.h"

namespace holdfast::codec {
namespace {

const std::string kWhat = "read graph file x";

// Written by TinkerPop 3.7.3: tests/data/graphson/README.md.
std::string file(const std::string& name) {
  const char* root = std::getenv("HOLDFAST_SOURCE_DIR");
  std::ifstream in(std::string(root ? root : ".") + "/tests/data/graphson/" + name,
                   std::ios::binary);
  EXPECT_TRUE(in) << name;
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string compressed(std::string_view bytes) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), 3));
  return out;
}

// Gives its bytes in pieces of one size.
class Pieces : public MemorySource {
 public:
  Pieces(std::string_view bytes, std::size_t piece) : MemorySource(bytes), piece_(piece) {}
  std::size_t read(std::span<char> into) override {
    return MemorySource::read(into.subspan(0, std::min(piece_, into.size())));
  }

 private:
  std::size_t piece_;
};

GraphSummary check(std::string_view bytes) {
  MemorySource source(bytes);
  return check_graph_file(source, kWhat);
}

template <typename Kind>
void expect_refused(std::string_view bytes, const std::string& line) {
  try {
    const GraphSummary summary = check(bytes);
    ADD_FAILURE() << "read with the hash " << summary.hash << ", expected: " << line;
  } catch (const Kind& error) {
    EXPECT_EQ(error.to_string(), kWhat + ": " + line);
  }
}

TEST(GraphCheck, ReadsAFileOfTinkerPopWithAllTypes) {
  const GraphSummary summary = check(file("all-types.graph"));
  EXPECT_EQ(summary.counts, (GraphCounts{4, 5, 49, 2, 48}));
  EXPECT_EQ(summary.unknown_type, "");
  EXPECT_EQ(summary.hash, "598fe890088ca4a00a71bb0b1a10de4bca457640b564c72bc7f9fe719b3d7b41");
}

// The same graph after TinkerPop has read and written it: other order of lines, edges, sets, maps.
TEST(GraphCheck, KnowsAGraphAgainThatTinkerPopHasReadAndWritten) {
  const std::string first = file("all-types.graph"), again = file("all-types-read-again.graph");
  EXPECT_NE(first, again);
  EXPECT_EQ(check(first), check(again));
}

TEST(GraphCheck, WritesTheLinesOfTinkerPopAsTheyAre) {
  std::string rewritten;
  const std::string bytes = file("all-types.graph");
  MemorySource source(bytes);
  read_graph_file(source, kWhat, [&](const GraphLine& line, const JsonOrigin&) {
    append_graph_line(line, rewritten);
  });
  EXPECT_EQ(rewritten, bytes);
}

TEST(GraphCheck, TakesPiecesOfAnySize) {
  const std::string bytes = file("all-types.graph");
  for (std::size_t piece : {1, 2, 3, 5, 1000}) {
    Pieces source(bytes, piece);
    EXPECT_EQ(check_graph_file(source, kWhat), check(bytes)) << piece;
  }
}

TEST(GraphCheck, ReadsZstdToo) {
  const std::string bytes = file("all-types.graph"), small = compressed(bytes);
  EXPECT_EQ(check(small), check(bytes));
  EXPECT_EQ(check(compressed("")), check(""));
  Pieces source(small, 1);
  EXPECT_EQ(check_graph_file(source, kWhat), check(bytes));
  EXPECT_THROW(check(std::string_view(small).substr(0, small.size() - 1)), Corrupt);
  EXPECT_THROW(check(compressed("{\"id\":1")), Corrupt);
}

TEST(GraphCheck, AnEmptyFileHoldsNothing) { EXPECT_EQ(check("").counts, GraphCounts{}); }

// However a file is cut, it is found, but for whole lines behind which no edge is open: only what
// was recorded of the file tells that.
TEST(GraphCheck, FindsEveryCut) {
  const std::string bytes = file("all-types.graph");
  std::vector<std::size_t> found_whole;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    // Inside a line one place is like another.
    if (size % 10 != 0 && bytes[size] != '\n' && bytes[size - 1] != '\n') continue;
    try {
      check(std::string_view(bytes).substr(0, size));
      found_whole.push_back(size);
    } catch (const Corrupt& error) {
      EXPECT_EQ(error.subject(), kWhat);
    }
  }
  EXPECT_EQ(found_whole, std::vector<std::size_t>{0});
}

TEST(GraphCheck, SaysWhereAFileIsCut) {
  expect_refused<Corrupt>("{\"id\":1,\"label\":\"a\"}\n{\"id\":2",
                          "it is cut short: line 2 breaks off after column 7; take another copy of "
                          "the file");
  expect_refused<Corrupt>(
      "{\"id\":1,\"label\":\"a\",\"outE\":{\"e\":[{\"id\":3,\"inV\":2}]}}\n",
      "vertices are missing or damaged: 1 edges leave a vertex, but 0 come in at one; take another "
      "copy of the file");
}

TEST(GraphCheck, SaysWhereAFileIsDamaged) {
  const std::string good = "{\"id\":1,\"label\":\"a\"}\n";
  expect_refused<Corrupt>(good + "\n" + good, "the line is not an object (line 2, column 1)");
  expect_refused<Corrupt>(good + std::string(16, '\0') + "\n",
                          "the line is not an object (line 2, column 1)");
  expect_refused<Corrupt>(good + "{\"id\":1,\"label\":\"\xFF\"}\n",
                          "the text is not UTF-8 (line 2, column 18)");
  expect_refused<Corrupt>(good + "{\"id\":2,\"label\":\"a\"}\n" +
                              "{\"id\":{\"@type\":\"g:Int32\",\"@value\":1.5},\"label\":\"a\"}\n",
                          "there is no such g:Int32 (line 3, column 35)");
}

TEST(GraphCheck, TellsFilesOfOtherKindsApart) {
  expect_refused<Unsupported>(
      "{\"vertices\":[{\"id\":1}]}\n",
      "the whole graph is one object, not a line a vertex (line 1); only "
      "GraphSON 3 adjacency lines can be read: write the file anew with it");
  expect_refused<Unsupported>(
      "{\"vertices\":[{\"id\":1}]}",
      "the whole graph is one object, not a line a vertex; only "
      "GraphSON 3 adjacency lines can be read: write the file anew with it");
  expect_refused<Corrupt>(
      "{\"id\":1,\"label\":\"a\"}\n{\"vertices\":[",
      "it is cut short: line 2 breaks off after column 13; take another copy of "
      "the file");
  const std::string advice =
      "; only GraphSON 3 adjacency lines can be read: write the file anew with it";
  expect_refused<Unsupported>("<?xml version=\"1.0\" ?><graphml", "it is GraphML" + advice);
  expect_refused<Unsupported>(std::string("gio\0\0\0", 6), "it is Gryo" + advice);
  expect_refused<Unsupported>("\x1F\x8B\x08", "it is compressed with gzip" + advice);
  expect_refused<Corrupt>("id;label\n1;a\n", "the line is not an object (line 1, column 1)");
}

// Every byte matters, but for digits that a double does not keep.
TEST(GraphCheck, FindsEveryChangedLetter) {
  const std::string bytes = file("all-types.graph");
  const GraphSummary expected = check(bytes);
  for (std::size_t i = 14; i < bytes.size(); i += 7) {
    std::string changed = bytes;
    changed[i] = changed[i] == '3' ? '4' : '3';
    try {
      if (check(changed) != expected) continue;
      const bool is_rounded =
          std::string_view(bytes).substr(i - 8, 16).find("4.9E-324") != bytes.npos;
      EXPECT_TRUE(is_rounded) << changed.substr(i - 8, 16);
    } catch (const Corrupt&) {
    } catch (const Unsupported&) {
    }
  }
}

TEST(GraphCheck, FindsAVertexThatIsThereTwice) {
  const std::string bytes = file("all-types.graph");
  const std::size_t first_line = bytes.find('\n') + 1;
  expect_refused<Corrupt>(
      bytes + bytes.substr(0, first_line),
      R"(the vertex {"@type":"g:Int64","@value":1} is there twice (line 5); remove the second one)");
  // 1 as Int32 and as Int64 are two ids.
  EXPECT_EQ(check("{\"id\":1,\"label\":\"a\"}\n"
                  R"({"id":{"@type":"g:Int64","@value":1},"label":"a"})"
                  "\n")
                .counts.vertices,
            2u);
}

// Beyond what is held of each: a file that somebody has put behind itself.
TEST(GraphCheck, FindsTheVerticesOfALargeFileTwice) {
  std::string lines;
  for (int id = 0; id < 3000; ++id) {
    lines += "{\"id\":" + std::to_string(id) + ",\"label\":\"\"}\n";
  }
  const std::string twice = lines + lines;
  const GraphFileLimits limits{.seen_ids = 256};
  MemorySource once(lines), source(twice);
  EXPECT_EQ(check_graph_file(once, kWhat, limits).counts.vertices, 3000u);
  try {
    check_graph_file(source, kWhat, limits);
    ADD_FAILURE() << "it was read";
  } catch (const Corrupt& error) {
    EXPECT_NE(error.to_string().find("is there twice (line 30"), std::string::npos)
        << error.to_string();
  }
}

TEST(GraphCheck, BoundsTheLine) {
  const std::string line = "{\"id\":1,\"label\":\"" + std::string(2'000'000, 'x') + "\"}\n";
  EXPECT_EQ(check(line).counts.vertices, 1u);
  const std::string wrapped = "{\"vertices\":[" + line + "]}";
  MemorySource source(line), object(wrapped);
  try {
    check_graph_file(object, kWhat, {.longest_line = 1'000'000});
    ADD_FAILURE() << "it was read";
  } catch (const Unsupported& error) {
    EXPECT_EQ(error.reason(), "the whole graph is one object, not a line a vertex");
  }
  try {
    check_graph_file(source, kWhat, {.longest_line = 1'000'000});
    ADD_FAILURE() << "it was read";
  } catch (const Unsupported& error) {
    EXPECT_EQ(error.to_string(), kWhat +
                                     ": line 1 is longer than 1000000 bytes; a vertex with that "
                                     "many edges cannot be read");
  }
}

}  // namespace
}  // namespace holdfast::codec
