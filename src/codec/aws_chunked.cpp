#include "codec/aws_chunked.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <vector>

#include "base/error.h"
#include "codec/digest.h"

namespace holdfast::codec {

namespace {

constexpr std::size_t kLongestHead = 256;
constexpr std::size_t kLongestTrailers = 4096;
constexpr std::uint64_t kLargestSignedChunk = 16 << 20;
constexpr std::size_t kBufferSize = 16 << 10;
constexpr std::string_view kChunkSignature = "chunk-signature=";
constexpr std::string_view kTrailerSignature = "x-amz-trailer-signature";

[[noreturn]] void incomplete(std::string why) {
  throw InvalidArgument::with_code("IncompleteBody", "read the chunked body", std::move(why));
}

[[noreturn]] void bad_size(std::string why) {
  throw InvalidArgument::with_code("InvalidChunkSizeError", "read the chunked body",
                                   std::move(why));
}

[[noreturn]] void wrong_signature(std::string why) {
  throw AccessDenied::with_code("SignatureDoesNotMatch", "read the chunked body", std::move(why));
}

// A buffered view of the framed bytes.
class Reader {
 public:
  explicit Reader(Source& source) : source_(source), buffer_(kBufferSize) {}

  // nullopt at the end.
  std::optional<char> next() {
    if (at_ == end_) {
      at_ = 0;
      end_ = source_.read(buffer_);
      if (end_ == 0) return std::nullopt;
    }
    return buffer_[at_++];
  }

  // Some bytes, at least one; a large request goes past the buffer.
  std::size_t read(std::span<char> into) {
    std::size_t count = std::min(into.size(), end_ - at_);
    if (count > 0) {
      std::memcpy(into.data(), buffer_.data() + at_, count);
      at_ += count;
    } else {
      count = source_.read(into);
    }
    if (count == 0) incomplete("it ends inside a chunk");
    return count;
  }

 private:
  Source& source_;
  std::vector<char> buffer_;
  std::size_t at_ = 0, end_ = 0;
};

// The next line up to LF, which is taken off together with a CR before it.
struct Line {
  std::string text;
  bool with_return = false;
};

Line read_line(Reader& reader, std::size_t limit, const char* what) {
  Line line;
  while (true) {
    std::optional<char> c = reader.next();
    if (!c) incomplete(std::string("it ends inside ") + what);
    if (*c == '\n') break;
    if (line.text.size() >= limit) incomplete(std::string(what) + " is too long");
    line.text += *c;
  }
  if (line.text.ends_with('\r')) {
    line.text.pop_back();
    line.with_return = true;
  }
  return line;
}

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

// `name:value` with the name in lower case.
std::pair<std::string, std::string> parse_trailer(std::string_view line) {
  std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) incomplete("a trailer is not name:value");
  std::string name(line.substr(0, colon));
  for (char& c : name) {
    if (c <= ' ' || c >= 0x7f) incomplete("a trailer's name is not a name");
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  std::string value(trim(line.substr(colon + 1)));
  bool plain = std::all_of(value.begin(), value.end(),
                           [](char c) { return c == '\t' || (c >= ' ' && c < 0x7f); });
  if (!plain) incomplete("a trailer's value holds more than printable ASCII");
  return {std::move(name), std::move(value)};
}

}  // namespace

struct AwsChunkedSource::State {
  enum class Step { kHead, kData, kDone, kBroken };

  State(Source& framed, std::optional<ChunkSigner> with_signer, bool with_trailer,
        std::uint64_t length)
      : reader(framed),
        signer(std::move(with_signer)),
        has_trailer(with_trailer),
        decoded_left(length) {}

  std::size_t read(std::span<char> into);
  Step begin_chunk();  // what comes next: kData or kDone
  void end_chunk();
  void finish();
  void read_trailers();
  void check_trailer_signature(const std::optional<std::string>& signature);
  void expect_line_end();

