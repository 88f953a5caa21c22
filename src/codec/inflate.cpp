#include "codec/inflate.h"

#include <algorithm>
#include <zlib.h>
#include <zstd.h>

#include "base/error.h"

namespace holdfast::codec {

namespace {

constexpr std::size_t kBufferSize = 128 << 10;
constexpr int kLargestWindow = 25;              // 2^25 bytes
constexpr std::size_t kLargestStep = 1u << 30;  // zlib counts in 32 bits
constexpr int kGzipOnly = 16;                   // added to the window's size

}  // namespace

// One step takes some of `in` and gives some of `out`; a frame ends only at a step's end.
class InflateSource::Decoder {
 public:
  struct Step {
    std::size_t taken, given;
    bool frame_is_whole;
  };
  virtual ~Decoder() = default;
  virtual Step step(std::string_view in, std::span<char> out, const std::string& what) = 0;
};

class InflateSource::ZlibDecoder : public InflateSource::Decoder {
 public:
  explicit ZlibDecoder(Compression format)
      : name_(format == Compression::kGzip ? "gzip" : "DEFLATE") {
    const int bits = format == Compression::kGzip ? MAX_WBITS + kGzipOnly : -MAX_WBITS;
    if (inflateInit2(&stream_, bits) != Z_OK) throw Failed("decompress", "no memory");
  }
  ZlibDecoder(const ZlibDecoder&) = delete;
  ZlibDecoder& operator=(const ZlibDecoder&) = delete;
  ~ZlibDecoder() override { inflateEnd(&stream_); }

  Step step(std::string_view in, std::span<char> out, const std::string& what) override {
    if (whole_ && inflateReset(&stream_) != Z_OK) throw Failed(what, "no memory");
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = uInt(in.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = uInt(out.size());
    int result = ::inflate(&stream_, Z_NO_FLUSH);
    if (result == Z_MEM_ERROR) throw Failed(what, "no memory");
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
      throw Corrupt(what, stream_.msg ? name_ + ": " + stream_.msg : "it is not " + name_);
    }
    whole_ = result == Z_STREAM_END;
    return {in.size() - stream_.avail_in, out.size() - stream_.avail_out, whole_};
  }

 private:
  const std::string name_;
  z_stream stream_{};
  bool whole_ = false;
};

class InflateSource::ZstdDecoder : public InflateSource::Decoder {
 public:
  ZstdDecoder() {
    if (!context_) throw Failed("decompress", "no memory");
    ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, kLargestWindow);
  }

  Step step(std::string_view in, std::span<char> out, const std::string& what) override {
    ZSTD_inBuffer from{in.data(), in.size(), 0};
    ZSTD_outBuffer to{out.data(), out.size(), 0};
    std::size_t result = ZSTD_decompressStream(context_.get(), &to, &from);
    if (ZSTD_isError(result)) {
      throw Corrupt(what, std::string("zstd: ") + ZSTD_getErrorName(result));
    }
    return {from.pos, to.pos, result == 0};
  }

 private:
  std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context_{ZSTD_createDCtx(),
                                                                   &ZSTD_freeDCtx};
};

InflateSource::InflateSource(Source& source, Compression compression, std::string what)
    : source_(source), what_(std::move(what)), buffer_(kBufferSize, '\0') {
  if (compression == Compression::kZstd) {
    decoder_ = std::make_unique<ZstdDecoder>();
  } else {
    decoder_ = std::make_unique<ZlibDecoder>(compression);
  }
}

InflateSource::~InflateSource() = default;

bool InflateSource::refill() {
  in_ = std::string_view(buffer_).substr(0, source_.read(buffer_));
  any_ = any_ || !in_.empty();
  return !in_.empty();
}

std::size_t InflateSource::read(std::span<char> into) {
  into = into.first(std::min(into.size(), kLargestStep));
  if (into.empty()) return 0;
  while (!at_end_) {
    if (in_.empty() && (between_ || drained_) && !refill()) {
      if (!any_) throw Corrupt(what_, "it is empty");
      if (!between_) throw Corrupt(what_, "it is cut off");
      at_end_ = true;
      break;
    }
    Decoder::Step step = decoder_->step(in_, into, what_);
    in_.remove_prefix(step.taken);
    between_ = step.frame_is_whole;
    drained_ = step.given < into.size();
    if (step.given > 0) return step.given;
  }
  return 0;
}

}  // namespace holdfast::codec
