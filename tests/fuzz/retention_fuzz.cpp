// Retention texts: how long backups are kept, in both grammars, and Elasticsearch's time values.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "property.h"
#include "retention/date_delta.h"
#include "retention/time_unit.h"

namespace {

using namespace holdfast::retention;
using holdfast::WallTime;
using holdfast::Zone;

void check_delta(std::string_view text, const Zone& zone) {
  // 2026-11-02T06:30:00Z, the day after New York set its clocks back.
  const WallTime now{std::chrono::seconds(1793601000)};
  try {
    WallTime cutoff = cutoff_of(text, now, zone);
    HOLDFAST_PROPERTY(cutoff == cutoff_of(text, now, zone));
    auto exact = moment_of_delta(text, std::chrono::floor<std::chrono::seconds>(now), zone);
    // What can be meant can be shown.
    HOLDFAST_PROPERTY(format_rfc3339(exact, zone).size() >= 20);
  } catch (const holdfast::InvalidArgument& error) {
    HOLDFAST_PROPERTY(!error.reason().empty());
  }
}

void check_time_value(std::string_view text) {
  try {
    TimeValue value = parse_time_value(text);
    HOLDFAST_PROPERTY(value.count >= -1);
    if (value.count >= 0) {
      TimeValue again = parse_time_value(value.to_string());
      HOLDFAST_PROPERTY(again.duration() == value.duration());
      HOLDFAST_PROPERTY(again.to_string() == value.to_string());
    }
  } catch (const holdfast::InvalidArgument& error) {
    HOLDFAST_PROPERTY(!error.reason().empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Zone zone = Zone::of_variable("EST5EDT,M3.2.0,M11.1.0");
  std::string_view text(reinterpret_cast<const char*>(data), size);
  check_delta(text, zone);
  check_time_value(text);
  return 0;
}
