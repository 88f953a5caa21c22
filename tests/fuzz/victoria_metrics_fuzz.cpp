// What a bucket or a server may hold in place of what holdfast or vmbackup wrote: object names,
// markers, manifests, part metadata, lists of parts, metrics pages. Whatever comes is read or
// refused; what is accepted names nothing outside of the data folder and reads back as it is
// written.
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/stream.h"
#include "datastore/victoria_metrics/entry_line.h"
#include "datastore/victoria_metrics/manifest.h"
#include "datastore/victoria_metrics/part_check.h"
#include "datastore/victoria_metrics/server.h"
#include "datastore/victoria_metrics/volume_change.h"
#include "property.h"

namespace {

using namespace holdfast;
using namespace holdfast::datastore::vm;

void check_piece(std::string_view text) {
  auto piece = parse_piece(text);
  if (!piece) return;
  HOLDFAST_PROPERTY(piece->name() == text);
  HOLDFAST_PROPERTY(!piece->path.starts_with('/') &&
                    ("/" + piece->path + "/").find("/../") == std::string::npos);
  VolumeChange change(std::nullopt, WallTime());
  change.see(piece->path, true, false, std::string(text), std::string(text));
  change.see(piece->path, false, true, std::nullopt, std::nullopt);
  change.finish();
  change.another_volume_because();
}

void check_lines(std::string_view text) {
  if (auto entry = parse_entry(text)) {
    auto again = parse_entry(format_entry(*entry));
    HOLDFAST_PROPERTY(again && again->piece == entry->piece && again->content == entry->content);
  }
  if (auto marker = parse_marker(text)) {
    bool torn = marker->manifest_id.empty() && marker->manifest_sha256.empty();
    HOLDFAST_PROPERTY(torn || marker->text() == text);
  }
  facts_from_metadata(text);
  parse_metrics(text);
  if (auto retention = parse_retention(text)) HOLDFAST_PROPERTY(retention->count() > 0);
  PartCheck parts;
  parts.add_file(std::string(text));
  parts.add_part_list("data/small/2026_11/parts.json", text);
  HOLDFAST_PROPERTY(parts.problems().size() <= 20);
}

void check_manifest(std::string_view text) {
  MemorySource source(text);
  try {
    ManifestReader reader(source, "fuzzed");
    std::string last;
    while (auto entry = reader.next()) {
      std::string name = entry->piece.name();
      HOLDFAST_PROPERTY(name > last);
      last = std::move(name);
    }
  } catch (const Corrupt&) {
  } catch (const Unsupported&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  check_piece(text);
  check_lines(text);
  check_manifest(text);
  return 0;
}
