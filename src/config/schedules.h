// The texts that other rooms understand: schedules, time zones and retention. The one place where
// config asks them. BadValue (scalars.h) when a text does not parse.
#pragma once

#include <string>
#include <string_view>

namespace holdfast::config {

enum class CronDialect { kKubernetes, kCronexpr, kElasticsearch };

// What may be written, in a few words with an example.
std::string_view allowed_by(CronDialect dialect);
void check_schedule(CronDialect dialect, std::string_view text);
// Whether it ever fires, seen from a fixed day; a schedule may be right and never fire (30
// February).
bool ever_fires(CronDialect dialect, std::string_view text);

// A GNU date phrase ("30 days ago") or the arguments of a Python timedelta ("days = 30"), which
// retention reads both. Also refused when the moment that it means lies in the future: every backup
// would be older.
std::string take_retention_delta(std::string_view text);

// An Elasticsearch time value of more than nothing: 30d, 12h.
std::string take_time_value(std::string_view text);

// "local", "UTC" or a name of the machine's zone database.
void check_zone_exists(std::string_view name);

}  // namespace holdfast::config