  Reader reader;
  std::optional<ChunkSigner> signer;
  bool has_trailer;
  std::uint64_t decoded_left;
  Step step = Step::kHead;
  std::uint64_t chunk_left = 0;
  std::string chunk_signature;
  Digest chunk_digest{DigestAlgorithm::kSha256};
  Headers trailers;
};

void AwsChunkedSource::State::expect_line_end() {
  if (reader.next() != '\r' || reader.next() != '\n') incomplete("a chunk does not end in CR LF");
}

AwsChunkedSource::State::Step AwsChunkedSource::State::begin_chunk() {
  Line line = read_line(reader, kLongestHead, "a chunk's head");
  if (!line.with_return) incomplete("a chunk's head does not end in CR LF");
  std::string_view head = line.text;
  std::size_t semicolon = head.find(';');
  std::string_view digits = head.substr(0, semicolon);
  const char* end = digits.data() + digits.size();
  auto parsed = std::from_chars(digits.data(), end, chunk_left, 16);
  if (digits.starts_with('-') || parsed.ec != std::errc() || parsed.ptr != end) {
    bad_size("a chunk's size is not a hexadecimal number");
  }
  if (signer) {
    if (chunk_left > kLargestSignedChunk) bad_size("a signed chunk is larger than 16 MiB");
    std::string_view extension =
        semicolon == std::string_view::npos ? std::string_view() : head.substr(semicolon + 1);
    if (!extension.starts_with(kChunkSignature)) wrong_signature("a chunk is not signed");
    chunk_signature = extension.substr(kChunkSignature.size());
  }
  if (chunk_left > decoded_left) incomplete("it holds more than x-amz-decoded-content-length");
  if (chunk_left > 0) return Step::kData;
  end_chunk();
  finish();
  return Step::kDone;
}

// The signature of the chunk that is over. Its last bytes are not handed out before this.
void AwsChunkedSource::State::end_chunk() {
  if (!signer) return;
  std::string expected = signer->next_chunk(to_hex(chunk_digest.finish()));
  if (!equal_in_constant_time(expected, chunk_signature)) {
    wrong_signature("a chunk's signature does not match its bytes");
  }
}

void AwsChunkedSource::State::finish() {
  if (decoded_left != 0) incomplete("it holds less than x-amz-decoded-content-length");
  if (has_trailer) {
    read_trailers();
  } else {
    expect_line_end();
  }
  if (reader.next()) incomplete("bytes follow its last chunk");
}

// Some clients end a trailer with LF and put an empty line before the trailer's signature: they
// took the line end of the text that is signed for that of the text that is sent. So the empty line
// ends the trailers only when the signature is there, or none is due.
void AwsChunkedSource::State::read_trailers() {
  std::size_t left = kLongestTrailers;
  std::optional<std::string> signature;
  bool may_skip = signer.has_value();
  while (true) {
    Line line = read_line(reader, left, "the trailers");
    left -= std::min(left, line.text.size() + 2);
    if (line.text.empty()) {
      if (signature || !may_skip) break;
      may_skip = false;
      continue;
    }
    auto [name, value] = parse_trailer(line.text);
    if (name == kTrailerSignature) {
      if (signature) incomplete("the trailers are signed twice");
      signature = std::move(value);
    } else if (signature) {
      incomplete("a trailer follows the trailers' signature");
    } else {
      trailers.emplace_back(std::move(name), std::move(value));
    }
  }
  check_trailer_signature(signature);
}

void AwsChunkedSource::State::check_trailer_signature(const std::optional<std::string>& signature) {
  if (!signer) return;
  if (!signature) wrong_signature("the trailers are not signed");
  std::string canonical;
  for (const auto& [name, value] : trailers)
    canonical.append(name).append(":").append(value).append("\n");
  std::string expected = signer->trailer(to_hex(digest_of(DigestAlgorithm::kSha256, canonical)));
  if (!equal_in_constant_time(expected, *signature)) {
    wrong_signature("the trailers' signature does not match them");
  }
}

std::size_t AwsChunkedSource::State::read(std::span<char> into) {
  // Whatever throws below leaves the stream broken for good.
  Step before = std::exchange(step, Step::kBroken);
  if (before == Step::kBroken) incomplete("it was found broken before");
  if (before == Step::kHead) before = begin_chunk();
  if (before == Step::kDone) {
    step = Step::kDone;
    return 0;
  }
  std::size_t want = std::size_t(std::min<std::uint64_t>(into.size(), chunk_left));
  std::size_t count = reader.read(into.first(want));
  if (signer) chunk_digest.update({into.data(), count});
  chunk_left -= count;
  decoded_left -= count;
  if (chunk_left == 0) {
    end_chunk();
    expect_line_end();
  }
  step = chunk_left == 0 ? Step::kHead : Step::kData;
  return count;
}

AwsChunkedSource::AwsChunkedSource(Source& framed, std::optional<ChunkSigner> signer,
                                   bool has_trailer, std::uint64_t decoded_length)
    : state_(std::make_unique<State>(framed, std::move(signer), has_trailer, decoded_length)) {}

AwsChunkedSource::~AwsChunkedSource() = default;

std::size_t AwsChunkedSource::read(std::span<char> into) {
  if (into.empty()) return 0;
  return state_->read(into);
}

std::optional<std::uint64_t> AwsChunkedSource::size() const { return state_->decoded_left; }

const Headers& AwsChunkedSource::trailers() const { return state_->trailers; }

}  // namespace holdfast::codec
