#include "codec/graph_check.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <optional>
#include <vector>

#include "base/error.h"
#include "codec/inflate.h"

namespace holdfast::codec {

namespace {

constexpr std::string_view kZstdMagic = "\x28\xB5\x2F\xFD";
constexpr std::size_t kFirstBuffer = 512u << 10;
constexpr std::string_view kAdvice = "take another copy of the file";

// A source with its first bytes, which were read before, in front again.
class Prepended : public Source {
 public:
  Prepended(std::string_view head, Source& rest) : head_(head), rest_(rest) {}
  std::size_t read(std::span<char> into) override {
    if (head_.empty()) return rest_.read(into);
    const std::size_t count = head_.copy(into.data(), into.size());
    head_.remove_prefix(count);
    return count;
  }

 private:
  std::string_view head_;
  Source& rest_;
};

class LineReader {
 public:
  LineReader(Source& source, const std::string& what, std::size_t longest)
      : source_(source), what_(what), longest_(longest), buffer_(kFirstBuffer) {}

  // Without its end; valid until the next call.
  std::optional<std::string_view> next() {
    std::size_t searched = begin_;
    for (;;) {
      const void* found = std::memchr(buffer_.data() + searched, '\n', end_ - searched);
      if (found) {
        const std::size_t end = std::size_t(static_cast<const char*>(found) - buffer_.data());
        std::string_view line(buffer_.data() + begin_, end - begin_);
        begin_ = end + 1;
        ++number_;
        return line;
      }
      const std::size_t length = end_ - begin_;
      if (!fill()) return std::nullopt;
      searched = begin_ + length;
    }
  }

  std::uint64_t number() const { return number_; }

 private:
  // False at the end of the file.
  bool fill() {
    std::copy(buffer_.begin() + std::ptrdiff_t(begin_), buffer_.begin() + std::ptrdiff_t(end_),
              buffer_.begin());
    end_ -= begin_;
    begin_ = 0;
    if (end_ > longest_) {
      throw Unsupported(what_,
                        fmt::format("line {} is longer than {} bytes", number_ + 1, longest_),
                        "a vertex with that many edges cannot be read");
    }
    if (end_ == buffer_.size()) buffer_.resize(2 * buffer_.size());
    const std::size_t count = source_.read(std::span(buffer_).subspan(end_));
    end_ += count;
    if (count > 0) return true;
    if (end_ == 0) return false;
    throw Corrupt(
        what_,
        fmt::format("it is cut short: line {} breaks off after column {}", number_ + 1, end_),
        std::string(kAdvice));
  }

  Source& source_;
  const std::string& what_;
  std::size_t longest_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;  // of what is not given out yet
  std::uint64_t number_ = 0;         // of the line that was given out last
};

void read_lines(Source& source, const std::string& what, const GraphLineVisitor& visit,
                const GraphFileLimits& limits) {
  LineReader lines(source, what, limits.longest_line);
  GraphLine line;
  while (const std::optional<std::string_view> text = lines.next()) {
    const JsonOrigin origin{what, lines.number(), *text};
    read_graph_line(*text, origin, line);
    visit(line, origin);
  }
}

}  // namespace

void read_graph_file(Source& source, const std::string& what, const GraphLineVisitor& visit,
                     const GraphFileLimits& limits) {
  std::array<char, 4> head{};
  static_assert(head.size() == kZstdMagic.size());
  const std::string_view first(head.data(), read_full(source, head));
  Prepended whole(first, source);
  if (first != kZstdMagic) return read_lines(whole, what, visit, limits);
  InflateSource plain(whole, Compression::kZstd, what);
  read_lines(plain, what, visit, limits);
}

GraphSummary check_graph_file(Source& source, const std::string& what,
                              const GraphFileLimits& limits) {
  GraphHash hash;
  read_graph_file(
      source, what,
      [&](const GraphLine& line, const JsonOrigin& origin) { hash.add(line, origin); }, limits);
  if (!hash.is_whole()) {
    throw Corrupt(what, "vertices are missing or damaged: " + hash.why_not_whole(),
                  std::string(kAdvice));
  }
  return hash.finish();
}

}  // namespace holdfast::codec
