#include "datastore/clickhouse/resolve.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>

#include "base/error.h"
#include "base/worker_pool.h"
#include "datastore/clickhouse/part.h"
#include "datastore/clickhouse/sql.h"

namespace holdfast::datastore::ch {

namespace {

constexpr std::size_t kLongestChain = 1000;

// A backup of the chain with what is listed of it, and with its documents where they are needed.
struct Link {
  Backup backup;
  Objects objects;
  std::map<TableName, TableDocument> documents;
};

struct FormatName {
  std::string_view name, extension;
  Format format;
};
constexpr FormatName kFormats[] = {{"tar", ".tar", Format::kTar},
                                   {"gzip", ".tar.gz", Format::kGzip},
                                   {"zstd", ".tar.zstd", Format::kZstd},
                                   {"directory", "", Format::kFiles}};

const FormatName* find_format(const std::string& name) {
  for (const FormatName& format : kFormats) {
    if (format.name == name) return &format;
  }
  return nullptr;
}

class Resolver {
 public:
  Resolver(const Context& context, const Place& place, const std::string& name)
      : context_(context), place_(place) {
    out_.backup = open_backup(context_, place_, name);
  }

  Resolved run();

 private:
  void problem(std::string text);
  std::vector<TableDocument> read_documents(const Backup& backup);
  TableDocument read_one(const Context& context, const Backup& backup, const TableName& table);
  void list_backups(const std::set<std::string>& names);
  void resolve_described();
  void resolve_foreign();
  bool load_chain();
  void resolve_table(const TableDocument& document);
  void find_stored(NeededPart& part, const TableName& table, std::size_t link);
  void find_objects(NeededPart& part, const TableName& table, const Link& link);
  void find_files(NeededPart& part, const TableName& table, const Link& link);
  void check_object(const NeededPart& part, PartObject& object);

