#include "codec/graph_check.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <optional>
#include <vector>

#include "base/error.h"
#include "codec/city_hash.h"
#include "codec/inflate.h"

namespace holdfast::codec {

namespace {

constexpr std::string_view kZstdMagic = "\x28\xB5\x2F\xFD";
constexpr std::size_t kFirstBuffer = 512u << 10;
constexpr std::string_view kWriteAnew =
    "only GraphSON 3 adjacency lines can be read: write the file anew with it";
constexpr std::string_view kAdvice = "take another copy of the file";

// How other files begin that may be taken for one of these.
struct Kind {
  std::string_view first, name;
};
constexpr std::array<Kind, 3> kOtherKinds = {
    {{"<", "GraphML"}, {"gio", "Gryo"}, {"\x1F\x8B", "compressed with gzip"}}};

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

// Knows ids again by their hashes: all of them while they are few, then only those whose hash ends
// in more and more zero bits.
class SeenIds {
 public:
  explicit SeenIds(std::size_t most) : most_slots_(2 * most) {}

  // Whether it was added before.
  bool add(Hash128 hash) {
    if ((hash.high & mask_) != 0) return false;
    if (hash == Hash128{}) hash.low = 1;  // zeros are an empty slot
    if (2 * count_ >= slots_.size()) make_room();
    // Ids may be chosen so that no hash goes: then there is no room, and they are not looked at.
    if ((hash.high & mask_) != 0 || 2 * count_ >= slots_.size()) return false;
    Hash128& slot = slot_of(slots_, hash);
    if (slot == hash) return true;
    slot = hash;
    ++count_;
    return false;
  }

 private:
  static Hash128& slot_of(std::vector<Hash128>& slots, const Hash128& hash) {
    std::size_t at = hash.low & (slots.size() - 1);
    while (slots[at] != Hash128{} && slots[at] != hash) at = (at + 1) & (slots.size() - 1);
    return slots[at];
  }

  void make_room() {
    if (slots_.size() == most_slots_) mask_ = mask_ << 1 | 1;
    std::vector<Hash128> slots(std::min(2 * slots_.size(), most_slots_));
    count_ = 0;
    for (const Hash128& hash : slots_) {
      if (hash == Hash128{} || (hash.high & mask_) != 0) continue;
      slot_of(slots, hash) = hash;
      ++count_;
    }
    slots_.swap(slots);
  }

  const std::size_t most_slots_;
  std::vector<Hash128> slots_ = std::vector<Hash128>(64);
  std::size_t count_ = 0;
  std::uint64_t mask_ = 0;
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
      refuse_wrapped();
      throw Unsupported(what_,
                        fmt::format("line {} is longer than {} bytes", number_ + 1, longest_),
                        "a vertex with that many edges cannot be read");
    }
    if (end_ == buffer_.size()) buffer_.resize(2 * buffer_.size());
    const std::size_t count = source_.read(std::span(buffer_).subspan(end_));
    end_ += count;
    if (count > 0) return true;
    if (end_ == 0) return false;
    refuse_wrapped();
    throw Corrupt(
        what_,
        fmt::format("it is cut short: line {} breaks off after column {}", number_ + 1, end_),
        std::string(kAdvice));
  }

  // A graph in one object has no line ends at all.
  void refuse_wrapped() const {
    if (number_ > 0 || !std::string_view(buffer_.data(), end_).starts_with("{\"vertices\":"))
      return;
    throw Unsupported(what_, "the whole graph is one object, not a line a vertex",
                      std::string(kWriteAnew));
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
  for (const Kind& kind : kOtherKinds) {
    if (!first.starts_with(kind.first)) continue;
    throw Unsupported(what, fmt::format("it is {}", kind.name), std::string(kWriteAnew));
  }
  Prepended whole(first, source);
  if (first != kZstdMagic) return read_lines(whole, what, visit, limits);
  InflateSource plain(whole, Compression::kZstd, what);
  read_lines(plain, what, visit, limits);
}

GraphSummary check_graph_file(Source& source, const std::string& what,
                              const GraphFileLimits& limits) {
  GraphHash hash;
  SeenIds seen(limits.seen_ids);
  std::string id, unknown;
  auto visit = [&](const GraphLine& line, const JsonOrigin& origin) {
    hash.add(line, origin);
    id.clear();
    append_canonical(line.id, origin, unknown, id);
    if (seen.add(city_hash128(id))) {
      throw Corrupt(what,
                    fmt::format("the vertex {} is there twice (line {})", line.id, origin.line),
                    "remove the second one");
    }
  };
  read_graph_file(source, what, visit, limits);
  if (!hash.is_whole()) {
    throw Corrupt(what, "vertices are missing or damaged: " + hash.why_not_whole(),
                  std::string(kAdvice));
  }
  return hash.finish();
}

}  // namespace holdfast::codec
