#include <algorithm>
#include <fmt/format.h>

#include "config/key.h"
#include "config/rules.h"

namespace holdfast::config {

namespace {

constexpr std::string_view kUnset = "setme";

void warn(Loaded& loaded, const std::string& path, std::string why, std::string advice) {
  loaded.warnings.push_back(problem_at(loaded, path, std::move(why), std::move(advice)));
}

void warn_of_default_buckets(Loaded& loaded) {
  if (!loaded.values.minio.s3.enabled) return;
  for (const BucketUse& use : bucket_uses(loaded.values)) {
    if (!use.enabled || use.bucket != use.default_bucket) continue;
    warn(loaded, use.bucket_key,
         fmt::format("is the default name {}, and the names of AWS buckets are global", use.bucket),
         "choose a name of your own");
  }
}

void warn_of_odd_buckets(Loaded& loaded) {
  if (loaded.values.minio.storage_kind != StorageKind::kS3) return;
  for (const BucketUse& use : bucket_uses(loaded.values)) {
    if (is_plain_bucket_name(use.bucket)) continue;
    warn(loaded, use.bucket_key, "not a name that new buckets may have",
         "use 3 to 63 lower-case letters, digits, dots and dashes");
  }
}

void warn_of_switches(Loaded& loaded) {
  if (loaded.values.backup.enabled) return;
  for (const Key& key : all_keys()) {
    const bool is_switch = key.path.ends_with("enabled") && key.allowed == "true or false" &&
                           !key.path.starts_with("minio.") && !key.path.starts_with("holdfast.") &&
                           !key.path.starts_with("victoria-metrics-0.enabled") &&
                           !key.path.starts_with("victoria-metrics-1.enabled");
    if (!is_switch || key.path == "backup.enabled" || !is_given(loaded, key.path)) continue;
    if (key.write(loaded.values)->text != "true") continue;
    warn(loaded, key.path, "is on, but backup.enabled is false and nothing runs",
         "set backup.enabled to true");
  }
}

void warn_of_unset(Loaded& loaded) {
  for (const Key& key : all_keys()) {
    if (key.ignored || key.elements) continue;
    const NodePtr value = key.write(loaded.values);
    if (value->kind != Node::Kind::kScalar || value->text != kUnset) continue;
    const auto origin = loaded.origins.find(key.path);
    const bool derived =
        origin != loaded.origins.end() && origin->second.kind == Origin::Kind::kDerived;
    if (derived) continue;  // told at the key that it comes from
    warn(loaded, key.path, "is still setme, which everybody knows",
         key.credential ? fmt::format("set it, or the variable {}", variable_of(key.path))
                        : "set it");
  }
}

// The newer chart backs these up unless told otherwise, the older one and holdfast only when told
// to.
void warn_of_newer_defaults(Loaded& loaded) {
  const auto master = loaded.origins.find("backup.enabled");
  if (!loaded.values.backup.enabled || master == loaded.origins.end()) return;
  if (master->second.spelled != "global.backup.enabled") return;
  for (const char* path : {"victoria-metrics-0.backup.enabled", "victoria-metrics-1.backup.enabled",
                           "clickhouse.backup.enabled"}) {
    if (is_given(loaded, path)) continue;
    warn(loaded, path, "is not given and so false, while the newer chart takes it for true",
         "set it to true or false");
  }
}

bool lies_within(const std::string& prefix, const std::string& other) {
  return other.empty() || prefix == other || prefix.starts_with(other + "/");
}

// Each store's own tools take what others keep in their folder for broken backups.
void warn_of_shared_buckets(Loaded& loaded) {
  const std::vector<BucketUse> uses = bucket_uses(loaded.values);
  for (std::size_t i = 0; i < uses.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const BucketUse &a = uses[i], &b = uses[j];
      if (!a.enabled || !b.enabled || a.bucket != b.bucket) continue;
      const bool metrics = a.bucket_key.starts_with("victoria-metrics") &&
                           b.bucket_key.starts_with("victoria-metrics");
      if (metrics || (!lies_within(a.prefix, b.prefix) && !lies_within(b.prefix, a.prefix))) {
        continue;
      }
      warn(loaded, a.bucket_key,
           fmt::format("shares bucket and folder with {}: the stores' own tools take the other's "
                       "objects for broken backups",
                       b.bucket_key),
           "give each store its bucket or its s3Prefix");
    }
  }
}

void warn_of_dead_schedules(Loaded& loaded) {
  for (const Key& key : all_keys()) {
    for (const CronDialect dialect :
         {CronDialect::kKubernetes, CronDialect::kCronexpr, CronDialect::kElasticsearch}) {
      if (!key.allowed.starts_with(allowed_by(dialect)) || !is_given(loaded, key.path)) continue;
      const NodePtr value = key.write(loaded.values);
      if (value->text.empty() || ever_fires(dialect, value->text)) continue;
      warn(loaded, key.path, "never comes", "check the day and the month");
    }
  }
}

bool is_base64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' ||
           c == '/';
  });
}

void warn_of_azure_account(Loaded& loaded) {
  const AzureUpstream& azure = loaded.values.minio.azure;
  if (!azure.enabled || azure.account_key.empty() || azure.account_key.reveal() == kUnset) return;
  if (!azure.signature.empty()) return;  // the key is not used
  if (is_base64(azure.account_key.reveal())) return;
  const std::string path = "backup.storage.backend.azure.accountKey";
  const auto origin = loaded.origins.find(path);
  const bool derived =
      origin != loaded.origins.end() && origin->second.kind == Origin::Kind::kDerived;
  warn(loaded, derived ? "minio.secretKey" : path,
       "does not look like the key of a storage account", "copy it whole from the account's keys");
}

}  // namespace

void add_warnings(Loaded& loaded) {
  warn_of_switches(loaded);
  warn_of_default_buckets(loaded);
  warn_of_odd_buckets(loaded);
  warn_of_shared_buckets(loaded);
  warn_of_unset(loaded);
  warn_of_azure_account(loaded);
  warn_of_newer_defaults(loaded);
  warn_of_dead_schedules(loaded);
}

}  // namespace holdfast::config
