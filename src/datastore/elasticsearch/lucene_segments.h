// How many documents a commit of Lucene holds, from segments_N and the .si file of each segment.
// Known: what Lucene 7.4 to 9 wrote (docs/formats/elasticsearch-repository.md). Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::datastore::es {

struct DocumentCount {
  // As _cat/indices shows docs.count: documents and nested ones, without the deleted.
  std::optional<std::uint64_t> live;
  std::string unknown_because;  // when not told
};

// The bytes of a file of the same commit; nullopt: it is not there.
using LuceneFile = std::function<std::optional<std::string>(const std::string& name)>;

// `segments`: the bytes of segments_N; `name`: "segments_4". Throws Corrupt, with `what` as its
// subject, when a checksum is wrong, the two do not fit together or a .si is missing. A version
// that is not known gives a count that is not told.
DocumentCount count_documents(std::string_view segments, const std::string& name,
                              const LuceneFile& file, const std::string& what);

}  // namespace holdfast::datastore::es
