// Schedules of every dialect: what is accepted fires later than asked, in whole seconds, and always
// says the same.
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "base/zone.h"
#include "property.h"
#include "schedule/cron.h"

namespace {

using namespace holdfast::schedule;
using holdfast::WallTime;
using holdfast::Zone;

void check(Dialect dialect, std::string_view text, const Zone& zone) {
  // 2026-03-08T06:30:00Z, half an hour before New York sets its clocks forward.
  WallTime time{std::chrono::seconds(1772951400)};
  try {
    Schedule schedule = parse(dialect, text, ZonePrefix::kRead);
    for (int i = 0; i < 3; ++i) {
      auto next = schedule.next(time, zone);
      HOLDFAST_PROPERTY(next == schedule.next(time, zone));
      if (!next) break;
      HOLDFAST_PROPERTY(*next > time);
      HOLDFAST_PROPERTY(next->time_since_epoch() % std::chrono::seconds(1) ==
                        WallTime::duration::zero());
      time = *next;
    }
  } catch (const holdfast::InvalidArgument& error) {
    HOLDFAST_PROPERTY(!error.reason().empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Zone zone = Zone::of_variable("EST5EDT,M3.2.0,M11.1.0");
  std::string_view text(reinterpret_cast<const char*>(data), size);
  check(Dialect::kKubernetes, text, zone);
  check(Dialect::kCronexpr, text, zone);
  check(Dialect::kElasticsearch, text, zone);
  return 0;
}
