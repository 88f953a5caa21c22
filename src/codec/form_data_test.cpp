#include "codec/form_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace holdfast::codec {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

constexpr std::size_t kLimit = 20 * 1024;

// Gives at most `step` bytes a read, so that every boundary is met in the middle of a block.
class Slow : public Source {
 public:
  Slow(std::string text, std::size_t step) : text_(std::move(text)), step_(step) {}
  std::size_t read(std::span<char> into) override {
    const std::size_t count = std::min({into.size(), step_, text_.size() - at_});
    std::copy_n(text_.data() + at_, count, into.data());
    at_ += count;
    return count;
  }

 private:
  std::string text_;
  std::size_t step_, at_ = 0;
};

std::string field(const std::string& name, const std::string& value, const std::string& more = "") {
  return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"" + more + "\r\n\r\n" +
         value + "\r\n";
}
const char kEnd[] = "--b--\r\n";

std::string code_of(const std::string& text, std::size_t limit = kLimit) {
  try {
    Slow wire(text, 7);
    FormData form(wire, "b", limit);
    read_all(form, 1 << 20);
  } catch (const InvalidArgument& error) {
    return std::string(error.code());
  }
  return "";
}

TEST(FormData, GivesTheFieldsAndThenTheFile) {
  const std::string file = "two\r\nlines\r\n--bare\r\n--";
  const std::string text = "preamble\r\n" + field("Key", "a/b") + field("x-amz-meta-é", "") +
                           field("File", file, "; filename=\"C:\\dir\\na\\\"me.txt\"") +
                           field("submit", "ignored") + kEnd;
  for (std::size_t step : {1, 2, 3, 5, 64, 100'000}) {
    Slow wire(text, step);
    FormData form(wire, "b", kLimit);
    EXPECT_THAT(form.fields(), ElementsAre(Pair("key", "a/b"), Pair("x-amz-meta-é", "")));
    EXPECT_EQ(form.file_name(), "na\"me.txt");
    EXPECT_EQ(read_all(form, 1000), file) << step;
    EXPECT_EQ(form.size(), 0u);
  }
}

TEST(FormData, KnowsTheSizeOfAShortFileAtOnceAndOfALongOneAtItsEnd) {
  Slow shorter(field("file", "12345") + kEnd, 100'000);
  EXPECT_EQ(FormData(shorter, "b", kLimit).size(), 5u);
  const std::string bytes(1'000'000, 'x');
  Slow longer(field("file", bytes) + kEnd, 100'000);
  FormData form(longer, "b", kLimit);
  EXPECT_EQ(form.size(), std::nullopt);
  EXPECT_EQ(read_all(form, 2'000'000), bytes);
  EXPECT_EQ(form.size(), 0u);
  Slow empty(field("file", "") + kEnd, 3);
  FormData none(empty, "b", kLimit);
  EXPECT_EQ(read_all(none, 10), "");
}

TEST(FormData, RefusesWhatIsBroken) {
  EXPECT_EQ(code_of(field("key", "a") + kEnd), kNoFile);
  EXPECT_EQ(code_of(kEnd), kNoFile);
  for (const std::string& text :
       {std::string(), std::string("no boundary at all"), field("key", "a"), field("file", "cut"),
        field("file", "cut") + "--", field("file", "cut") + "--b",
        field("file", "cut") + "--bare\r\n", std::string("--b\r\n\r\nno head\r\n--b--"),
        std::string("--b\r\nno colon\r\n\r\nx\r\n--b--"), std::string("--bX\r\n"),
        std::string("--b\r\nContent-Disposition: form-data; name=\"open\r\n\r\nx\r\n--b--"),
        std::string("--b\r\nContent-Disposition: form-data; name\r\n\r\nx\r\n--b--"),
        std::string("--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--")}) {
    EXPECT_EQ(code_of(text), kMalformedForm) << text;
  }
}

TEST(FormData, BoundsWhatStandsBeforeTheFile) {
  const std::string good = field("key", std::string(900, 'k')) + field("file", "x") + kEnd;
  EXPECT_EQ(code_of(good, 1024), "");
  EXPECT_EQ(code_of(field("key", std::string(1100, 'k')) + field("file", "x") + kEnd, 1024),
            kFieldsTooLarge);
  EXPECT_EQ(code_of(std::string(2000, 'p') + "\r\n" + good, 1024), kFieldsTooLarge);
  EXPECT_EQ(code_of("--b\r\n" + std::string(2000, 'h'), 1024), kFieldsTooLarge);
  // The file itself is the storage's to bound.
  EXPECT_EQ(code_of(field("file", std::string(100'000, 'x')) + kEnd, 1024), "");
}

TEST(FormData, ReadsTheBoundaryOfItsType) {
  EXPECT_EQ(form_boundary("multipart/form-data; boundary=abc"), "abc");
  EXPECT_EQ(form_boundary("Multipart/Form-Data; charset=utf-8; Boundary=\"a b:c\""), "a b:c");
  EXPECT_EQ(form_boundary("text/plain; boundary=abc"), std::nullopt);
  EXPECT_EQ(form_boundary("multipart/form-data-more; boundary=abc"), std::nullopt);
  for (const std::string type :
       {"multipart/form-data",
        "multipart/form-data; boundary=", "multipart/form-data; boundary=\"a",
        "multipart/form-data; boundary=\"a \"", "multipart/form-data; boundary=a\rb"}) {
    EXPECT_THROW(form_boundary(type), InvalidArgument) << type;
  }
  EXPECT_THROW(form_boundary("multipart/form-data; boundary=" + std::string(71, 'b')),
               InvalidArgument);
}

}  // namespace
}  // namespace holdfast::codec
