#include "base/zone.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <optional>

#include "base/civil.h"
#include "base/error.h"
#include "base/zone_rule.h"

namespace holdfast {

namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

constexpr std::string_view kFolder = "/usr/share/zoneinfo/";
constexpr const char* kLocalFile = "/etc/localtime";
// The largest real file has about 4 kB.
constexpr std::size_t kMostBytes = 64 * 1024;
constexpr std::size_t kMostName = 255;

// A file longer than the limit comes back cut, which no reader accepts.
std::optional<std::string> contents_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kMostBytes, '\0');
  if (!file || !file.read(text.data(), static_cast<std::streamsize>(text.size())).eof()) {
    return std::nullopt;
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

// As the Kubernetes API judges spec.timeZone, which also keeps a name inside the folder.
bool is_name(std::string_view name) {
  if (name.empty() || name.size() > kMostName) return false;
  while (true) {
    std::size_t slash = name.find('/');
    std::string_view part = name.substr(0, slash);
    bool plain = std::all_of(part.begin(), part.end(), [](char c) {
      return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
             c == '.' || c == '-' || c == '_' || c == '+';
    });
    if (!plain || part.empty() || part.size() > 14 || part[0] == '-' || part == "." || part == "..")
      return false;
    if (slash == std::string_view::npos) return true;
    name.remove_prefix(slash + 1);
  }
}

[[noreturn]] void no_such_zone(std::string_view name) {
  throw InvalidArgument(fmt::format("time zone '{}'", name.substr(0, 64)),
                        "not in the zone database of this machine",
                        "use a name such as Europe/Amsterdam or UTC; without /usr/share/zoneinfo "
                        "install the package tzdata");
}

}  // namespace

struct Zone::Table {
  struct Kind {
    seconds offset{0};
    bool daylight = false;
    std::string abbreviation;
  };
  struct Change {
    sys_seconds at;
    std::size_t kind;
  };
  std::string name;
  std::vector<Kind> kinds;
  std::vector<Change> changes;
  std::size_t first_kind = 0;    // before the first change
  std::optional<ZoneRule> tail;  // after the last change
};

// Takes apart the second block of a zone file (version 2 and up, RFC 8536 section 3), in which
// times have 64 bits.
struct ZoneReader {
  std::string_view rest;
  bool ok = true;
  struct Counts {
    std::size_t is_utc, is_standard, leaps, changes, kinds, letters;
  };

  std::int64_t big_endian(std::size_t width) {
    if (rest.size() < width) {
      ok = false;
      return 0;
    }
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < width; ++i)
      value = value << 8 | static_cast<unsigned char>(rest[i]);
    rest.remove_prefix(width);
    return width == 4 ? static_cast<std::int32_t>(value) : static_cast<std::int64_t>(value);
  }

  std::size_t count() {
    std::int64_t value = big_endian(4);
    if (value < 0 || value > static_cast<std::int64_t>(kMostBytes)) ok = false;
    return ok ? static_cast<std::size_t>(value) : 0;
  }

  Counts header() {
    if (!rest.starts_with("TZif") || rest.size() < 20 || rest[4] < '2') ok = false;
    skip(20);
    Counts counts{};
    for (std::size_t* field : {&counts.is_utc, &counts.is_standard, &counts.leaps, &counts.changes,
                               &counts.kinds, &counts.letters}) {
      *field = count();
    }
    return counts;
  }

  void skip(std::size_t size) {
    if (rest.size() < size) ok = false;
    rest.remove_prefix(std::min(size, rest.size()));
  }

  void kinds(const Counts& counts, Zone::Table& table) {
    std::vector<std::size_t> names;
    for (std::size_t i = 0; ok && i < counts.kinds; ++i) {
      Zone::Table::Kind kind;
      kind.offset = seconds(big_endian(4));
      if (kind.offset > std::chrono::hours(26) || kind.offset < -std::chrono::hours(26)) ok = false;
      kind.daylight = big_endian(1) != 0;
      names.push_back(static_cast<std::size_t>(big_endian(1)));
      table.kinds.push_back(kind);
    }
    std::string_view letters = rest.substr(0, counts.letters);
    skip(counts.letters);
    for (std::size_t i = 0; ok && i < names.size(); ++i) {
      if (names[i] >= letters.size()) ok = false;
      std::string_view text = letters.substr(std::min(names[i], letters.size()));
      table.kinds[i].abbreviation = text.substr(0, text.find('\0'));
    }
  }

  // Fills `table`; false when the bytes are not a zone file.
  bool read(Zone::Table& table) {
    Counts old = header();
    skip(old.changes * 5 + old.kinds * 6 + old.letters + old.leaps * 8 + old.is_standard +
         old.is_utc);
    Counts counts = header();
    if (counts.kinds == 0 || counts.kinds > 256) ok = false;
    for (std::size_t i = 0; ok && i < counts.changes; ++i) {
      table.changes.push_back({sys_seconds(seconds(big_endian(8))), 0});
      if (i > 0 && table.changes[i].at <= table.changes[i - 1].at) ok = false;
    }
    for (std::size_t i = 0; ok && i < counts.changes; ++i) {
      table.changes[i].kind = static_cast<std::size_t>(big_endian(1));
      if (table.changes[i].kind >= counts.kinds) ok = false;
    }
    kinds(counts, table);
    skip(counts.leaps * 12 + counts.is_standard + counts.is_utc + 1);
    if (!ok || rest.empty() || rest.back() != '\n') return false;
    rest.remove_suffix(1);
    if (!rest.empty()) {
      table.tail = ZoneRule::parse(rest);
      if (!table.tail) return false;
    }
    return true;
  }

  // Nothing when the file is not there or is no zone file.
  static std::optional<Zone> load(const std::string& path, std::string_view name) {
    std::optional<std::string> bytes = contents_of(path);
    auto table = std::make_shared<Zone::Table>();
    table->name = name;
    if (!bytes || !ZoneReader{*bytes}.read(*table)) return std::nullopt;
    // Times before the first change have the first kind that is not daylight saving.
    while (table->first_kind < table->kinds.size() && table->kinds[table->first_kind].daylight) {
      ++table->first_kind;
    }
    if (table->first_kind == table->kinds.size()) table->first_kind = 0;
    return Zone(table);
  }
};

