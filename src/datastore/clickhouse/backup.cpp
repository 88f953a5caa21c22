#include "datastore/clickhouse/backup.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "base/operation.h"
#include "base/random.h"
#include "base/worker_pool.h"
#include "codec/digest.h"
#include "codec/text.h"
#include "datastore/clickhouse/base.h"
#include "datastore/clickhouse/choose.h"
#include "datastore/clickhouse/commit.h"
#include "datastore/clickhouse/freeze.h"
#include "datastore/clickhouse/part.h"
#include "datastore/local.h"

namespace holdfast::datastore::ch {

namespace {

constexpr std::size_t kBatch = 1000;                  // parts whose file names are held at once
constexpr std::uint64_t kMostBuffered = 64ull << 20;  // of pieces on their way

// What the server tells of one of its parts.
struct ToldPart {
  std::uint64_t rows = 0;
  std::string hash;  // of all files; empty on old servers
};

// A table as it is on its way into the backup.
struct Work {
  Table table;
  std::map<std::string, ToldPart> told = {};
  std::vector<ChosenPart> parts = {};
  TableDocument document = {};
  ManifestTable record = {};
  bool is_gone = false;  // dropped since the tables were listed
};

class Run {
 public:
  Run(const Context& context, Store& store, const BackupRequest& request, Fence& fence,
      Progress& progress)
      : context_(context), store_(store), request_(request), fence_(fence), progress_(progress) {}

  BackupOutcome run();

 private:
  void choose_kind();
  void select_tables();
  void flush_buffers();
  void freeze_all(Shadow& shadow);
  void describe(Work& work);
  void send_parts();
  void send_batch(const std::vector<std::pair<Work*, std::size_t>>& batch);
  void copy_parts();
  void record_part(Work& work, const ChosenPart& part, const transfer::ObjectDigest& digest,
                   const ManifestPart* stored);
  void send_documents();
  void commit();
  void discard() noexcept;

