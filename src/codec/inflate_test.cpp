#include "codec/inflate.h"

#include <gtest/gtest.h>
#include <random>
#include <zlib.h>
#include <zstd.h>

#include "base/error.h"
#include "support/trickle.h"

namespace holdfast::codec {
namespace {

using support::Trickle;

std::string zlib_stream(std::string_view plain, int bits) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, plain.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = uInt(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = uInt(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string gzip(std::string_view plain) { return zlib_stream(plain, MAX_WBITS + 16); }
std::string deflated(std::string_view plain) { return zlib_stream(plain, -MAX_WBITS); }

// A stream whose head asks for a window of 2^`window` bytes, with a checksum at its end.
std::string zstd(std::string_view plain, int window = 20) {
  std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> context{ZSTD_createCCtx(),
                                                                  &ZSTD_freeCCtx};
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_windowLog, window);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  std::string out(ZSTD_compressBound(plain.size()) + 64, '\0');
  ZSTD_outBuffer to{out.data(), out.size(), 0};
  ZSTD_inBuffer from{plain.data(), plain.size(), 0};
  EXPECT_FALSE(ZSTD_isError(ZSTD_compressStream2(context.get(), &to, &from, ZSTD_e_continue)));
  EXPECT_EQ(ZSTD_compressStream2(context.get(), &to, &from, ZSTD_e_end), 0u);
  out.resize(to.pos);
  return out;
}

std::string skippable(std::string_view content) {
  std::string frame("\x53\x2a\x4d\x18", 4);
  for (int i = 0; i < 4; ++i) frame += char(content.size() >> (8 * i));
  return frame + std::string(content);
}

struct Kind {
  Compression compression;
  std::string (*compress)(std::string_view);
};

const Kind kKinds[] = {
    {Compression::kGzip, gzip},
    {Compression::kZstd, [](std::string_view plain) { return zstd(plain); }},
};

std::string inflated(Compression compression, std::string_view bytes, std::size_t step = 1 << 20,
                     std::size_t out_step = 70000) {
  Trickle trickle(bytes, step);
  InflateSource source(trickle, compression);
  std::string out, buffer(out_step, '\0');
  while (std::size_t count = source.read(buffer)) out.append(buffer, 0, count);
  EXPECT_EQ(source.read(buffer), 0u);
  return out;
}

std::string noise(std::size_t size) {
  std::mt19937 random(3);
  std::string out(size, '\0');
  for (char& c : out) c = char('a' + random() % 13);
  return out;
}

TEST(Inflate, EveryPieceSizeGivesTheSame) {
  std::string plain = noise(40000) + std::string(300000, 'x');
  for (const Kind& kind : kKinds) {
    std::string packed = kind.compress(plain);
    ASSERT_LT(packed.size(), plain.size());
    for (std::size_t step : {1, 2, 13, 4096, 1 << 20}) {
      for (std::size_t out_step : {1, 1000, 1 << 20}) {
        ASSERT_TRUE(inflated(kind.compression, packed, step, out_step) == plain) << step;
      }
    }
  }
}

// It has no checks of its own: only its end is proven.
TEST(Inflate, BareDeflateIsReadToItsEnd) {
  std::string plain = noise(4000) + std::string(30000, 'x');
  std::string packed = deflated(plain);
  for (std::size_t step : {1, 13, 1 << 20}) {
    EXPECT_TRUE(inflated(Compression::kDeflate, packed, step, 1000) == plain) << step;
  }
  for (std::size_t size = 0; size < packed.size(); ++size) {
    EXPECT_THROW(inflated(Compression::kDeflate, packed.substr(0, size)), Corrupt) << size;
  }
  EXPECT_THROW(inflated(Compression::kDeflate, gzip("a")), Corrupt);
}

TEST(Inflate, FramesFollowEachOther) {
  for (const Kind& kind : kKinds) {
    std::string packed =
        kind.compress("one ") + kind.compress("") + kind.compress("two") + kind.compress("");
    for (std::size_t step : {1, 7, 1 << 20}) {
      EXPECT_EQ(inflated(kind.compression, packed, step), "one two");
    }
    EXPECT_EQ(inflated(kind.compression, kind.compress("")), "");
  }
  EXPECT_EQ(inflated(Compression::kZstd, skippable("seek table") + zstd("a") + skippable("")), "a");
}

TEST(Inflate, EveryCutIsSeen) {
  for (const Kind& kind : kKinds) {
    std::string first = kind.compress(noise(2000)), packed = first + kind.compress("more");
    for (std::size_t size = 0; size < packed.size(); ++size) {
      if (size == first.size()) continue;  // whole, as far as anyone can tell
      EXPECT_THROW(inflated(kind.compression, packed.substr(0, size)), Corrupt) << size;
    }
  }
}

TEST(Inflate, AFlippedBitNeverGivesOtherBytes) {
  std::string plain = noise(500);
  for (const Kind& kind : kKinds) {
    std::string packed = kind.compress(plain);
    int seen = 0;
    for (std::size_t at = 0; at < packed.size(); ++at) {
      std::string flipped = packed;
      flipped[at] = char(flipped[at] ^ 8);
      try {
        // Some bits of a head say nothing about the bytes: gzip's time, zstd's window.
        EXPECT_EQ(inflated(kind.compression, flipped), plain) << at;
      } catch (const Corrupt&) {
        ++seen;
      }
    }
    EXPECT_GT(seen, int(packed.size()) - 12);
  }
}

TEST(Inflate, OtherBytesAreRefused) {
  for (const Kind& kind : kKinds) {
    for (const char* bytes : {"plain text, not compressed at all", "\x1f\x8b garbage of a head"}) {
      EXPECT_THROW(inflated(kind.compression, bytes), Corrupt);
    }
    EXPECT_THROW(inflated(kind.compression, kind.compress("a") + "trailing"), Corrupt);
    EXPECT_THROW(inflated(kind.compression, kind.compress("a") + std::string(512, '\0')), Corrupt);
  }
  EXPECT_THROW(inflated(Compression::kGzip, zstd("a")), Corrupt);
  EXPECT_THROW(inflated(Compression::kZstd, gzip("a")), Corrupt);
}

TEST(Inflate, AWindowBeyondTheLimitIsRefused) {
  EXPECT_EQ(inflated(Compression::kZstd, zstd("a", 25)), "a");
  EXPECT_THROW(inflated(Compression::kZstd, zstd("a", 26)), Corrupt);
}

class Broken : public Source {
 public:
  std::size_t read(std::span<char>) override { throw Unavailable("read", "connection torn"); }
};

TEST(Inflate, ErrorsOfTheSourcePassThrough) {
  Broken broken;
  InflateSource source(broken, Compression::kZstd);
  char buffer[10];
  EXPECT_THROW(source.read(buffer), Unavailable);
}

}  // namespace
}  // namespace holdfast::codec
