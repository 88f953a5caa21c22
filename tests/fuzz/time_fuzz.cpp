// Times as HTTP, S3 and catalogs write them: what a reader accepts must survive being written
// again.
#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "property.h"

namespace {

using holdfast::WallTime;

template <typename Parse, typename Format>
void check(std::string_view text, Parse parse, Format format) {
  WallTime time;
  try {
    time = parse(text);
  } catch (const holdfast::InvalidArgument&) {
    return;
  }
  std::string written = format(time);
  // Seconds may be lost (fractions), but what is written is read as itself from then on.
  WallTime again = parse(written);
  HOLDFAST_PROPERTY(again <= time && time - again < std::chrono::seconds(1));
  HOLDFAST_PROPERTY(format(again) == written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  check(text, holdfast::parse_rfc3339, holdfast::format_rfc3339);
  check(text, holdfast::parse_rfc3339, holdfast::format_iso_millis);
  check(text, holdfast::parse_http_date, holdfast::format_http_date);
  check(text, holdfast::parse_compact, holdfast::format_compact);
  check(text, holdfast::parse_basic_iso, holdfast::format_basic_iso);
  return 0;
}