Zone Zone::utc() {
  static const auto kTable = [] {
    auto table = std::make_shared<Table>();
    table->name = "UTC";
    table->kinds.push_back({seconds(0), false, "UTC"});
    return table;
  }();
  return Zone(kTable);
}

Zone Zone::named(std::string_view name) {
  if (name == "UTC") return utc();
  if (!is_name(name)) no_such_zone(name);
  auto zone = ZoneReader::load(std::string(kFolder) + std::string(name), name);
  if (!zone) no_such_zone(name);
  return *zone;
}

Zone Zone::of_variable(std::string_view text) {
  if (text.starts_with(':')) text.remove_prefix(1);
  if (text.empty()) return utc();
  if (text.starts_with('/')) {
    auto zone = ZoneReader::load(std::string(text), text);
    if (!zone) no_such_zone(text);
    return *zone;
  }
  if (auto zone = is_name(text) ? ZoneReader::load(std::string(kFolder) + std::string(text), text)
                                : std::nullopt) {
    return *zone;
  }
  auto table = std::make_shared<Table>();
  table->name = text;
  table->tail = ZoneRule::parse(text);
  if (!table->tail) no_such_zone(text);
  return Zone(table);
}

Zone Zone::local() {
  if (const char* variable = std::getenv("TZ")) return of_variable(variable);
  auto zone = ZoneReader::load(kLocalFile, "local");
  return zone ? *zone : utc();
}

const std::string& Zone::name() const { return table_->name; }

Zone::Period Zone::period_at(sys_seconds time) const {
  const auto& changes = table_->changes;
  auto after =
      std::upper_bound(changes.begin(), changes.end(), time,
                       [](sys_seconds t, const Table::Change& change) { return t < change.at; });
  if (after == changes.end() && table_->tail) {
    Period period = table_->tail->period_at(time);
    if (!changes.empty()) period.begin = std::max(period.begin, changes.back().at);
    return period;
  }
  bool before_all = after == changes.begin();
  const auto& kind = table_->kinds[before_all ? table_->first_kind : std::prev(after)->kind];
  return {before_all ? sys_seconds::min() : std::prev(after)->at,
          after == changes.end() ? sys_seconds::max() : after->at, kind.offset, kind.daylight,
          kind.abbreviation};
}

std::chrono::local_seconds Zone::to_local(sys_seconds time) const {
  return std::chrono::local_seconds(time.time_since_epoch() + period_at(time).offset);
}

std::string format_rfc3339(sys_seconds time, const Zone& zone, bool numeric_utc) {
  seconds offset = zone.period_at(time).offset;
  Civil civil = civil_of(std::chrono::local_seconds(time.time_since_epoch() + offset));
  std::string text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", civil.year, civil.month,
                                 civil.day, civil.hour, civil.minute, civil.second);
  if (offset == seconds(0) && !numeric_utc) return text + "Z";
  auto minutes = std::abs(offset.count()) / 60;
  return text +
         fmt::format("{}{:02}:{:02}", offset.count() < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

}  // namespace holdfast
