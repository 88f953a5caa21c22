// What lies in a ClickHouse bucket may be anything: reading documents, manifests and definitions
// neither crashes nor hangs, throws only what is told, and what was read is read again the same.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "codec/text.h"
#include "datastore/clickhouse/documents.h"
#include "datastore/clickhouse/manifest.h"
#include "datastore/clickhouse/names.h"
#include "datastore/clickhouse/settle.h"
#include "datastore/clickhouse/sql.h"
#include "property.h"

namespace {

using namespace holdfast;
using namespace holdfast::datastore::ch;

void read_documents(std::string_view input) {
  try {
    const TableDocument table = read_table_document(input, "t");
    const std::string once = write_document(table);
    HOLDFAST_PROPERTY(write_document(read_table_document(once, "t")) == once);
    for (const auto& [disk, parts] : table.parts) {
      for (const PartRecord& part : parts) {
        HOLDFAST_PROPERTY(part.name.find('/') == std::string::npos && part.name != "..");
      }
    }
  } catch (const Corrupt&) {
  }
  try {
    const std::string once = write_document(read_backup_document(input, "b"));
    HOLDFAST_PROPERTY(write_document(read_backup_document(once, "b")) == once);
  } catch (const Corrupt&) {
  }
}

void read_a_manifest(std::string_view input) {
  try {
    const Manifest manifest = read_manifest(input, "m");
    const std::string once = write_manifest(manifest);
    HOLDFAST_PROPERTY(write_manifest(read_manifest(once, "m")) == once);
  } catch (const Corrupt&) {
  } catch (const Unsupported&) {
  }
}

void read_names(std::string_view input) {
  HOLDFAST_PROPERTY(encode_name(input).find('/') == std::string::npos);
  HOLDFAST_PROPERTY(codec::uri_decode(encode_name(input)) == input);
  if (is_part_name(input)) {
    partition_of(input);
    block_range_of(input);
  }
  if (auto time = time_of_backup(input)) {
    const bool is_full = input.starts_with("full_");
    HOLDFAST_PROPERTY(backup_name(is_full ? NameKind::kFull : NameKind::kIncremental, *time) ==
                      input);
  }
  const std::string text(input);
  fits_patterns({"otel", text}, {text, "otel.*"});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  read_documents(input);
  read_a_manifest(input);
  read_names(input);
  try {
    const CreateStatement statement = parse_create(input, "t");
    const TableName name{"d", "t"};
    parse_create(create_as(statement, name), "t");
    parse_create(create_plain(statement, name), "t");
  } catch (const Corrupt&) {
  }
  return 0;
}
