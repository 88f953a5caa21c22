#include "datastore/victoria_metrics/manifest_header.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace holdfast::datastore::vm {

namespace {

using Json = nlohmann::json;

constexpr int kFormat = 1;
constexpr int kReader = 1;  // the newest `min_reader` that this program reads

}  // namespace

std::string format_header(const ManifestHeader& header) {
  Json json = {
      {"format", kFormat},
      {"min_reader", 1},
      {"id", header.id},
      {"store", header.store},
      {"kind", header.is_copy ? "copy" : "version"},
      {"copied_from", header.copied_from},
      {"run", header.run_id},
      {"snapshot", header.snapshot},
      {"server_version", header.server_version},
      {"created", format_rfc3339(header.created)},
      {"objects", header.objects},
      {"bytes", header.bytes},
      {"counts", header.measured.counts},
      {"hashes", header.measured.hashes},
  };
  // What a server says of itself need not be UTF-8.
  return json.dump(-1, ' ', true, Json::error_handler_t::replace);
}

ManifestHeader parse_header(std::string_view text) {
  Json json = Json::parse(text, nullptr, false);
  const std::string what = "read a manifest's header";
  if (!json.is_object()) throw InvalidArgument(what, "it is not a JSON object");
  try {
    int min_reader = json.at("min_reader").get<int>();
    if (min_reader > kReader) {
      throw Unsupported(what, fmt::format("it needs a holdfast that reads format {}", min_reader),
                        "use the holdfast that made this backup, or a newer one");
    }
    ManifestHeader header;
    header.id = json.at("id").get<std::string>();
    header.store = json.at("store").get<std::string>();
    header.is_copy = json.at("kind").get<std::string>() == "copy";
    header.copied_from = json.value("copied_from", "");
    header.run_id = json.value("run", "");
    header.snapshot = json.value("snapshot", "");
    header.server_version = json.value("server_version", "");
    header.created = parse_rfc3339(json.at("created").get<std::string>());
    header.objects = json.at("objects").get<std::uint64_t>();
    header.bytes = json.at("bytes").get<std::uint64_t>();
    header.measured.counts = json.value("counts", header.measured.counts);
    header.measured.hashes = json.value("hashes", header.measured.hashes);
    return header;
  } catch (const Json::exception& error) {
    throw InvalidArgument(what, error.what());
  }
}

}  // namespace holdfast::datastore::vm
