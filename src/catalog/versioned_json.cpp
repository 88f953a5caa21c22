#include "catalog/versioned_json.h"

#include <fmt/format.h>

#include "base/error.h"

namespace holdfast::catalog {

nlohmann::json parse_versioned(std::string_view text, std::string_view format, int reader) {
  nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  std::string what = fmt::format("read a {} object", format);
  if (json.is_discarded() || !json.is_object()) throw Corrupt(what, "it is not a JSON object");
  if (!json.contains("format") || json["format"] != format)
    throw Corrupt(what, "it has another format");
  if (!json.contains("min_reader") || !json["min_reader"].is_number_integer()) {
    throw Corrupt(what, "it does not say which reader it wants");
  }
  if (json["min_reader"] > reader) {
    throw Unsupported(what, "a newer holdfast wrote it", "use that version, or a newer one");
  }
  return json;
}

WallTime time_in(const nlohmann::json& value) {
  static const WallTime kFirst = parse_rfc3339("2000-01-01T00:00:00Z");
  static const WallTime kEnd = parse_rfc3339("2200-01-01T00:00:00Z");
  const WallTime time = parse_rfc3339(value.get<std::string>());
  if (time < kFirst || time >= kEnd) throw InvalidArgument("time", "not of the years 2000 to 2199");
  return time;
}

}  // namespace holdfast::catalog
