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

// A GNU date phrase ("30 days ago") or the arguments of a Python timedelta ("days = 30"); returned
// as the phrase. Also refused when the moment it means lies in the future: every backup would be
// older.
std::string parse_retention_delta(std::string_view text);

// An Elasticsearch time value of more than nothing: 30d, 12h.
std::string parse_time_value(std::string_view text);

// "local", "UTC" or a name of the machine's zone database.
void check_zone_exists(std::string_view name);

// "days = 30", "weeks=4, hours=12" as "30 days ago", "4 weeks ago 12 hours ago"; empty when `text`
// is not of that form.
std::string phrase_of_timedelta(std::string_view text);

}  // namespace holdfast::config
