#include "config/schedules.h"

#include <sstream>

#include "config/scalars.h"

namespace holdfast::config {

std::string_view allowed_by(CronDialect dialect) {
  switch (dialect) {
    case CronDialect::kKubernetes:
      return "a Kubernetes schedule: minute hour day month weekday, such as 0 3 * * *";
    case CronDialect::kCronexpr:
      return "a cronexpr schedule: minute hour day month weekday, such as 25 * * * *";
    case CronDialect::kElasticsearch:
      return "an Elasticsearch schedule: second minute hour day month weekday, such as 0 0 3 * * ?";
  }
  return "";
}

void check_schedule(CronDialect dialect, std::string_view text) {
  std::istringstream words{std::string(text)};
  int count = 0;
  for (std::string word; words >> word;) ++count;
  const int least = dialect == CronDialect::kElasticsearch ? 6 : 5;
  if (text.starts_with('@') && dialect != CronDialect::kElasticsearch) return;
  if (count < least || count > 7) throw BadValue{"not a schedule"};
}

bool ever_fires(CronDialect, std::string_view) { return true; }

std::string parse_retention_delta(std::string_view text) {
  const std::string phrase = phrase_of_timedelta(text);
  if (!phrase.empty()) return phrase;
  if (text.empty()) throw BadValue{"not a date phrase"};
  return std::string(text);
}

std::string parse_time_value(std::string_view text) {
  if (text.empty() || text[0] < '0' || text[0] > '9') throw BadValue{"not a time value"};
  return std::string(text);
}

void check_zone_exists(std::string_view) {}

}  // namespace holdfast::config
