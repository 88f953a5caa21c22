#include "datastore/victoria_metrics/entry_line.h"

#include "codec/text.h"

namespace holdfast::datastore::vm {

std::string format_entry(const ManifestEntry& entry) {
  std::string line = codec::uri_encode(entry.piece.name(), codec::Slash::kKeep);
  line += '\t';
  line += entry.digest ? entry.digest->text() : "-";
  if (entry.content) line += "\t" + codec::to_base64(*entry.content);
  return line;
}

std::optional<ManifestEntry> parse_entry(std::string_view line) {
  std::size_t first = line.find('\t');
  if (first == std::string_view::npos) return std::nullopt;
  auto name = codec::uri_decode(line.substr(0, first));
  auto piece = name ? parse_piece(*name) : std::nullopt;
  if (!piece) return std::nullopt;
  ManifestEntry entry{*piece, std::nullopt, std::nullopt};
  line.remove_prefix(first + 1);
  std::size_t second = line.find('\t');
  std::string_view digest = line.substr(0, second);
  if (digest != "-") {
    entry.digest = transfer::parse_object_digest(digest, piece->size);
    if (!entry.digest) return std::nullopt;
  }
  if (second != std::string_view::npos) {
    entry.content = codec::from_base64(line.substr(second + 1));
    if (!entry.content || entry.content->size() != piece->size) return std::nullopt;
  }
  return entry;
}

}  // namespace holdfast::datastore::vm