  Context context_;
  Store& store_;
  const BackupRequest& request_;
  Fence& fence_;
  Progress& progress_;
  Schema schema_;
  std::optional<Base> base_;
  bool is_full_ = false;
  bool may_be_complete_ = false;
  bool by_copies_ = false;  // what is in the chain is copied by the storage, and the chain ends
  std::string name_;
  WallTime created_;
  std::vector<Work> works_;
  std::vector<TableName> order_;  // of the documents: tables first, then what reads them
  BackupDocument document_;
  Manifest manifest_;
  BackupOutcome outcome_;
};

// A full one when it is asked for, when there is nothing to build on, and when the chain is long
// enough.
void Run::choose_kind() {
  const std::vector<std::string> names = list_names(context_, store_.place);
  is_full_ = request_.kind == BackupKind::kFull;
  if (!is_full_) {
    std::string why;
    base_ = Base::find(context_, store_.place, names, why);
    if (!base_) {
      is_full_ = true;
      progress_.note(why.empty() ? "there is no backup to build on: this one is full"
                                 : "this backup is full, since " + why);
    } else if (base_->chain().size() >= store_.options.max_chain_length) {
      is_full_ = by_copies_ = true;
      progress_.note(fmt::format("the chain has {} backups: this one is full, made of copies",
                                 base_->chain().size()));
    }
  }
  // After every other, also when a clock went back or two come in one second: the newest backup is
  // found by its name.
  created_ = std::chrono::floor<std::chrono::seconds>(context_.clock().now());
  for (const std::string& name : names) {
    if (auto time = time_of_backup(name)) {
      created_ = std::max(created_, *time + std::chrono::seconds(1));
    }
  }
  name_ = backup_name(is_full_ ? NameKind::kFull : NameKind::kIncremental, created_);
}

void Run::select_tables() {
  schema_ = read_schema(context_, *store_.server, store_.options.data_path);
  for (const auto& [name, table] : schema_.tables) {
    if (!fits_patterns(name, store_.options.tables)) continue;
    works_.push_back({.table = table});
    if (table.holds_own_data()) {
      outcome_.warnings.push_back(fmt::format(
          "{}: only its definition is backed up: rows of the engine {} cannot be frozen",
          name.text(), table.engine));
    }
  }
  if (works_.empty()) {
    throw Refused("back up " + store_.place.store,
                  fmt::format("no table fits {}", fmt::join(store_.options.tables, ", ")),
                  "check clickhouse.backup.config.tables");
  }
  for (const Disk& disk : schema_.disks) {
    if (disk.type == "local") continue;
    for (const Work& work : works_) {
      if (work.table.has_parts() && !folder_on(disk, work.table).empty()) {
        throw Unsupported(
            "back up " + work.table.name.text(),
            fmt::format("its disk {} is of type {}, not a folder here", disk.name, disk.type));
      }
    }
  }
  auto rank = [](const Work& work) { return work.table.has_parts() ? 0 : work.table.is_view(); };
  std::stable_sort(works_.begin(), works_.end(),
                   [&](const Work& a, const Work& b) { return rank(a) < rank(b); });
}

// What lies in a buffer is in no part yet.
void Run::flush_buffers() {
  for (const Work& work : works_) {
    if (work.table.engine != "Buffer") continue;
    Operation operation("ch.flush", work.table.name.text());
    store_.server->run(context_, "OPTIMIZE TABLE " + quote_name(work.table.name));
  }
}

// What the server itself tells of its parts, by name; those that were merged away meanwhile too, as
// long as it remembers them.
std::map<std::string, ToldPart> told_parts(const Context& context, Server& server,
                                           const TableName& name, bool is_old) {
  std::map<std::string, ToldPart> out;
  for (const auto& row :
       select(context, server,
              fmt::format("SELECT name, rows, {} AS hash FROM system.parts WHERE database = {} AND "
                          "table = {}",
                          is_old ? "''" : "hash_of_all_files", quote_text(name.database),
                          quote_text(name.table)))) {
    out[text_of(row, "name")] = {number_of(row, "rows"), text_of(row, "hash")};
  }
  return out;
}

// All tables right after each other, so that their moments lie close together.
void Run::freeze_all(Shadow& shadow) {
  progress_.phase("freeze", 0, works_.size());
  std::vector<std::vector<FrozenPart>> frozen(works_.size());
  for (std::size_t i = 0; i < works_.size(); ++i) {
    Work& work = works_[i];
    if (work.table.has_parts()) {
      try {
        frozen[i] = shadow.freeze(work.table);
      } catch (const NotFound&) {
        work.is_gone = true;
        outcome_.warnings.push_back(work.table.name.text() + " was dropped meanwhile: left out");
      }
      work.told = told_parts(context_, *store_.server, work.table.name, schema_.is_old);
    }
    progress_.advance(0, 1);
  }
  const Base* base = base_ ? &*base_ : nullptr;
  for (std::size_t i = 0; i < works_.size(); ++i) {
    if (works_[i].is_gone) continue;
    works_[i].parts = choose_parts(context_, works_[i].table.name, frozen[i], base);
    describe(works_[i]);
  }
  std::erase_if(works_, [](const Work& work) { return work.is_gone; });
}

std::string attached(const Table& table) {
  constexpr std::string_view kCreate = "CREATE MATERIALIZED VIEW ";
  if (!table.query.starts_with(kCreate)) return table.query;
  return "ATTACH MATERIALIZED VIEW " + table.query.substr(kCreate.size());
}

// All of the table's document that is known before anything is sent.
void Run::describe(Work& work) {
  TableDocument& document = work.document;
  document.name = work.table.name;
  document.uuid = work.table.uuid;
  document.query = attached(work.table);
  document.has_parts = work.table.has_parts();
  if (document.has_parts) work.record.rows = 0;
  for (ChosenPart& part : work.parts) {
    const bool required = part.stored && !by_copies_;
    document.parts[part.frozen.disk].push_back(
        {part.name, required, required ? 0 : part.facts.bytes});
    document.checksums[part.name] = part.facts.checksum;
    document.total_bytes += part.facts.bytes;
    auto told = work.told.find(part.frozen.name);
    if (told != work.told.end()) {
      if (!told->second.hash.empty()) {
        document.hashes_of_all_files[part.name] = told->second.hash;
      }
      if (!part.facts.rows) part.facts.rows = told->second.rows;
    }
    if (work.record.rows && part.facts.rows) {
      *work.record.rows += *part.facts.rows;
    } else {
      work.record.rows.reset();
    }
    if (required) continue;
    document.size[part.frozen.disk] += part.facts.bytes;
    document.files[part.frozen.disk].push_back(part.frozen.disk + "_" + part.name + ".tar");
    document_.data_size += part.facts.bytes;
  }
  work.record.name = work.table.name;
  work.record.engine = work.table.engine;
}

void Run::record_part(Work& work, const ChosenPart& part, const transfer::ObjectDigest& digest,
                      const ManifestPart* stored) {
  ManifestPart record;
  record.name = part.name;
  record.disk = part.frozen.disk;
  record.rows = part.facts.rows;
  record.bytes = part.facts.bytes;
  record.identity = part.facts.identity;
  record.checksum = part.facts.checksum;
  record.digest = digest;
  record.stored = part.name;
  if (stored) {
    record.backup = stored->backup;
    record.stored = stored->stored;
  } else {
    document_.compressed_size += digest.size;
  }
  work.record.parts[std::size_t(&part - work.parts.data())] = std::move(record);
}

// Whole threads' worth of pieces, within the memory that a backup may take.
transfer::TransferOptions options_for(transfer::TransferOptions options, std::uint64_t largest) {
  while (transfer::piece_count(largest, options.piece_size) > transfer::kMaxPieces) {
    options.piece_size *= 2;
  }
  const auto most = unsigned(std::max<std::uint64_t>(kMostBuffered / options.piece_size, 1));
  options.threads = std::min(options.threads, most);
  return options;
}

void Run::send_batch(const std::vector<std::pair<Work*, std::size_t>>& batch) {
  std::vector<transfer::UploadItem> items;
  std::uint64_t largest = 0;
  for (const auto& [work, index] : batch) {
    const ChosenPart& part = work->parts[index];
    transfer::UploadItem item;
    item.content = tar_of_part(part.frozen.folder, part.name, part.facts);
    item.size = item.content->size();
    item.ref =
        store_.place.object(name_, archive_key(work->table.name, part.frozen.disk, part.name));
    largest = std::max(largest, item.size);
    items.push_back(std::move(item));
  }
  auto results = transfer::upload(context_, *store_.place.storage, items,
                                  options_for(store_.options.transfer, largest), progress_);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    auto [work, index] = batch[i];
    record_part(*work, work->parts[index], results[i].digest, nullptr);
    outcome_.bytes_sent += results[i].digest.size;
    ++outcome_.objects_sent;
    work->parts[index].facts.files.clear();
  }
}

void Run::send_parts() {
  std::vector<std::pair<Work*, std::size_t>> wanted;
  std::uint64_t bytes = 0;
  for (Work& work : works_) {
    work.record.parts.resize(work.parts.size());
    for (std::size_t i = 0; i < work.parts.size(); ++i) {
      const ChosenPart& part = work.parts[i];
      if (part.stored) {
        outcome_.bytes_reused += part.stored->digest.size;
        ++outcome_.objects_reused;
        if (!by_copies_) record_part(work, part, part.stored->digest, part.stored);
        continue;
      }
      wanted.emplace_back(&work, i);
      bytes += tar_size(part.name, part.facts);
    }
  }
  progress_.phase("upload", bytes, wanted.size());
  // Those that need larger pieces come by themselves, so that they alone get fewer threads.
  std::stable_sort(wanted.begin(), wanted.end(), [](const auto& a, const auto& b) {
    return a.first->parts[a.second].facts.bytes > b.first->parts[b.second].facts.bytes;
  });
  const std::uint64_t ordinary = store_.options.transfer.piece_size * transfer::kMaxPieces / 2;
  std::vector<std::pair<Work*, std::size_t>> batch;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    batch.push_back(wanted[i]);
    const bool is_huge = wanted[i].first->parts[wanted[i].second].facts.bytes > ordinary;
    if (batch.size() < kBatch && !is_huge && i + 1 < wanted.size()) continue;
    send_batch(batch);
    batch.clear();
  }
}

