// One object as a line of text: `NAME<TAB>DIGEST[<TAB>CONTENT]`, the name escaped as in URIs, the
// digest as text or "-", the content in base64. Lines of manifests and of our own temporary files.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "datastore/victoria_metrics/layout.h"
#include "transfer/object_digest.h"

namespace holdfast::datastore::vm {

struct ManifestEntry {
  Piece piece;
  std::optional<transfer::ObjectDigest> digest;  // none: sent by vmbackup, never hashed by us
  std::optional<std::string> content;            // of a small file
};

std::string format_entry(const ManifestEntry& entry);
std::optional<ManifestEntry> parse_entry(std::string_view line);

}  // namespace holdfast::datastore::vm
