#include "datastore/stackgraph/zstd_sink.h"

#include <zstd.h>

#include "base/error.h"

namespace holdfast::datastore::sg {

namespace {

// A graph's lines repeat themselves: more makes them little smaller, and much slower.
constexpr int kLevel = 1;

}  // namespace

struct ZstdSink::Packer {
  struct Free {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };
  std::unique_ptr<ZSTD_CCtx, Free> context{ZSTD_createCCtx()};
};

ZstdSink::ZstdSink(const GraphTool::Sink& take)
    : take_(take), packer_(std::make_unique<Packer>()), out_(ZSTD_CStreamOutSize(), '\0') {
  ZSTD_CCtx_setParameter(packer_->context.get(), ZSTD_c_compressionLevel, kLevel);
  ZSTD_CCtx_setParameter(packer_->context.get(), ZSTD_c_checksumFlag, 1);
}

ZstdSink::~ZstdSink() = default;

void ZstdSink::add(std::string_view bytes) {
  if (bytes.empty()) return;
  is_begun_ = true;
  pack(bytes, false);
}

void ZstdSink::finish() {
  if (is_begun_) pack({}, true);
}

void ZstdSink::pack(std::string_view bytes, bool is_end) {
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  for (;;) {
    ZSTD_outBuffer out{out_.data(), out_.size(), 0};
    const std::size_t left = ZSTD_compressStream2(packer_->context.get(), &out, &in,
                                                  is_end ? ZSTD_e_end : ZSTD_e_continue);
    if (ZSTD_isError(left)) throw Failed("compress an export", ZSTD_getErrorName(left));
    if (out.pos > 0) take_(std::string_view(out_).substr(0, out.pos));
    if (is_end ? left == 0 : in.pos == in.size) return;
  }
}

}  // namespace holdfast::datastore::sg