// The chain is cut: its parts are copied inside of the storage, and nothing is sent.
void Run::copy_parts() {
  if (!by_copies_) return;
  std::vector<transfer::CopyItem> items;
  std::uint64_t bytes = 0;
  for (Work& work : works_) {
    for (const ChosenPart& part : work.parts) {
      if (!part.stored) continue;
      const StoredObject& object = base_->object_of(work.table.name, *part.stored);
      transfer::CopyItem item;
      item.source =
          store_.place.object(part.stored->backup,
                              archive_key(work.table.name, part.stored->disk, part.stored->stored));
      item.destination =
          store_.place.object(name_, archive_key(work.table.name, part.frozen.disk, part.name));
      item.size = object.size;
      item.etag = object.etag;
      item.revision = object.revision;
      items.push_back(std::move(item));
      bytes += object.size;
      record_part(work, part, part.stored->digest, nullptr);
    }
  }
  progress_.phase("copy", bytes, items.size());
  transfer::copy(context_, *store_.place.storage, *store_.place.storage, items,
                 store_.options.transfer, progress_);
}

void Run::send_documents() {
  WorkerPool pool(context_, store_.place.threads);
  for (Work& work : works_) {
    auto text = std::make_shared<const std::string>(write_document(work.document));
    work.record.document = transfer::object_digest_of(*text);
    document_.metadata_size += text->size();
    document_.tables.push_back(work.table.name);
    outcome_.bytes_sent += text->size();
    ++outcome_.objects_sent;
    pool.submit(
        [this, &pool, text, ref = store_.place.object(name_, document_key(work.table.name))] {
          storage::put_bytes(*store_.place.storage, pool.context(), ref, *text);
        });
  }
  pool.finish();
}

