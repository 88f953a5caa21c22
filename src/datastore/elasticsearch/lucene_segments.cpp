#include "datastore/elasticsearch/lucene_segments.h"

#include <fmt/format.h>

#include "datastore/elasticsearch/lucene.h"

namespace holdfast::datastore::es {

namespace {

constexpr std::size_t kIdSize = 16;
constexpr std::string_view kSegmentsPrefix = "segments_";
// Of segments_N: 7.4 added the soft deletes, 8.6 an id for each segment's state.
constexpr std::uint32_t kOldestSegments = 9, kNewestSegments = 10;
constexpr std::uint32_t kMostDocuments = 0x7FFFFFFF - 128;  // of a shard, Lucene's own limit

// A version that this reader does not know.
struct Unknown {
  std::string why;
};

// The rest of an index header: whose file it is.
struct Owner {
  std::string_view id, suffix;
};
Owner take_owner(LuceneReader& reader) {
  Owner owner;
  owner.id = reader.bytes(kIdSize);
  owner.suffix = reader.bytes(reader.byte());
  return owner;
}

// The documents of a segment, deleted ones included.
std::uint32_t documents_of(std::string_view bytes, std::string_view segment_id,
                           const std::string& what) {
  LuceneReader reader(without_lucene_footer(bytes, what), what);
  const LuceneHeader header = take_lucene_header(reader);
  const bool is_little = header.codec == "Lucene90SegmentInfo";
  if (!is_little && header.codec != "Lucene70SegmentInfo" &&
      header.codec != "Lucene86SegmentInfo") {
    throw Unknown{fmt::format("segments of the kind {} are not known", header.codec)};
  }
  if (header.version != 0) {
    throw Unknown{fmt::format("version {} of {} is not known", header.version, header.codec)};
  }
  if (take_owner(reader).id != segment_id) reader.fail("it is of another segment");
  reader.bytes(3 * 4);  // Lucene's version
  if (const std::uint8_t has_oldest = reader.byte(); has_oldest == 1) {
    reader.bytes(3 * 4);  // the oldest version that its documents come from
  } else if (has_oldest != 0) {
    reader.fail("a mark is neither 0 nor 1");
  }
  const std::uint32_t count = is_little ? reader.little32() : reader.big32();
  if (count > kMostDocuments) reader.fail("its number of documents is none");
  return count;
}

void skip_texts(LuceneReader& reader) {
  for (std::size_t left = reader.count(reader.variable32()); left > 0; --left) reader.text();
}

// One entry of segments_N: the documents that are still there.
std::uint64_t take_segment(LuceneReader& reader, std::uint32_t version, const LuceneFile& file,
                           const std::string& what) {
  const std::string name(reader.text());
  const std::string_view id = reader.bytes(kIdSize);
  reader.text();   // codec
  reader.big64();  // generation of the deletes
  const std::uint64_t deleted = reader.big32();
  reader.big64();  // of the fields
  reader.big64();  // of the doc values
  const std::uint64_t soft_deleted = reader.big32();
  if (version >= kNewestSegments) {
    if (const std::uint8_t has_id = reader.byte(); has_id == 1) {
      reader.bytes(kIdSize);
    } else if (has_id != 0) {
      reader.fail("a mark is neither 0 nor 1");
    }
  }
  skip_texts(reader);
  for (std::size_t left = reader.count(reader.big32()); left > 0; --left) {
    reader.big32();
    skip_texts(reader);
  }
  const std::string info = name + ".si";
  const auto bytes = file(info);
  if (!bytes) reader.fail("the file " + info + " is missing");
  const std::uint64_t all = documents_of(*bytes, id, what + ": " + info);
  if (deleted + soft_deleted > all) reader.fail("more documents are deleted than there are");
  return all - deleted - soft_deleted;
}

std::uint64_t count_live(std::string_view segments, const std::string& name, const LuceneFile& file,
                         const std::string& what) {
  LuceneReader reader(without_lucene_footer(segments, what), what);
  const LuceneHeader header = take_lucene_header(reader);
  if (header.codec != "segments") reader.fail("it is no segments_N");
  if (header.version < kOldestSegments || header.version > kNewestSegments) {
    throw Unknown{fmt::format("version {} of segments_N is not known", header.version)};
  }
  if (std::string(kSegmentsPrefix) + std::string(take_owner(reader).suffix) != name) {
    reader.fail("it is another one than its name says");
  }
  for (int i = 0; i < 4; ++i) reader.variable32();  // Lucene's version, and the index's first one
  reader.big64();                                   // counts changes
  reader.variable64();                              // names the next segment
  const std::uint32_t count = reader.big32();
  if (count > 0) {
    for (int i = 0; i < 3; ++i) reader.variable32();  // oldest version of a segment
  }
  std::uint64_t live = 0;
  for (std::size_t left = reader.count(count); left > 0; --left) {
    live += take_segment(reader, header.version, file, what);
  }
  for (std::size_t left = reader.count(reader.variable32()); left > 0; --left) {
    reader.text();
    reader.text();
  }
  if (!reader.rest().empty()) reader.fail("there are bytes behind its end");
  return live;
}

}  // namespace

DocumentCount count_documents(std::string_view segments, const std::string& name,
                              const LuceneFile& file, const std::string& what) {
  try {
    return {count_live(segments, name, file, what), ""};
  } catch (const Unknown& unknown) {
    return {std::nullopt, unknown.why};
  }
}

}  // namespace holdfast::datastore::es
