#include "datastore/victoria_metrics/layout.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.h"

namespace holdfast::datastore::vm {

namespace {

constexpr std::size_t kHexLength = 16;
constexpr std::size_t kShortestTime = 8;  // digits of a time in a folder's name
constexpr std::string_view kMarkerWord = "holdfast-manifest";
constexpr std::string_view kHexDigits = "0123456789ABCDEF";

std::optional<std::uint64_t> parse_hex(std::string_view text) {
  if (text.size() != kHexLength || text.find_first_not_of(kHexDigits) != std::string_view::npos) {
    return std::nullopt;
  }
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return value;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  while (true) {
    std::size_t end = text.find(separator);
    out.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

bool stays_inside(std::string_view path) {
  auto components = split(path, '/');
  for (std::string_view component : components) {
    if (component.empty() || component == "." || component == ".." || component.size() > 255 ||
        component.find('\0') != std::string_view::npos) {
      return false;
    }
  }
  // Names of ours, and of the locks, at the top of the data folder are not for a backup to write.
  return !components[0].starts_with(".holdfast") && !is_never_backed_up(components[0]);
}

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  auto end = text.data() + text.size();
  auto result = std::from_chars(text.data(), end, value);
  if (text.empty() || result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return value;
}

// "20261101122000.000"
std::optional<std::int64_t> parse_part_time(std::string_view text) {
  if (text.size() != 18 || text[14] != '.') return std::nullopt;
  auto millis = parse_number<std::int64_t>(text.substr(15));
  if (!millis || *millis < 0) return std::nullopt;
  try {
    auto since = parse_compact(text.substr(0, 14)).time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(since).count() + *millis;
  } catch (const InvalidArgument&) {
    return std::nullopt;
  }
}

bool is_lower_hex(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

std::string Piece::name() const {
  return fmt::format("{}/{:016X}_{:016X}_{:016X}", path, file_size, offset, size);
}

std::optional<Piece> parse_piece(std::string_view name) {
  std::size_t slash = name.rfind('/');
  if (slash == std::string_view::npos || slash == 0) return std::nullopt;
  auto numbers = split(name.substr(slash + 1), '_');
  if (numbers.size() != 3 || !stays_inside(name.substr(0, slash))) return std::nullopt;
  auto file_size = parse_hex(numbers[0]), offset = parse_hex(numbers[1]),
       size = parse_hex(numbers[2]);
  if (!file_size || !offset || !size) return std::nullopt;
  if (*file_size > std::uint64_t(INT64_MAX) || *offset > *file_size ||
      *size > *file_size - *offset) {
    return std::nullopt;
  }
  return Piece{std::string(name.substr(0, slash)), *file_size, *offset, *size};
}

void for_each_piece(std::string_view path, std::uint64_t file_size,
                    const std::function<void(const Piece&)>& each) {
  Piece piece{std::string(path), file_size, 0, 0};
  do {
    piece.size = std::min(kPieceLimit, file_size - piece.offset);
    each(piece);
    piece.offset += piece.size;
  } while (piece.offset < file_size);
}

bool changes_in_place(std::string_view path) {
  std::string_view file = path.substr(path.rfind('/') + 1);
  return file == "parts.json" || file == "appliedRetention.txt" ||
         path == "metadata/minTimestampForCompositeIndex";
}

bool is_never_backed_up(std::string_view file_name) {
  return file_name == "flock.lock" || file_name == "restore-in-progress" ||
         file_name == "backup_restore.ignore" || file_name.ends_with(".tmp");
}

std::optional<PartPath> parse_part_path(std::string_view path) {
  auto components = split(path, '/');
  std::size_t at = components[0] == "data" ? 2 : components[0] == "indexdb" ? 1 : 0;
  if (at == 0 || components.size() != at + 3) return std::nullopt;
  PartPath out;
  bool index = at == 1 || components[1] == "indexdb";
  out.kind = index ? PartPath::Kind::kIndex : PartPath::Kind::kData;
  out.partition = components[at];
  out.folder = path.substr(0, path.rfind('/'));
  out.name = components[at + 1];
  out.file = components[at + 2];
  return out;
}

std::optional<std::string> index_table_of(std::string_view path) {
  auto components = split(path, '/');
  if (components.size() < 3 || components[0] != "indexdb") return std::nullopt;
  return std::string(components[1]);
}

std::optional<PartFacts> facts_from_name(const PartPath& part) {
  auto fields = split(part.name, '_');
  bool data = part.kind == PartPath::Kind::kData;
  if (fields.size() != (data ? 5u : 3u)) return std::nullopt;
  PartFacts facts;
  auto rows = parse_number<std::uint64_t>(fields[0]);
  if (!rows) return std::nullopt;
  facts.rows = *rows;
  if (!data) return facts;
  auto min_time = parse_part_time(fields[2]), max_time = parse_part_time(fields[3]);
  if (!min_time || !max_time) return std::nullopt;
  facts.min_time = *min_time;
  facts.max_time = *max_time;
  return facts;
}

std::optional<PartFacts> facts_from_metadata(std::string_view json) {
  auto value = nlohmann::json::parse(json, nullptr, false);
  if (!value.is_object()) return std::nullopt;
  auto number = [&](const char* key) -> std::optional<std::int64_t> {
    auto found = value.find(key);
    if (found == value.end() || !found->is_number_integer()) return std::nullopt;
    return found->get<std::int64_t>();
  };
  PartFacts facts;
  auto rows = number("RowsCount");
  if (!rows) rows = number("ItemsCount");
  if (!rows || *rows < 0) return std::nullopt;
  facts.rows = std::uint64_t(*rows);
  facts.min_time = number("MinTimestamp").value_or(0);
  facts.max_time = number("MaxTimestamp").value_or(0);
  return facts;
}

std::string version_folder(std::string_view prefix, WallTime time) {
  return fmt::format("{}-{}", prefix, format_compact(time));
}

bool belongs_to_instance(std::string_view folder, std::string_view prefix) {
  if (!folder.starts_with(prefix)) return false;
  folder.remove_prefix(prefix.size());
  if (folder.empty()) return true;
  const std::string_view suffix = folder.substr(1);
  if (folder[0] != '-' || suffix.empty()) return false;
  if (suffix.find_first_of("/-") != std::string_view::npos) return false;
  // A short number is another instance's: "victoria-metrics-0" beside "victoria-metrics".
  return suffix.size() >= kShortestTime ||
         suffix.find_first_not_of("0123456789") != std::string_view::npos;
}

std::optional<WallTime> version_time(std::string_view folder, std::string_view prefix) {
  if (!belongs_to_instance(folder, prefix) || folder.size() != prefix.size() + 15) {
    return std::nullopt;
  }
  try {
    return parse_compact(folder.substr(prefix.size() + 1));
  } catch (const InvalidArgument&) {
    return std::nullopt;
  }
}

std::string Marker::text() const {
  return fmt::format("{} {} {}\n", kMarkerWord, manifest_sha256, manifest_id);
}

std::optional<Marker> parse_marker(std::string_view text) {
  if (text.empty() || text.substr(0, kMarkerWord.size()) != kMarkerWord.substr(0, text.size())) {
    return std::nullopt;
  }
  if (!text.ends_with('\n')) return Marker{};
  auto fields = split(text.substr(0, text.size() - 1), ' ');
  if (fields.size() != 3 || fields[0] != kMarkerWord || fields[1].size() != 64 ||
      !is_lower_hex(fields[1]) || !is_lower_hex(fields[2])) {
    return Marker{};
  }
  return Marker{std::string(fields[1]), std::string(fields[2])};
}

bool is_snapshot_name(std::string_view name) {
  if (name.size() < 16 || name.size() > 64 || name[14] != '-') return false;
  return name.substr(0, 14).find_first_not_of("0123456789") == std::string_view::npos &&
         name.substr(15).find_first_not_of("0123456789ABCDEFabcdef") == std::string_view::npos;
}

WallTime snapshot_time(std::string_view name) {
  if (!is_snapshot_name(name)) {
    throw InvalidArgument("read the time of a snapshot", "this is no snapshot's name");
  }
  return parse_compact(name.substr(0, 14));
}

}  // namespace holdfast::datastore::vm
