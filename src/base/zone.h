// Time zones: what a wall clock shows at a moment, and when that changes.
//
// Read from the machine's compiled zone files (RFC 8536, /usr/share/zoneinfo of Debian's tzdata),
// with the rule at the end of each file for times after its last listed change.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace holdfast {

// A value; copies share the zone's immutable table, so it may be used from any thread.
class Zone {
 public:
  static Zone utc();
  // The process's zone: TZ as the C library reads it (a name, a POSIX rule such as
  // CET-1CEST,M3.5.0,M10.5.0/3, empty for UTC), without TZ /etc/localtime, without that UTC. Throws
  // InvalidArgument when TZ names no zone.
  static Zone local();
  // A name of the zone database such as Europe/Amsterdam, spelled exactly; "UTC" needs no database.
  // Throws InvalidArgument when there is no such zone. Names that could leave the database's folder
  // are no names.
  static Zone named(std::string_view name);
  // What TZ=text means: a name, or a POSIX rule. Throws InvalidArgument.
  static Zone of_variable(std::string_view text);

  // "UTC", "local", or what it was made from.
  const std::string& name() const;

  // A span of time with one offset: begin <= t < end.
  struct Period {
    std::chrono::sys_seconds begin, end;
    std::chrono::seconds offset;  // local time minus UTC
    bool daylight;
    std::string abbreviation;
  };
  Period period_at(std::chrono::sys_seconds time) const;
  std::chrono::local_seconds to_local(std::chrono::sys_seconds time) const;

 private:
  struct Table;
  explicit Zone(std::shared_ptr<const Table> table) : table_(std::move(table)) {}
  std::shared_ptr<const Table> table_;
  friend struct ZoneReader;
};

// 2026-03-31T03:00:00+02:00. Seconds of an offset are left out; years beyond 9999 take the digits
// they need. A zero offset is written Z, or +00:00 when `numeric_utc`.
std::string format_rfc3339(std::chrono::sys_seconds time, const Zone& zone,
                           bool numeric_utc = false);

}  // namespace holdfast
