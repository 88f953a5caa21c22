#include "datastore/clickhouse/manifest.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <zstd.h>

#include "base/error.h"
#include "codec/digest.h"
#include "codec/text.h"

namespace holdfast::datastore::ch {

namespace {

using Json = nlohmann::json;

constexpr int kFormat = 1, kMinReader = 1;
constexpr int kLevel = 3;

std::string compressed(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  std::size_t size = ZSTD_compress(out.data(), out.size(), text.data(), text.size(), kLevel);
  if (ZSTD_isError(size)) throw Failed("write a manifest", ZSTD_getErrorName(size));
  out.resize(size);
  return out;
}

std::string decompressed(std::string_view bytes, const std::string& what) {
  const unsigned long long size = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN) {
    throw Corrupt("read " + what, "it is no manifest");
  }
  if (size > kLargestManifest) throw Corrupt("read " + what, "it is larger than any manifest");
  std::string out(std::size_t(size), '\0');
  std::size_t count = ZSTD_decompress(out.data(), out.size(), bytes.data(), bytes.size());
  if (ZSTD_isError(count) || count != out.size()) throw Corrupt("read " + what, "it is damaged");
  return out;
}

Json part_line(const ManifestPart& part) {
  Json json = {{"part", part.name},           {"disk", part.disk},
               {"bytes", part.bytes},         {"identity", part.identity},
               {"checksum", part.checksum},   {"size", part.digest.size},
               {"digest", part.digest.text()}};
  if (part.rows) json["rows"] = *part.rows;
  if (!part.backup.empty()) json["backup"] = part.backup;
  if (part.stored != part.name) json["stored"] = part.stored;
  return json;
}

Json table_line(const ManifestTable& table) {
  Json json = {{"database", table.name.database},
               {"table", table.name.table},
               {"engine", table.engine},
               {"size", table.document.size},
               {"digest", table.document.text()}};
  if (table.rows) json["rows"] = *table.rows;
  return json;
}

// A line of JSON whose keys must be there and of their kind.
class Line {
 public:
  Line(std::string_view text, const std::string& what) : what_(what) {
    json_ = Json::parse(text.begin(), text.end(), nullptr, false);
    if (!json_.is_object()) corrupt("a line of it is no JSON");
  }
  bool has(const char* key) const { return json_.contains(key); }
  std::string text(const char* key) const {
    auto found = json_.find(key);
    if (found == json_.end() || !found->is_string()) corrupt(fmt::format("{} is no text", key));
    return found->get<std::string>();
  }
  std::uint64_t number(const char* key) const {
    auto found = json_.find(key);
    if (found == json_.end() || !found->is_number_unsigned()) {
      corrupt(fmt::format("{} is no number", key));
    }
    return found->get<std::uint64_t>();
  }
  std::optional<std::uint64_t> number_if_there(const char* key) const {
    if (!has(key)) return std::nullopt;
    return number(key);
  }
  std::vector<std::string> texts(const char* key) const {
    auto found = json_.find(key);
    if (found == json_.end() || !found->is_array()) corrupt(fmt::format("{} is no list", key));
    std::vector<std::string> out;
    for (const Json& entry : *found) {
      if (!entry.is_string()) corrupt(fmt::format("{} holds what is no text", key));
      out.push_back(entry.get<std::string>());
    }
    return out;
  }
  WallTime time(const char* key) const {
    try {
      return parse_rfc3339(text(key));
    } catch (const InvalidArgument&) {
      corrupt(fmt::format("{} is no time", key));
    }
  }
  transfer::ObjectDigest digest() const {
    auto digest = transfer::parse_object_digest(text("digest"), number("size"));
    if (!digest) corrupt("a digest is malformed");
    return *digest;
  }
  std::string backup(const char* key) const {
    std::string name = has(key) ? text(key) : "";
    if (!name.empty() && !is_possible_backup_name(name)) corrupt("it names an odd backup");
    return name;
  }
  [[noreturn]] void corrupt(const std::string& why) const { throw Corrupt("read " + what_, why); }

