#include "config/rules.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <set>

#include "config/key.h"
#include "http/mail.h"

namespace holdfast::config {

namespace {

constexpr std::string_view kUnset = "setme";

bool is_alnum(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_printed(char c) { return c > ' ' && c < 0x7f; }

void refuse(Loaded& loaded, const std::string& path, std::string why, std::string advice,
            std::string allowed = "") {
  loaded.problems.push_back(
      problem_at(loaded, path, std::move(why), std::move(advice), std::move(allowed)));
}

// MinIO's limits bind whoever writes MinIO's keys; the newer chart's gateway had none.
bool is_minio_spelling(const Loaded& loaded, const std::string& path) {
  const auto found = loaded.origins.find(path);
  return found != loaded.origins.end() && (found->second.spelled.starts_with("minio.") ||
                                           found->second.spelled.starts_with("HOLDFAST_MINIO_"));
}

void check_length(Loaded& loaded, const std::string& path, const std::string& value,
                  std::size_t least, std::size_t most) {
  if (value == kUnset) return;  // the documented default, of which add_warnings() tells
  const bool minio = is_minio_spelling(loaded, path);
  if (!minio) most = 128;
  if (value.size() < least || value.size() > most) {
    refuse(loaded, path, fmt::format("{} characters", value.size()), "",
           fmt::format("{} to {} {}", least, most, minio ? "letters and digits" : "characters"));
  } else if (!std::all_of(value.begin(), value.end(), minio ? is_alnum : is_printed)) {
    refuse(loaded, path, "holds another character", "",
           fmt::format("{} to {} {}", least, most,
                       minio ? "letters and digits" : "characters without blanks"));
  }
}

void check_root_pair(Loaded& loaded) {
  const Minio& minio = loaded.values.minio;
  if (minio.azure.enabled && minio.azure.account_name == minio.access_key) return;
  check_length(loaded, "minio.accessKey", minio.access_key, 5, 20);
  check_length(loaded, "minio.secretKey", minio.secret_key.reveal(), 8, 40);
}

void check_storage_kind(Loaded& loaded, const Environment& environment) {
  const Minio& minio = loaded.values.minio;
  const std::vector<std::pair<std::string, bool>> kinds = {
      {"minio.persistence.enabled", minio.persistence_enabled},
      {"minio.s3gateway.enabled", minio.s3.enabled},
      {"minio.azuregateway.enabled", minio.azure.enabled}};
  std::string first;
  for (const auto& [path, enabled] : kinds) {
    if (!enabled) continue;
    if (!first.empty()) {
      const Problem other = problem_at(loaded, first, "", "");
      refuse(loaded, path, fmt::format("chosen beside {} in line {}", other.path, other.line),
             "leave only one storage kind on", "one of the three kinds of storage");
    }
    if (first.empty()) first = path;
  }
  if (first.empty() && environment.in_kubernetes() && loaded.values.backup.enabled) {
    refuse(loaded, "backup.enabled", "is true but no storage is chosen",
           "set minio.persistence.enabled, minio.s3gateway.enabled or minio.azuregateway.enabled");
  }
}

void check_upstream(Loaded& loaded) {
  const Minio& minio = loaded.values.minio;
  if (minio.s3.enabled && minio.s3.access_key.empty() != minio.s3.secret_key.empty()) {
    const bool no_access = minio.s3.access_key.empty();
    refuse(loaded, no_access ? "minio.s3gateway.accessKey" : "minio.s3gateway.secretKey",
           "is missing while the other half of the pair is given",
           "give both, or neither to use the machine's role");
  }
  if (minio.azure.enabled && minio.azure.account_name.empty()) {
    refuse(loaded, "minio.accessKey", "is empty", "give the storage account's name");
  }
}

bool is_container_name(std::string_view name) {
  return is_plain_bucket_name(name) && name.find('.') == std::string_view::npos &&
         name.find("--") == std::string_view::npos;
}

void check_buckets(Loaded& loaded) {
  const StorageKind kind = loaded.values.minio.storage_kind;
  for (const BucketUse& use : bucket_uses(loaded.values)) {
    if (kind == StorageKind::kFolder && !is_plain_bucket_name(use.bucket)) {
      refuse(loaded, use.bucket_key, "not a name that the folder storage takes", "",
             "3 to 63 lower-case letters, digits, dots and dashes");
    }
    if (kind == StorageKind::kAzure && !is_container_name(use.bucket)) {
      refuse(loaded, use.bucket_key, "not the name of a container", "",
             "3 to 63 lower-case letters, digits and single dashes");
    }
  }
}

void check_catalog(Loaded& loaded) {
  const Minio& minio = loaded.values.minio;
  const std::string& bucket = loaded.values.holdfast.catalog.bucket_name;
  const std::string path = "holdfast.catalog.bucketName";
  if (loaded.origins.at(path).kind == Origin::Kind::kDerived) return;
  if (minio.storage_kind == StorageKind::kS3 || is_plain_bucket_name(bucket)) return;
  refuse(loaded, path, "not a name that the storage takes", "",
         "3 to 63 lower-case letters, digits, dots and dashes");
}

void check_counts(Loaded& loaded) {
  const Elasticsearch& store = loaded.values.elasticsearch;
  if (store.min_count <= store.max_count) return;
  const std::string path = "backup.elasticsearch.scheduled.snapshotRetention";
  const bool min_given = is_given(loaded, path + "MinCount");
  refuse(loaded, path + (min_given ? "MinCount" : "MaxCount"),
         fmt::format("the least number {} is over the most {}", store.min_count, store.max_count),
         "keep MinCount at or below MaxCount");
}

void check_instances(Loaded& loaded) {
  const auto& instances = loaded.values.victoria_metrics;
  const auto runs = [](const VictoriaMetrics& one) { return one.enabled && one.instance_enabled; };
  if (!runs(instances[0]) || !runs(instances[1])) return;
  if (instances[0].bucket_name != instances[1].bucket_name) return;
  // Folders are named PREFIX-TIME: one prefix must not begin the other's folders.
  const auto begins = [](const std::string& one, const std::string& other) {
    return other.starts_with(one + "-") || other.starts_with(one + "/");
  };
  const std::string& first = instances[0].prefix;
  const std::string& second = instances[1].prefix;
  if (first != second && !begins(first, second) && !begins(second, first)) return;
  const std::string path = "victoria-metrics-1.backup.s3Prefix";
  refuse(loaded, is_given(loaded, path) ? path : "victoria-metrics-0.backup.s3Prefix",
         first == second
             ? "both instances would write to the same folder of the same bucket"
             : fmt::format("one instance's prefix begins the other's ('{}', '{}'), so their "
                           "folders could be taken for each other's",
                           first, second),
         "give them different prefixes");
}

// The stored backups and the live data of a store must not lie in each other: what replaces the
// data would then replace the backups.
void check_places(Loaded& loaded) {
  if (loaded.values.minio.storage_kind != StorageKind::kFolder) return;
  namespace fs = std::filesystem;
  const auto normal = [](const std::string& path) {
    return (fs::absolute(path) / "").lexically_normal().string();
  };
  const std::string storage = normal(loaded.values.holdfast.storage.folder);
  const auto check = [&](const std::string& path, const std::string& data) {
    if (data.empty()) return;
    const std::string place = normal(data);
    if (!storage.starts_with(place) && !place.starts_with(storage)) return;
    refuse(
        loaded, is_given(loaded, path) ? path : "holdfast.storage.folder",
        fmt::format("the data ({}) and the stored backups ({}) lie in each other", place, storage),
        "choose a storage folder outside of every data path");
  };
  const Holdfast& holdfast = loaded.values.holdfast;
  for (std::size_t i = 0; i < holdfast.victoria_metrics.size(); ++i) {
    if (!loaded.values.victoria_metrics[i].enabled) continue;
    check(fmt::format("holdfast.victoria-metrics-{}.dataPath", i),
          holdfast.victoria_metrics[i].data_path);
  }
  if (loaded.values.clickhouse.enabled) {
    check("holdfast.clickhouse.dataPath", holdfast.clickhouse.data_path);
  }
}

void check_gateway(Loaded& loaded) {
  const Gateway& gateway = loaded.values.holdfast.gateway;
  const bool no_certificate = gateway.tls_certificate_file.empty();
  if (no_certificate != gateway.tls_key_file.empty()) {
    refuse(loaded,
           no_certificate ? "holdfast.gateway.tls.keyFile" : "holdfast.gateway.tls.certFile",
           "is given without its other half", "give certFile and keyFile, or neither");
  }
  std::set<std::string> known = {loaded.values.minio.access_key};
  for (std::size_t i = 0; i < gateway.keys.size(); ++i) {
    const GatewayKey& pair = gateway.keys[i];
    const std::string path = fmt::format("holdfast.gateway.keys[{}]", i);
    const std::string& secret_key = pair.secret_key.reveal();
    if (pair.access_key.empty() || secret_key.empty()) {
      refuse(loaded, path, "half of the pair is missing",
             "give accessKey and secretKey or secretKeyFile");
      continue;
    }
    if (secret_key.size() < 8 || secret_key.size() > 128 ||
        !std::all_of(secret_key.begin(), secret_key.end(), is_printed)) {
      refuse(loaded, path + ".secretKey", "too short, too long or with another character", "",
             "8 to 128 characters without blanks");
    }
    if (!known.insert(pair.access_key).second) {
      refuse(loaded, path + ".accessKey", "another pair has the same access key",
             "give every pair its own");
    }
    if (pair.allow.empty())
      refuse(loaded, path + ".allow", "allows nothing", "name what it may do");
  }
}

void check_encryption(Loaded& loaded) {
  std::set<std::string> known;
  const auto& keys = loaded.values.holdfast.storage.encryption_keys;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::string path = fmt::format("holdfast.storage.encryption.keys[{}].key", i);
    std::string digits = keys[i].key.reveal();
    for (char& c : digits) c = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    if (digits.size() != 64 || digits.find_first_not_of("0123456789abcdef") != std::string::npos) {
      refuse(loaded, path, "is not a key of 256 bits", "make one with openssl rand -hex 32",
             "64 hexadecimal digits");
    } else if (!known.insert(digits).second) {
      refuse(loaded, path, "is given twice", "name every key once");
    }
  }
}

// The same server under another spelling is the same one: default port, case of the host, a slash
// at the end.
std::string plain_address(std::string url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string::npos) return url;
  const std::size_t path = std::min(url.find('/', scheme + 3), url.size());
  std::transform(url.begin(), url.begin() + std::ptrdiff_t(path), url.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  while (url.size() > path && url.back() == '/') url.pop_back();
  const std::string port = url.starts_with("wss://") ? ":443" : ":80";
  if (url.substr(0, path).ends_with(port)) url.erase(path - port.size(), port.size());
  return url;
}

bool names(const std::vector<std::string>& command, std::string_view what) {
  return std::any_of(command.begin(), command.end(),
                     [&](const std::string& word) { return word.find(what) != std::string::npos; });
}

void check_commands(Loaded& loaded) {
  const StackGraphServer& stackgraph = loaded.values.holdfast.stackgraph;
  const ConfigurationServer& settings = loaded.values.holdfast.configuration;
  std::vector<std::pair<std::string, const std::vector<std::string>*>> commands = {
      {"holdfast.configuration.exportCommand", &settings.export_command},
      {"holdfast.configuration.importCommand", &settings.import_command}};
  const bool has_pipe = names(stackgraph.export_command, "{pipe}");
  if (stackgraph.driver == StackGraphDriver::kCommand) {
    const std::string path = "holdfast.stackgraph.exportCommand";
    if (!has_pipe) commands.emplace_back(path, &stackgraph.export_command);
    if (has_pipe && names(stackgraph.export_command, "{file}")) {
      refuse(loaded, path, "names {file} as well as {pipe}", "give it one of them");
    }
    commands.emplace_back("holdfast.stackgraph.importCommand", &stackgraph.import_command);
  }
  if (!stackgraph.stack_packs_command.empty()) {
    commands.emplace_back("holdfast.stackgraph.stackPacksCommand", &stackgraph.stack_packs_command);
  }
  for (const auto& [path, command] : commands) {
    if (names(*command, "{file}")) continue;
    refuse(loaded, path, "has no {file}", "put {file} where the file's name goes");
  }
}

void check_servers(Loaded& loaded) {
  const StackGraphServer& stackgraph = loaded.values.holdfast.stackgraph;
  // A drill clears that graph.
  if (!stackgraph.drill_url.empty() &&
      plain_address(stackgraph.drill_url) == plain_address(stackgraph.url)) {
    refuse(loaded, "holdfast.stackgraph.drillUrl", "is the address of the live graph",
           "name a graph of its own, whose data may be deleted");
  }
  check_commands(loaded);
  const Smtp& smtp = loaded.values.holdfast.notifications.smtp;
  if (!smtp.host.empty() && (smtp.from.empty() || smtp.to.empty())) {
    refuse(loaded, "holdfast.notifications.smtp.host", "is given without from or to",
           "give the sender and at least one recipient");
  }
  const auto check_address = [&](const std::string& path, const std::string& address) {
    if (!http::is_mail_address(address)) refuse(loaded, path, "no address", "", "user@host");
  };
  if (!smtp.from.empty()) check_address("holdfast.notifications.smtp.from", smtp.from);
  for (const std::string& to : smtp.to) check_address("holdfast.notifications.smtp.to", to);
}

// Who moves the gateway to another port and does not name its address means the port that it
// listens at.
void derive_url(Loaded& loaded) {
  Gateway& gateway = loaded.values.holdfast.gateway;
  const bool tls = !gateway.tls_certificate_file.empty();
  if (is_given(loaded, "holdfast.gateway.url")) return;
  if (!is_given(loaded, "holdfast.gateway.listen") && !tls) return;
  const std::size_t colon = gateway.listen.rfind(':');
  const std::string port = gateway.listen.substr(colon + 1);
  std::string host = gateway.listen.substr(0, colon);
  if (host.empty() || host == "0.0.0.0" || host == "[::]") host = "127.0.0.1";
  if (port == "0") return;  // known only once it listens
  gateway.url = fmt::format("{}://{}:{}", tls ? "https" : "http", host, port);
  loaded.origins["holdfast.gateway.url"] = {Origin::Kind::kDerived, "holdfast.gateway.listen", "",
                                            0};
}

}  // namespace

bool is_given(const Loaded& loaded, const std::string& path) {
  return loaded.origins.contains(path);
}

Problem problem_at(const Loaded& loaded, const std::string& path, std::string why,
                   std::string advice, std::string allowed) {
  Problem problem;
  problem.path = path;
  problem.why = std::move(why);
  problem.advice = std::move(advice);
  problem.allowed = std::move(allowed);
  const auto found = loaded.origins.find(path);
  if (found != loaded.origins.end() && found->second.kind != Origin::Kind::kDerived) {
    problem.path = found->second.spelled;
    problem.line = found->second.line;
  }
  return problem;
}

std::vector<BucketUse> bucket_uses(const Values& values) {
  std::vector<BucketUse> uses = {
      {"backup.stackGraph.bucketName", values.stackgraph.bucket_name, values.stackgraph.prefix,
       "sts-stackgraph-backup", values.stackgraph.enabled},
      {"backup.configuration.bucketName", values.configuration.bucket_name,
       values.configuration.prefix, "sts-configuration-backup", values.configuration.enabled},
      {"backup.elasticsearch.bucketName", values.elasticsearch.bucket_name,
       values.elasticsearch.prefix, "sts-elasticsearch-backup", values.elasticsearch.enabled},
      {"clickhouse.backup.bucketName", values.clickhouse.bucket_name, values.clickhouse.prefix,
       "sts-clickhouse-backup", values.clickhouse.enabled}};
  for (std::size_t n = 0; n < values.victoria_metrics.size(); ++n) {
    const VictoriaMetrics& one = values.victoria_metrics[n];
    uses.push_back({fmt::format("victoria-metrics-{}.backup.bucketName", n), one.bucket_name,
                    one.prefix, "sts-victoria-metrics-backup",
                    one.enabled && one.instance_enabled});
  }
  return uses;
}

void derive(Loaded& loaded) {
  Minio& minio = loaded.values.minio;
  if (minio.s3.enabled) minio.storage_kind = StorageKind::kS3;
  if (minio.azure.enabled) minio.storage_kind = StorageKind::kAzure;
  if (minio.azure.enabled) {
    const std::string name = "backup.storage.backend.azure.accountName";
    const std::string key = "backup.storage.backend.azure.accountKey";
    if (minio.azure.account_name.empty()) {
      minio.azure.account_name = minio.access_key;
      minio.azure.account_key = minio.secret_key;
      loaded.origins[name] = {Origin::Kind::kDerived, "minio.accessKey", "", 0};
      loaded.origins[key] = {Origin::Kind::kDerived, "minio.secretKey", "", 0};
    } else if (minio.access_key == kUnset && !minio.azure.account_key.empty()) {
      minio.access_key = minio.azure.account_name;
      minio.secret_key = minio.azure.account_key;
      loaded.origins["minio.accessKey"] = {Origin::Kind::kDerived, name, "", 0};
      loaded.origins["minio.secretKey"] = {Origin::Kind::kDerived, key, "", 0};
    }
  }
  derive_url(loaded);
  Catalog& catalog = loaded.values.holdfast.catalog;
  if (catalog.bucket_name.empty()) {
    catalog.bucket_name = loaded.values.stackgraph.bucket_name;
    loaded.origins["holdfast.catalog.bucketName"] = {Origin::Kind::kDerived,
                                                     "backup.stackGraph.bucketName", "", 0};
  }
}

void check_rules(Loaded& loaded, const Environment& environment) {
  check_storage_kind(loaded, environment);
  check_root_pair(loaded);
  check_upstream(loaded);
  check_buckets(loaded);
  check_catalog(loaded);
  check_counts(loaded);
  check_instances(loaded);
  check_places(loaded);
  check_gateway(loaded);
  check_encryption(loaded);
  check_servers(loaded);
}

}  // namespace holdfast::config