  Context context_;
  const Place& place_;
  Resolved out_;
  std::map<std::string, Objects> listed_;  // by backup
  std::vector<Link> links_;                // of a foreign chain: this backup, then its parents
};

void Resolver::problem(std::string text) {
  if (out_.problems.size() < kMostProblems) {
    out_.problems.push_back(std::move(text));
  } else {
    ++out_.more_problems;
  }
}

TableDocument Resolver::read_one(const Context& context, const Backup& backup,
                                 const TableName& table) {
  const storage::ObjectRef ref = place_.object(backup.name, document_key(table));
  const std::string bytes = storage::get_bytes(*place_.storage, context, ref, kLargestDocument);
  if (backup.manifest) {
    for (const ManifestTable& known : backup.manifest->tables) {
      if (known.name == table && !(known.document == transfer::object_digest_of(bytes))) {
        throw Corrupt("read " + ref.text(), "its checksum does not match");
      }
    }
  }
  TableDocument document = read_table_document(bytes, ref.text());
  if (document.name != table) throw Corrupt("read " + ref.text(), "it is about another table");
  return document;
}

// In the order of metadata.json. What cannot be read is a problem.
std::vector<TableDocument> Resolver::read_documents(const Backup& backup) {
  const auto& tables = backup.document.tables;
  std::vector<TableDocument> documents(tables.size());
  std::vector<std::string> failures(tables.size());
  WorkerPool pool(context_, place_.threads);
  for (std::size_t i = 0; i < tables.size(); ++i) {
    pool.submit([&, i] {
      try {
        documents[i] = read_one(pool.context(), backup, tables[i]);
      } catch (const NotFound&) {
        failures[i] = document_key(tables[i]) + " is missing";
      } catch (const Corrupt& error) {
        failures[i] = document_key(tables[i]) + ": " + error.reason();
      }
    });
  }
  pool.finish();
  std::vector<TableDocument> out;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    if (failures[i].empty()) {
      out.push_back(std::move(documents[i]));
    } else {
      problem(backup.name + ": " + failures[i]);
    }
  }
  return out;
}

void Resolver::list_backups(const std::set<std::string>& names) {
  for (const std::string& name : names) listed_[name];
  WorkerPool pool(context_, place_.threads);
  for (const std::string& name : names) {
    pool.submit([&pool, this, &name, &objects = listed_[name]] {
      objects = list_objects(pool.context(), place_, name);
    });
  }
  pool.finish();
}

void Resolver::check_object(const NeededPart& part, PartObject& object) {
  const Objects& objects = listed_[part.backup];
  auto found = objects.find(object.key);
  if (found == objects.end()) {
    problem(fmt::format("{}: {} is missing", part.backup, object.key));
    return;
  }
  object.revision = found->second.revision;
  if (found->second.size != object.size) {
    problem(fmt::format("{}: {} has {} bytes instead of {}", part.backup, object.key,
                        found->second.size, object.size));
  }
}

// Our manifest tells where everything lies.
void Resolver::resolve_described() {
  const Manifest& manifest = *out_.backup.manifest;
  std::set<std::string> needed = {manifest.name};
  for (const ManifestTable& table : manifest.tables) {
    for (const ManifestPart& part : table.parts) {
      if (!part.backup.empty()) needed.insert(part.backup);
    }
  }
  list_backups(needed);
  std::map<TableName, const ManifestTable*> known;
  for (const ManifestTable& table : manifest.tables) known[table.name] = &table;
  for (TableDocument& document : read_documents(out_.backup)) {
    NeededTable table;
    auto found = known.find(document.name);
    if (found == known.end()) {
      problem(document.name.text() + " is not in the manifest");
      continue;
    }
    table.engine = found->second->engine;
    table.rows = found->second->rows;
    for (const ManifestPart& record : found->second->parts) {
      NeededPart part;
      part.name = record.name;
      part.disk = record.disk;
      part.backup = record.backup.empty() ? manifest.name : record.backup;
      part.stored = record.stored;
      part.rows = record.rows;
      part.bytes = record.bytes;
      part.identity = record.identity;
      part.checksum = record.checksum;
      part.objects = {{archive_key(document.name, record.disk, record.stored), record.digest.size,
                       record.digest, "", ""}};
      check_object(part, part.objects.front());
      table.parts.push_back(std::move(part));
    }
    table.document = std::move(document);
    out_.tables.push_back(std::move(table));
  }
}

// clickhouse-backup's own chain: each backup names the next. False: it does not hold together.
bool Resolver::load_chain() {
  std::set<std::string> seen;
  for (Backup backup = out_.backup;;) {
    if (!seen.insert(backup.name).second || seen.size() > kLongestChain) {
      problem("the chain leads back to " + backup.name);
      return false;
    }
    Link link{backup, {}, {}};
    for (TableDocument& document : read_documents(backup)) {
      TableName name = document.name;
      link.documents.emplace(std::move(name), std::move(document));
    }
    links_.push_back(std::move(link));
    const std::string parent = backup.document.required_backup;
    if (parent.empty()) break;
    try {
      backup = open_backup(context_, place_, parent);
    } catch (const NotFound& error) {
      if (error.code() == storage::kNoSuchBucket) throw;
      problem(fmt::format("{} needs {}, which is not there", links_.back().backup.name, parent));
      return false;
    }
    if (!backup.broken_because.empty()) {
      problem(fmt::format("{} needs {}, which is broken: {}", links_.back().backup.name, parent,
                          backup.broken_because));
      return false;
    }
  }
  list_backups(seen);
  for (Link& link : links_) link.objects = listed_[link.backup.name];
  return true;
}

void Resolver::find_files(NeededPart& part, const TableName& table, const Link& link) {
  const std::string folder = fmt::format("shadow/{}/{}/{}/{}/", encode_name(table.database),
                                         encode_name(table.table), part.disk, part.name);
  for (auto object = link.objects.lower_bound(folder);
       object != link.objects.end() && object->first.starts_with(folder); ++object) {
    part.objects.push_back({object->first, object->second.size, std::nullopt,
                            object->first.substr(folder.size()), object->second.revision});
  }
  if (part.objects.empty()) problem(fmt::format("{}: {} is missing", part.backup, folder));
}

void Resolver::find_objects(NeededPart& part, const TableName& table, const Link& link) {
  const FormatName* format = find_format(link.backup.document.data_format);
  if (!format) {
    problem(fmt::format("{}: its format {} is not known", link.backup.name,
                        link.backup.document.data_format));
    return;
  }
  part.format = format->format;
  if (part.format == Format::kFiles) return find_files(part, table, link);
  const std::string folder =
      fmt::format("shadow/{}/{}/", encode_name(table.database), encode_name(table.table));
  const auto& files = link.documents.at(table).files;
  auto of_disk = files.find(part.disk);
  std::vector<std::string> names =
      of_disk == files.end() ? std::vector<std::string>{} : of_disk->second;
  const std::string own = fmt::format("{}_{}{}", part.disk, part.name, format->extension);
  if (std::find(names.begin(), names.end(), own) != names.end()) {
    names = {own};
  } else {
    part.shares_objects = true;  // upload_by_part: false
  }
  if (names.empty()) {
    problem(fmt::format("{}: {} has no archive with part {}", link.backup.name, table.text(),
                        part.name));
  }
  for (const std::string& name : names) {
    auto object = link.objects.find(folder + name);
    if (object == link.objects.end()) {
      problem(fmt::format("{}: {} is missing", link.backup.name, folder + name));
      continue;
    }
    part.objects.push_back(
        {object->first, object->second.size, std::nullopt, "", object->second.revision});
  }
}

// Follows `required` to the backup that holds the part.
void Resolver::find_stored(NeededPart& part, const TableName& table, std::size_t link) {
  for (std::size_t i = link; i < links_.size(); ++i) {
    auto document = links_[i].documents.find(table);
    if (document == links_[i].documents.end()) break;
    const PartRecord* record = nullptr;
    for (const auto& candidate : document->second.parts[part.disk]) {
      if (candidate.name == part.name) record = &candidate;
    }
    if (!record) break;
    if (record->required) continue;
    part.backup = links_[i].backup.name;
    part.bytes = record->size;
    return find_objects(part, table, links_[i]);
  }
  problem(fmt::format("part {} of {} is in no backup of the chain", part.name, table.text()));
}

void Resolver::resolve_table(const TableDocument& document) {
  NeededTable table;
  table.document = document;
  try {
    table.engine = parse_create(document.query, document.name.text()).engine;
  } catch (const Corrupt& error) {
    problem(fmt::format("{}: {}", error.subject(), error.reason()));
    return;
  }
  for (const auto& [disk, records] : document.parts) {
    for (const PartRecord& record : records) {
      NeededPart part;
      part.name = part.stored = record.name;
      part.disk = disk;
      auto checksum = document.checksums.find(record.name);
      if (checksum != document.checksums.end()) part.checksum = checksum->second;
      find_stored(part, document.name, 0);
      out_.unhashed += part.objects.size();
      table.parts.push_back(std::move(part));
    }
  }
  out_.tables.push_back(std::move(table));
}

void Resolver::resolve_foreign() {
  if (!load_chain()) return;
  for (const TableName& name : out_.backup.document.tables) {
    auto document = links_.front().documents.find(name);
    if (document != links_.front().documents.end()) resolve_table(document->second);
  }
}

Resolved Resolver::run() {
  Backup& backup = out_.backup;
  if (!backup.broken_because.empty()) {
    problem(backup.broken_because);
    return std::move(out_);
  }
  try {
    read_manifest_of(context_, place_, backup);
  } catch (const Corrupt& error) {
    // clickhouse-backup's documents alone would restore it unchecked: nothing is worth that.
    problem(fmt::format("{}: {}", kManifestName, error.reason()));
    return std::move(out_);
  }
  if (backup.manifest) {
    resolve_described();
  } else {
    resolve_foreign();
  }
  return std::move(out_);
}

}  // namespace

Resolved resolve(const Context& context, const Place& place, const std::string& name) {
  return Resolver(context, place, name).run();
}

void require_whole(const Resolved& resolved) {
  if (resolved.problems.empty()) return;
  std::string why = resolved.problems.front();
  const std::uint64_t more = resolved.problems.size() - 1 + resolved.more_problems;
  if (more > 0) why += fmt::format(", and {} more", more);
  throw Corrupt("use backup " + resolved.backup.name, why,
                "holdfast verify clickhouse " + resolved.backup.name + " shows all");
}

}  // namespace holdfast::datastore::ch