void Run::commit() {
  document_.name = name_;
  document_.disks = schema_.disks;
  document_.version = "holdfast " HOLDFAST_VERSION;
  document_.created = format_rfc3339(created_);
  document_.clickhouse_version = schema_.version;
  document_.databases = schema_.databases;
  document_.functions = schema_.functions;
  if (!is_full_) document_.required_backup = base_->name();
  const std::string text = write_document(document_);

  manifest_.name = name_;
  manifest_.is_full = is_full_;
  if (!is_full_) manifest_.chain = base_->chain();
  manifest_.run_id = request_.run_id;
  manifest_.server_version = schema_.version;
  manifest_.created = created_;
  manifest_.document_sha256 =
      codec::to_hex(codec::digest_of(codec::DigestAlgorithm::kSha256, text));
  for (Work& work : works_) manifest_.tables.push_back(std::move(work.record));
  const std::string manifest = write_manifest(manifest_);
  put_manifest(context_, store_.place, name_, manifest, fence_);
  may_be_complete_ = true;
  put_marker(context_, store_.place, name_, text, fence_);
  outcome_.bytes_sent += manifest.size() + text.size();
  outcome_.objects_sent += 2;
}

// What was sent under this name can never become a backup. Best effort: prune finds it as broken.
void Run::discard() noexcept {
  try {
    Context limited = context_.detached().with_timeout(std::chrono::seconds(30));
    fence_.check();
    remove_folder(limited, store_.place, name_, fence_);
  } catch (const std::exception& error) {
    log::warning(context_, fmt::format("what was sent of {} stays until prune removes it: {}",
                                       name_, error.what()));
  }
}

BackupOutcome Run::run() {
  select_tables();  // first, so that nothing of ours is made in a folder that is not the server's
  FileLock lock = lock_for_us(store_.options.data_path,
                              "set holdfast.clickhouse.dataPath to the server's data folder");
  choose_kind();
  flush_buffers();
  {
    Shadow shadow(context_, *store_.server, schema_,
                  std::string(kScratchPrefix) + "backup_" + random_hex(8));
    freeze_all(shadow);
    try {
      send_parts();
      copy_parts();
      send_documents();
      commit();
    } catch (...) {
      if (!may_be_complete_) discard();
      throw;
    }
    shadow.remove();
  }
  outcome_.name = name_;
  outcome_.measured.counts = manifest_.rows();
  return outcome_;
}

}  // namespace

BackupOutcome run_backup(const Context& context, Store& store, const BackupRequest& request,
                         Fence& fence, Progress& progress) {
  if (request.kind == BackupKind::kDatedCopy) {
    throw InvalidArgument("back up " + store.place.store, "it has no dated copies",
                          "make a full backup with --full");
  }
  return Run(context, store, request, fence, progress).run();
}

}  // namespace holdfast::datastore::ch