 private:
  Json json_;
  const std::string& what_;
};

void read_header(const Line& line, Manifest& out) {
  if (line.number("min_reader") > kFormat) {
    throw Unsupported(fmt::format("read the manifest of {}", line.text("name")),
                      "a newer holdfast wrote it", "use that version");
  }
  out.name = line.text("name");
  out.is_full = line.text("kind") == "full";
  out.chain = line.texts("chain");
  for (const std::string& name : out.chain) {
    if (!is_possible_backup_name(name)) line.corrupt("it names an odd backup");
  }
  out.run_id = line.text("run");
  out.server_version = line.text("server_version");
  out.created = line.time("created");
  out.document_sha256 = line.text("document_sha256");
}

ManifestPart read_part(const Line& line) {
  ManifestPart part;
  part.name = line.text("part");
  part.disk = line.text("disk");
  part.rows = line.number_if_there("rows");
  part.bytes = line.number("bytes");
  part.identity = line.text("identity");
  part.checksum = line.number("checksum");
  part.backup = line.backup("backup");
  part.stored = line.has("stored") ? line.text("stored") : part.name;
  part.digest = line.digest();
  if (!is_part_name(part.name) || !is_part_name(part.stored) || part.disk.empty()) {
    line.corrupt("a part has a name that no part has");
  }
  return part;
}

ManifestTable read_table(const Line& line) {
  ManifestTable table;
  table.name = {line.text("database"), line.text("table")};
  table.engine = line.text("engine");
  table.rows = line.number_if_there("rows");
  table.document = line.digest();
  if (table.name.database.empty() || table.name.table.empty()) line.corrupt("a table has no name");
  return table;
}

}  // namespace

std::map<std::string, std::uint64_t> Manifest::rows() const {
  std::map<std::string, std::uint64_t> out;
  for (const ManifestTable& table : tables) {
    if (table.engine.ends_with("MergeTree") && table.rows) out[table.name.text()] = *table.rows;
  }
  return out;
}

std::string write_manifest(const Manifest& manifest) {
  Json header = {{"format", kFormat},
                 {"min_reader", kMinReader},
                 {"name", manifest.name},
                 {"kind", manifest.is_full ? "full" : "incremental"},
                 {"chain", manifest.chain},
                 {"run", manifest.run_id},
                 {"server_version", manifest.server_version},
                 {"created", format_rfc3339(manifest.created)},
                 {"document_sha256", manifest.document_sha256}};
  std::string text = header.dump() + "\n";
  for (const ManifestTable& table : manifest.tables) {
    text += table_line(table).dump() + "\n";
    for (const ManifestPart& part : table.parts) text += part_line(part).dump() + "\n";
  }
  const std::string sha256 = codec::to_hex(codec::digest_of(codec::DigestAlgorithm::kSha256, text));
  text += Json{{"end", sha256}}.dump() + "\n";
  return compressed(text);
}

Manifest read_manifest(std::string_view bytes, const std::string& what) {
  const std::string text = decompressed(bytes, what);
  Manifest out;
  bool ended = false;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    if (end == std::string::npos || ended)
      throw Corrupt("read " + what, "it does not end properly");
    const Line line(std::string_view(text).substr(begin, end - begin), what);
    if (begin == 0) {
      read_header(line, out);
    } else if (line.has("end")) {
      const std::string_view before = std::string_view(text).substr(0, begin);
      ended = line.text("end") ==
              codec::to_hex(codec::digest_of(codec::DigestAlgorithm::kSha256, before));
      if (!ended) line.corrupt("its checksum does not match");
    } else if (line.has("table")) {
      out.tables.push_back(read_table(line));
    } else if (out.tables.empty()) {
      line.corrupt("a part stands before any table");
    } else {
      out.tables.back().parts.push_back(read_part(line));
    }
    begin = end + 1;
  }
  if (!ended) throw Corrupt("read " + what, "it does not end properly");
  return out;
}

std::string archive_key(const TableName& table, const std::string& disk,
                        const std::string& stored) {
  return fmt::format("shadow/{}/{}/{}_{}.tar", encode_name(table.database),
                     encode_name(table.table), disk, stored);
}

std::string document_key(const TableName& table) {
  return fmt::format("metadata/{}/{}.json", encode_name(table.database), encode_name(table.table));
}

}  // namespace holdfast::datastore::ch
