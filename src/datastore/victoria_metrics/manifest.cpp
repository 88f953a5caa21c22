#include "datastore/victoria_metrics/manifest.h"

#include <array>
#include <fmt/format.h>
#include <vector>
#include <zstd.h>

#include "base/error.h"
#include "codec/text.h"
#include "datastore/victoria_metrics/manifest_header.h"

namespace holdfast::datastore::vm {

namespace {

constexpr int kLevel = 3;
constexpr int kLargestWindow = 23;  // 2^23 bytes: what a hostile manifest may make us allocate
constexpr std::size_t kLongestLine = 2 * kLongestContent;
constexpr std::string_view kEnd = "end\t";

}  // namespace

struct ManifestWriter::Compressor {
  std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> context{ZSTD_createCCtx(),
                                                                  &ZSTD_freeCCtx};
  std::vector<char> out = std::vector<char>(ZSTD_CStreamOutSize());
};

ManifestWriter::ManifestWriter(Spool& out, const ManifestHeader& header)
    : out_(out),
      compressor_(std::make_unique<Compressor>()),
      plain_digest_(codec::DigestAlgorithm::kSha256),
      digest_(codec::DigestAlgorithm::kSha256) {
  ZSTD_CCtx_setParameter(compressor_->context.get(), ZSTD_c_compressionLevel, kLevel);
  std::string line = format_header(header) + "\n";
  plain_digest_.update(line);
  plain(line, true);  // a frame of its own: it can be read from the object's first bytes
}

ManifestWriter::~ManifestWriter() = default;

void ManifestWriter::plain(std::string_view text, bool end_frame) {
  ZSTD_inBuffer in{text.data(), text.size(), 0};
  std::size_t left = 1;
  while (in.pos < in.size || (end_frame && left > 0)) {
    ZSTD_outBuffer out{compressor_->out.data(), compressor_->out.size(), 0};
    left = ZSTD_compressStream2(compressor_->context.get(), &out, &in,
                                end_frame ? ZSTD_e_end : ZSTD_e_continue);
    if (ZSTD_isError(left)) throw Failed("compress a manifest", ZSTD_getErrorName(left));
    std::string_view bytes(compressor_->out.data(), out.pos);
    digest_.update(bytes);
    out_.add_bytes(bytes);
  }
}

void ManifestWriter::add(const ManifestEntry& entry) {
  std::string name = entry.piece.name();
  if (name <= last_name_) throw Failed("write a manifest", "entries are out of order");
  std::string line = format_entry(entry) + '\n';
  plain_digest_.update(line);
  plain(line, false);
  last_name_ = std::move(name);
  count_ += 1;
  bytes_ += entry.piece.size;
}

std::string ManifestWriter::finish() {
  std::string hash = codec::to_hex(plain_digest_.finish());
  plain(fmt::format("{}{}\t{}\t{}\n", kEnd, count_, bytes_, hash), true);
  return codec::to_hex(digest_.finish());
}

struct ManifestReader::Decompressor {
  std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context{ZSTD_createDCtx(),
                                                                  &ZSTD_freeDCtx};
  std::vector<char> in = std::vector<char>(ZSTD_DStreamInSize());
  std::size_t in_size = 0, in_position = 0;
  bool frame_is_whole = false;
  std::string plain;
  std::size_t start = 0;
};

ManifestReader::ManifestReader(Source& source, std::string name)
    : source_(source),
      name_(std::move(name)),
      decompressor_(std::make_unique<Decompressor>()),
      plain_digest_(codec::DigestAlgorithm::kSha256) {
  ZSTD_DCtx_setParameter(decompressor_->context.get(), ZSTD_d_windowLogMax, kLargestWindow);
  std::string first = line();
  try {
    header_ = parse_header(first);
  } catch (const InvalidArgument& error) {
    corrupt(error.reason());
  }
  plain_digest_.update(first + "\n");
}

ManifestReader::~ManifestReader() = default;

void ManifestReader::corrupt(const std::string& why) const {
  throw Corrupt("read the manifest " + name_, why,
                "the next backup run writes a new one; vmrestore can restore without it");
}

bool ManifestReader::more_plain() {
  Decompressor& state = *decompressor_;
  if (state.in_position == state.in_size) {
    state.in_size = source_.read(state.in);
    state.in_position = 0;
    if (state.in_size == 0) return false;
  }
  std::array<char, 64 << 10> buffer;
  ZSTD_inBuffer in{state.in.data(), state.in_size, state.in_position};
  ZSTD_outBuffer out{buffer.data(), buffer.size(), 0};
  std::size_t result = ZSTD_decompressStream(state.context.get(), &out, &in);
  if (ZSTD_isError(result)) corrupt(ZSTD_getErrorName(result));
  state.frame_is_whole = result == 0;
  state.in_position = in.pos;
  state.plain.append(buffer.data(), out.pos);
  return true;
}

std::string ManifestReader::line() {
  Decompressor& state = *decompressor_;
  while (true) {
    std::size_t end = state.plain.find('\n', state.start);
    if (end != std::string::npos) {
      std::string out = state.plain.substr(state.start, end - state.start);
      state.start = end + 1;
      return out;
    }
    state.plain.erase(0, state.start);
    state.start = 0;
    if (state.plain.size() > kLongestLine) corrupt("a line is too long");
    if (!more_plain()) corrupt("it is cut off");
  }
}

std::optional<ManifestEntry> ManifestReader::next() {
  if (ended_) return std::nullopt;
  std::string text = line();
  if (text.starts_with(kEnd)) {
    check_end(text);
    ended_ = true;
    return std::nullopt;
  }
  plain_digest_.update(text);
  plain_digest_.update("\n");
  auto entry = parse_entry(text);
  if (!entry) corrupt("an entry is malformed");
  std::string name = entry->piece.name();
  if (name <= last_name_) corrupt("entries are out of order");
  last_name_ = std::move(name);
  count_ += 1;
  bytes_ += entry->piece.size;
  return entry;
}

void ManifestReader::check_end(const std::string& text) {
  std::string expected =
      fmt::format("{}{}\t{}\t{}", kEnd, count_, bytes_, codec::to_hex(plain_digest_.finish()));
  if (text != expected) corrupt("its checksum is wrong");
  bool follows = decompressor_->start != decompressor_->plain.size();
  decompressor_->plain.clear();
  decompressor_->start = 0;
  while (!follows && more_plain()) follows = !decompressor_->plain.empty();
  if (follows || !decompressor_->frame_is_whole) corrupt("its end is not where it should be");
}

}  // namespace holdfast::datastore::vm
