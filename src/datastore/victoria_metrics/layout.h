// vmbackup's object names and VictoriaMetrics' file names. Pure. Source of the formats: observed of
// vmbackup 1.79 and 1.122, written down in docs/formats/victoria-metrics.md.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace holdfast::datastore::vm {

inline constexpr std::string_view kMarkerName = "backup_complete.ignore";
inline constexpr std::string_view kManifestName = "holdfast_manifest.ignore";
// First object of a dated copy's folder: whoever sees it never continues that folder.
inline constexpr std::string_view kCopyName = "holdfast_copy.ignore";
inline constexpr std::uint64_t kPieceLimit = 1ull << 30;  // files above are cut into such pieces

// One object of a version: a piece of a file. Its name inside the version's folder is
// PATH/FILESIZE_OFFSET_SIZE, each number as 16 upper-case hexadecimal digits.
struct Piece {
  std::string path;  // in the data folder, with '/'
  std::uint64_t file_size = 0, offset = 0, size = 0;
  std::string name() const;
  friend bool operator==(const Piece&, const Piece&) = default;
};
// nullopt when `name` is not of that form, or its path could lead out of the data folder.
std::optional<Piece> parse_piece(std::string_view name);
// Calls `each` for every piece of a file, in the order of their names.
void for_each_piece(std::string_view path, std::uint64_t file_size,
                    const std::function<void(const Piece&)>& each);

// Files whose content changes under the same name. All others are written once.
bool changes_in_place(std::string_view path);
// File names that belong to no backup, wherever they lie.
bool is_never_backed_up(std::string_view file_name);

// What a path says about the part that its file belongs to.
struct PartPath {
  enum class Kind { kData, kIndex };
  Kind kind = Kind::kData;
  std::string partition;  // "2026_11", or the index table's name
  std::string folder;     // the part's folder, from the data folder
  std::string name;       // its last component
  std::string file;       // the file in it
};
std::optional<PartPath> parse_part_path(std::string_view path);
// The index table that a path lies in ("indexdb/TABLE/..."); nullopt elsewhere.
std::optional<std::string> index_table_of(std::string_view path);

// How much a part holds; times in milliseconds since 1970, for data parts only.
struct PartFacts {
  std::uint64_t rows = 0;
  std::int64_t min_time = 0, max_time = 0;
};
// From the name: ROWS_BLOCKS_MIN_MAX_16HEX (data) or ROWS_BLOCKS_16HEX (index), as servers up
// to 1.90 name their parts; nullopt for other names.
std::optional<PartFacts> facts_from_name(const PartPath& part);
// From the part's metadata.json, as later servers write it.
std::optional<PartFacts> facts_from_metadata(std::string_view json);

// Folders of an instance: PREFIX or PREFIX-SUFFIX. A version or a copy has a time of 14 digits as
// suffix; others have a word ("latest") or another form of a time, of 8 characters or more. A
// suffix with a dash in it, or a short number, is another instance's, whose prefix begins with this
// one.
std::string version_folder(std::string_view prefix, WallTime time);
bool belongs_to_instance(std::string_view folder, std::string_view prefix);
std::optional<WallTime> version_time(std::string_view folder, std::string_view prefix);

// The marker that names a manifest: "holdfast-manifest SHA256HEX ID\n".
struct Marker {
  std::string manifest_sha256;  // hexadecimal
  std::string manifest_id;
  std::string text() const;
};
// nullopt for what vmbackup or anybody else wrote. One that begins as ours does but is torn or
// malformed is ours and names no manifest: both fields are empty.
std::optional<Marker> parse_marker(std::string_view text);

// The name of a snapshot: 14 digits of UTC time, a dash, hexadecimal digits.
bool is_snapshot_name(std::string_view name);
WallTime snapshot_time(std::string_view name);  // InvalidArgument for other names

}  // namespace holdfast::datastore::vm
