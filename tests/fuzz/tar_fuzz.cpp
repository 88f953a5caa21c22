// An archive that someone may have put into the bucket. Whatever comes is read or refused, alike in
// pieces of any size; what is accepted has names that stay inside and is read back as it is
// written.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../support/trickle.h"
#include "base/error.h"
#include "base/stream.h"
#include "codec/tar.h"
#include "property.h"

namespace {

using namespace holdfast;
using namespace holdfast::codec;

using support::Trickle;

struct Outcome {
  std::vector<std::pair<TarEntry, std::string>> files;
  bool whole = false;

  bool operator==(const Outcome&) const = default;
};

Outcome read_archive(std::string_view archive, std::size_t step) {
  Trickle source(archive, step);
  TarReader reader(source, {.longest_name = 300, .most_entries = 50});
  Outcome outcome;
  try {
    while (auto entry = reader.next()) {
      outcome.files.emplace_back(*entry, "");
      char buffer[100];
      while (std::size_t count = reader.read(buffer)) {
        outcome.files.back().second.append(buffer, count);
      }
    }
    outcome.whole = true;
  } catch (const Corrupt&) {
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  std::string_view archive(reinterpret_cast<const char*>(data), size);
  Outcome outcome = read_archive(archive, 1 << 20);
  HOLDFAST_PROPERTY(read_archive(archive, 7) == outcome);
  std::string again;
  for (const auto& [entry, bytes] : outcome.files) {
    HOLDFAST_PROPERTY(("/" + entry.name + "/").find("/../") == std::string::npos);
    HOLDFAST_PROPERTY(entry.name.find('\0') == std::string::npos && entry.name.size() <= 300);
    if (!outcome.whole) continue;
    HOLDFAST_PROPERTY(entry.size == bytes.size());
    try {
      again += tar_header(entry) + bytes + tar_padding(bytes.size());
    } catch (const InvalidArgument&) {
      return 0;  // a mode or an owner that only other writers use
    }
  }
  if (!outcome.whole) return 0;
  again += tar_end();
  HOLDFAST_PROPERTY(read_archive(again, 1000) == outcome);
  return 0;
}
