// The rule at the end of a zone file and in TZ: every moment lies in the period that is found for
// it, and the periods of neighbouring moments meet.
#include <cstdint>
#include <string_view>

#include "base/zone_rule.h"
#include "property.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto rule = holdfast::ZoneRule::parse(text);
  if (!rule) return 0;
  for (std::int64_t moment :
       {0LL, 1772951400LL, -62135596800LL, 4102444800LL, 67767976233532799LL}) {
    std::chrono::sys_seconds time{std::chrono::seconds(moment)};
    auto period = rule->period_at(time);
    HOLDFAST_PROPERTY(period.begin <= time && time < period.end);
    HOLDFAST_PROPERTY(rule->period_at(period.end - std::chrono::seconds(1)).offset ==
                      period.offset);
  }
  return 0;
}
