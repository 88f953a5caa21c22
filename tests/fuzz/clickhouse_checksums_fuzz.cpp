// A part's checksums.txt out of a bucket: read or refused, and what is read has names of files. The
// input is taken as it is, and once more as a compressed block whose own hash is right, so that the
// bytes behind the hash are reached.
#include <set>
#include <string>
#include <string_view>

#include "base/error.h"
#include "codec/city_hash.h"
#include "datastore/clickhouse/checksums_file.h"
#include "datastore/clickhouse/part_check.h"
#include "property.h"

namespace {

using namespace holdfast;
using namespace holdfast::datastore::ch;

std::string little_endian(std::uint64_t value, int size) {
  std::string bytes;
  for (int i = 0; i < size; ++i) bytes += char(value >> (8 * i));
  return bytes;
}

void check(std::string_view bytes) {
  try {
    auto entries = parse_checksums(bytes);
    std::set<std::string> names;
    for (const ChecksumsEntry& entry : entries) {
      HOLDFAST_PROPERTY(!entry.name.empty() && entry.name.find('/') == std::string::npos);
      HOLDFAST_PROPERTY(names.insert(entry.name).second);
    }
    HOLDFAST_PROPERTY(hash_text(total_hash(entries)).size() == 32);
  } catch (const Corrupt&) {
  }
  PartCheck part;
  part.begin("p.proj/checksums.txt", bytes.size());
  part.add(bytes);
  part.end();
  part.begin("checksums.txt", bytes.size());
  part.add(bytes.substr(0, bytes.size() / 2));
  part.add(bytes.substr(bytes.size() / 2));
  part.end();
  part.finish();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  check(input);
  check("checksums format version: 3\n" + std::string(input));
  if (size < 3) return 0;
  // The first byte chooses the method, the next two are the size that the block claims.
  const char methods[] = {'\x02', '\x82', '\x90', input[0]};
  std::string packed(input.substr(3));
  std::string covered = methods[data[0] % 4] + little_endian(packed.size() + 9, 4) +
                        std::string(input.substr(1, 2)) + std::string(2, '\0') + packed;
  codec::Hash128 hash = codec::city_hash128(covered);
  check("checksums format version: 4\n" + little_endian(hash.low, 8) + little_endian(hash.high, 8) +
        covered);
  return 0;
}
