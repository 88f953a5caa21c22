#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/program.h"
#include "cli/text.h"
#include "datastore/clickhouse/clickhouse.h"
#include "job/mirror.h"

namespace holdfast::cli {

namespace {

struct Arguments {
  std::string source, destination, store, name, source_bucket;
  bool direct = false, replace = false;
};

job::CopyRequest request_of(const config::Values& values, config::Store store) {
  job::CopyRequest request;
  request.store = config::name_of(store);
  auto fill = [&](job::BackupShape shape, const std::string& bucket, std::string prefix) {
    request.shape = shape;
    request.to.bucket = bucket;
    request.prefix = std::move(prefix);
  };
  auto folder = [](const std::string& prefix) { return prefix.empty() ? prefix : prefix + "/"; };
  switch (store) {
    case config::Store::kStackGraph:
      fill(job::BackupShape::kFiles, values.stackgraph.bucket_name,
           folder(values.stackgraph.prefix));
      break;
    case config::Store::kConfiguration:
      fill(job::BackupShape::kFiles, values.configuration.bucket_name,
           folder(values.configuration.prefix));
      break;
    case config::Store::kElasticsearch:
      fill(job::BackupShape::kRepository, values.elasticsearch.bucket_name,
           folder(values.elasticsearch.prefix));
      break;
    case config::Store::kClickHouse:
      fill(job::BackupShape::kFolders, values.clickhouse.bucket_name,
           folder(values.clickhouse.prefix));
      break;
    case config::Store::kVictoriaMetrics0:
    case config::Store::kVictoriaMetrics1: {
      const auto& one = values.victoria_metrics[store == config::Store::kVictoriaMetrics1 ? 1 : 0];
      fill(job::BackupShape::kFolders, one.bucket_name, one.prefix + "-");
      break;
    }
  }
  return request;
}

void print(const std::string& store, const job::CopiedBackup& copied) {
  const job::MirrorReport& report = copied.report;
  std::printf("%s%s%s: %s in %llu objects copied, %s in %llu objects already there%s\n",
              store.c_str(), copied.name.empty() ? "" : " ", copied.name.c_str(),
              format_bytes(report.bytes_copied).c_str(),
              static_cast<unsigned long long>(report.objects_copied),
              format_bytes(report.bytes_kept).c_str(),
              static_cast<unsigned long long>(report.objects_kept),
              copied.is_complete() ? "" : " (not complete at the source: it is no backup yet)");
}

nlohmann::json to_json(const std::string& store, const job::CopiedBackup& copied) {
  const job::MirrorReport& report = copied.report;
  return {{"store", store},
          {"name", copied.name},
          {"bytes_copied", report.bytes_copied},
          {"objects_copied", report.objects_copied},
          {"bytes_kept", report.bytes_kept},
          {"objects_kept", report.objects_kept},
          {"objects_removed", report.objects_removed},
          {"complete", copied.is_complete()}};
}

job::CopyRequest whole_request(Program& program, const Arguments& arguments, config::Store store,
                               const OpenPlace& from, const OpenPlace& to) {
  job::CopyRequest request = request_of(*to.values, store);
  request.name = arguments.name;
  request.replace = arguments.replace;
  request.skip = to.values->holdfast.catalog.prefix;
  request.to.storage = to.storage.get();
  request.from = {from.storage.get(), request.to.bucket};
  if (from.values) request.from.bucket = request_of(*from.values, store).to.bucket;
  if (!arguments.source_bucket.empty()) request.from.bucket = arguments.source_bucket;
  if (store == config::Store::kClickHouse && !request.name.empty()) {
    request.needed =
        datastore::clickhouse_chain(program.context(), *from.storage, request.from.bucket,
                                    to.values->clickhouse.prefix, request.name);
  }
  return request;
}

// The stores to copy: the one that is named, or all; of all, those without a backup are left out.
int run(Program& program, const Arguments& arguments) {
  OpenPlace to = program.open_place({arguments.destination, arguments.direct, false});
  if (!to.values) {
    throw InvalidArgument("copy to " + arguments.destination, "the destination is no values file",
                          "name the values file of the installation that gets the backups");
  }
  OpenPlace from = program.open_place({arguments.source, arguments.direct, true});
  std::vector<config::Store> stores(config::kAllStores.begin(), config::kAllStores.end());
  const bool all = arguments.store.empty();
  if (!all) stores = {store_named(arguments.store)};
  nlohmann::json json = nlohmann::json::array();
  bool any = false;
  for (config::Store store : stores) {
    const job::CopyRequest request = whole_request(program, arguments, store, from, to);
    std::vector<job::CopiedBackup> copied;
    try {
      copied =
          job::copy_backups(program.context(), request, *to.storage, to.engine, program.progress());
    } catch (const NotFound&) {
      if (!all) throw;
      continue;
    }
    any = true;
    for (const job::CopiedBackup& one : copied) {
      if (program.global().json()) {
        json.push_back(to_json(request.store, one));
      } else {
        print(request.store, one);
      }
    }
  }
  if (program.global().json()) std::printf("%s\n", json.dump(2).c_str());
  if (any) return 0;
  throw NotFound("copy from " + arguments.source, "no store has a backup there",
                 "check the buckets' names, or give --source-bucket");
}

}  // namespace

Command make_copy_command(Program& program) {
  auto arguments = std::make_shared<Arguments>();
  Command command;
  command.name = "copy";
  command.summary = "copy backups to another storage";
  command.description =
      "Copies one backup (of clickhouse with those it builds on), a store's, or all, object for "
      "object, and proves each. Goes on where it "
      "was when it is started again; changes nothing at the source. A source that is no holdfast "
      "is named by its address: its keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.";
  command.examples = {
      "holdfast copy old-values.yaml new-values.yaml",
      "holdfast copy old-values.yaml new-values.yaml victoria-metrics-0 "
      "victoria-metrics-0-20231128160000",
      "holdfast copy http://minio:9000 new-values.yaml stackgraph --source-bucket old-backups"};
  command.options = {
      {"SRC", "a values file, or the address of an S3", &arguments->source, true},
      {"DST", "the values file of where they go", &arguments->destination, true},
      {"STORE", "whose backups (default: all stores)", &arguments->store},
      {"NAME", "which one (default: all)", &arguments->name},
      {"--source-bucket", "where they lie, when not in the bucket of that name",
       &arguments->source_bucket},
      {"--replace", "of a repository (elasticsearch): remove what only the destination has",
       &arguments->replace},
      {"--direct", "around the gateways, straight between the configured storages",
       &arguments->direct},
  };
  command.run = [&program, arguments] { return run(program, *arguments); };
  return command;
}

}  // namespace holdfast::cli
