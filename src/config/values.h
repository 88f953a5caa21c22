// The effective settings of one values file: every key of ours, typed, checked and with its
// documented default.
//
// Plain data. Which key fills which member, its default, its other spellings and what is allowed
// stand in one table (keys_*.cpp), from which docs/guide/values.md is made; load.h fills this from
// a file. Nobody below config includes it: the composition root copies what a room needs into that
// room's own options.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"

namespace holdfast::config {

enum class Store {
  kStackGraph,
  kVictoriaMetrics0,
  kVictoriaMetrics1,
  kClickHouse,
  kElasticsearch,
  kConfiguration,
};
inline constexpr std::array<Store, 6> kAllStores = {
    Store::kStackGraph, Store::kVictoriaMetrics0, Store::kVictoriaMetrics1,
    Store::kClickHouse, Store::kElasticsearch,    Store::kConfiguration};
// "stackgraph", "victoria-metrics-0", "victoria-metrics-1", "clickhouse", "elasticsearch",
// "configuration".
std::string_view name_of(Store store);
std::optional<Store> store_of(std::string_view name);

// Texts named `schedule` have parsed in their dialect. A `prefix` has no slash at its end. `bytes`
// are bytes.

struct Backup {
  bool enabled = false;  // the master switch
};

// StackGraph and the settings ("configuration"): whole exports, a file a backup.
struct Exports {
  bool enabled = false;            // is backed up at all
  bool scheduled_enabled = false;  // a scheduled run needs both
  bool restore_enabled = false;
  std::string bucket_name, prefix;
  std::string schedule;                                                 // Kubernetes dialect
  std::string name_template, name_parse_regexp, datetime_parse_format;  // see docs/guide/values.md
  std::string retention_time_delta;  // as retention/date_delta.h reads it
};
enum class StackGraphImplementation { kV1, kV2, kAll };
struct StackGraph : Exports {
  std::uint64_t split_archive_bytes = 0;  // 0: one file
  StackGraphImplementation implementation = StackGraphImplementation::kV1;
};
struct Configuration : Exports {
  std::uint64_t max_local_files = 0;
  std::uint64_t max_yaml_bytes = 0;
};

struct Elasticsearch {
  bool enabled = false;
  bool scheduled_enabled = false;
  bool restore_enabled = false;
  std::string bucket_name, prefix;
  std::string snapshot_repository_name;
  std::string schedule;  // Elasticsearch dialect
  std::vector<std::string> indices;
  std::string snapshot_policy_name, snapshot_name_template;
  std::string expire_after;  // an Elasticsearch time value
  std::uint64_t min_count = 0, max_count = 0;
};

struct VictoriaMetrics {
  bool instance_enabled = false;  // victoria-metrics-N.enabled: the instance exists
  bool enabled = false;           // its backup
  bool restore_enabled = false;
  std::string bucket_name, prefix;
  std::string schedule;        // cronexpr dialect
  std::string daily_schedule;  // dated copies, cronexpr dialect; empty: none
  std::uint64_t keep_last_daily = 0, keep_last_weekly = 0;
};

struct ClickHouse {
  bool enabled = false;
  bool restore_enabled = false;
  std::string bucket_name, prefix;
  std::string full_schedule, incremental_schedule;  // cronexpr dialect
  std::uint64_t keep_remote = 0;                    // 0: all are kept
  std::vector<std::string> tables;
};

enum class StorageKind { kFolder, kS3, kAzure };
enum class Addressing { kAutomatic, kPath, kHost };
struct S3Upstream {
  bool enabled = false;
  std::string access_key;  // empty with an empty secret key: the machine's role
  Secret secret_key;
  std::string endpoint;  // empty: AWS
  std::string region;    // empty: AWS_REGION, else us-east-1
  Addressing addressing = Addressing::kAutomatic;
  std::string ca_file;  // empty: the system's
};
struct AzureUpstream {
  bool enabled = false;
  std::string account_name;
  Secret account_key;    // empty: the machine's identity
  Secret signature;      // a shared access signature; wins over the key
  std::string endpoint;  // empty: made of the account's name
  std::string ca_file;   // empty: the system's
};
// What the gateway is called with, and where it keeps its objects.
struct Minio {
  std::string access_key;  // the gateway's root pair
  Secret secret_key;
  bool persistence_enabled = false;
  S3Upstream s3;
  AzureUpstream azure;
  StorageKind storage_kind = StorageKind::kFolder;  // follows from the three switches
};

enum class Permission { kRead, kList, kWriteNew, kOverwrite, kDelete, kBypassLock };
struct GatewayKey {
  std::string access_key;
  Secret secret_key;
  std::string bucket;  // empty: every bucket
  std::string prefix;  // of object keys, to the letter
  std::vector<Permission> allow;
};
struct GatewayLimits {
  std::uint64_t workers = 0, connections = 0, queued_requests = 0;
  std::uint64_t head_bytes = 0;
  Duration head_timeout{0}, idle_timeout{0}, stall_timeout{0}, stop_grace{0};
  std::uint64_t min_bytes_per_second = 0;
  std::uint64_t crowded_bytes_per_second = 0;
};
struct Gateway {
  std::string listen;  // host:port
  std::string url;     // what clients on this machine call
  std::string domain;  // for virtual-host style; empty: path style only
  std::string region;
  std::string tls_certificate_file, tls_key_file;
  std::string tls_ca_file;  // for our own calls of it; empty: the system's
  bool access_log = false, metrics = false;
  bool customer_keys_over_http = false;
  std::vector<GatewayKey> keys;
  GatewayLimits limits;
};
struct EncryptionKey {
  Secret key;  // 64 hexadecimal digits
};
struct FolderStorage {
  std::string folder;
  std::uint64_t reserved_bytes = 0;
  std::vector<EncryptionKey> encryption_keys;  // the first one encrypts, all decrypt
};
struct Run {
  std::string listen;
  Duration starting_deadline{0};
  Duration stop_grace{0};  // for runs that have begun
  bool prune = true;
  std::string time_zone;  // "local" or a name of the zone database
  Secret token;           // empty: the web page and the HTTP API change nothing
};
struct Log {
  log::Format format = log::Format::kText;
  log::Level level = log::Level::kInfo;
};
enum class OnError { kFail, kContinue };
struct Hook {
  std::vector<std::string> command;  // empty: none
  Duration timeout{0};
  OnError on_error = OnError::kFail;
};
struct Hooks {
  Hook before_backup, after_backup, before_restore, after_restore;
};
enum class Occasion { kFailure, kLate, kRecovery };
struct Webhook {
  Secret url;  // often holds a token
  std::map<std::string, Secret> headers;
  std::string pattern;  // of the JSON that is posted (job/notify/message.h); empty: the usual one
  std::string ca_file;  // empty: the system's
};
struct Smtp {
  std::string host;
  std::uint64_t port = 0;
  std::string user;
  Secret password;
  std::string from;
  std::vector<std::string> to;
  std::string ca_file;  // empty: the system's
};
struct Notifications {
  std::vector<Occasion> on;
  Webhook webhook;
  Smtp smtp;
};
struct Catalog {
  std::string bucket_name;  // the effective one
  std::string prefix;       // ends in a slash
};
// How much a store's transfers may take.
struct Rates {
  std::uint64_t max_bytes_per_second = 0;  // 0: no limit
  std::uint64_t concurrency = 0;
};
struct VictoriaMetricsServer : Rates {
  std::string url, data_path;
  Secret snapshot_auth_key;
  std::string server_program;  // what a drill starts
};
struct ClickHouseServer : Rates {
  std::string url, data_path, user;
  Secret password;
  std::uint64_t max_chain_length = 0;
};
enum class RepositoryType { kS3, kFolder, kAzure };
enum class SnapshotMode { kAuto, kOwn, kSlm };
struct ElasticsearchServer : Rates {
  std::string url, user;
  Secret password;
  std::string ca_file;  // empty: the system's
  RepositoryType repository_type = RepositoryType::kS3;
  std::string access_key;  // what the cluster calls the gateway with; empty: a pair is chosen
  Secret secret_key;
  std::map<std::string, Secret> repository_settings;  // besides and over those that we make
  SnapshotMode mode = SnapshotMode::kAuto;
  std::string retention_schedule;  // Elasticsearch dialect
};
enum class StackGraphDriver { kCommand, kGremlin };
enum class GraphCompression { kNone, kZstd };
// A pair of commands that writes an export to a file, and reads it.
struct ExportCommands : Rates {
  std::vector<std::string> export_command, import_command;
  std::map<std::string, Secret> environment;  // of both commands
  std::string working_folder;                 // theirs; empty: the temporary one
  Duration time_limit{0};                     // of one command
  std::string temporary_folder;               // for one export; empty: the system's
};
struct StackGraphServer : ExportCommands {
  StackGraphDriver driver = StackGraphDriver::kCommand;
  std::string url, user;
  Secret password;
  std::string ca_file;           // empty: the system's
  std::string traversal_source;  // the graph's name on that server
  std::string drill_url;         // of an empty graph for drills; empty: there is none
  std::uint64_t streams = 2;     // connections of an export
  Duration answer_timeout{}, idle_timeout{};
  GraphCompression compression = GraphCompression::kNone;
  std::vector<std::string> stack_packs_command;  // empty: StackPacks are not backed up
};
struct ConfigurationServer : ExportCommands {
  std::string local_folder;  // keeps the newest exports as well; empty: none
};
// What a cluster would otherwise supply.
struct Holdfast {
  Gateway gateway;
  FolderStorage storage;
  Run run;
  Log log;
  std::string verify_schedule, drill_schedule;  // cronexpr dialect; empty: off
  std::array<Hooks, kAllStores.size()> hooks;   // in the order of kAllStores
  Notifications notifications;
  Catalog catalog;
  std::array<VictoriaMetricsServer, 2> victoria_metrics;
  ClickHouseServer clickhouse;
  ElasticsearchServer elasticsearch;
  StackGraphServer stackgraph;
  ConfigurationServer configuration;
};

struct Values {
  Backup backup;
  StackGraph stackgraph;
  Configuration configuration;
  Elasticsearch elasticsearch;
  std::array<VictoriaMetrics, 2> victoria_metrics;
  ClickHouse clickhouse;
  Minio minio;
  Holdfast holdfast;
};

}  // namespace holdfast::config
