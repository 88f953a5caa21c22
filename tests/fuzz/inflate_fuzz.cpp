// Compressed bytes that someone may have put into the bucket: they come out alike whatever the size
// of the pieces in and out, or are refused. The first byte chooses the format.
#include <string>
#include <string_view>
#include <utility>

#include "../support/trickle.h"
#include "base/error.h"
#include "base/stream.h"
#include "codec/inflate.h"
#include "property.h"

namespace {

using namespace holdfast;
using namespace holdfast::codec;

constexpr std::size_t kEnough = 1 << 18;  // bytes that come out

using support::Trickle;

enum class End { kWhole, kCorrupt, kStopped };

std::pair<End, std::string> inflated(Compression compression, std::string_view bytes,
                                     std::size_t step, std::size_t out_step) {
  Trickle trickle(bytes, step);
  InflateSource source(trickle, compression);
  std::string out, buffer(out_step, '\0');
  try {
    while (std::size_t count = source.read(buffer)) {
      HOLDFAST_PROPERTY(count <= out_step);
      out.append(buffer, 0, count);
      if (out.size() > kEnough) return {End::kStopped, ""};
    }
  } catch (const Corrupt&) {
    return {End::kCorrupt, ""};
  }
  HOLDFAST_PROPERTY(source.read(buffer) == 0 && trickle.read(buffer) == 0);
  return {End::kWhole, out};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  Compression compression = data[0] % 2 == 0 ? Compression::kGzip : Compression::kZstd;
  auto at_once = inflated(compression, bytes, 1 << 20, 1 << 16);
  auto in_pieces = inflated(compression, bytes, 3, 101);
  // More than enough may come out before bytes are reached that are refused.
  if (at_once.first == End::kStopped || in_pieces.first == End::kStopped) return 0;
  HOLDFAST_PROPERTY(at_once == in_pieces);
  return 0;
}
