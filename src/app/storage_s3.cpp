#include "app/storage_s3.h"

#include "app/storages.h"
#include "base/error.h"
#include "base/log.h"
#include "storage/s3/s3_etags.h"
#include "storage/wrap/wrap.h"

namespace holdfast::app {

namespace {

constexpr std::size_t kHeldBytes = 25 << 20;  // of bodies that can be sent again, all together

std::string variable(const config::Environment& environment, const std::string& name) {
  return environment.get(name).value_or("");
}

std::string region_of(const config::S3Upstream& settings, const config::Environment& environment) {
  for (const std::string& region : {settings.region, variable(environment, "AWS_REGION"),
                                    variable(environment, "AWS_DEFAULT_REGION")}) {
    if (!region.empty()) return region;
  }
  return "us-east-1";
}

std::shared_ptr<storage::S3CredentialSource> credentials_of(const config::S3Upstream& settings,
                                                            const config::Environment& environment,
                                                            const storage::S3Options& options) {
  const auto get = [&](const char* name) { return variable(environment, name); };
  if (!settings.access_key.empty()) {
    return storage::fixed_credentials({settings.access_key, settings.secret_key, ""});
  }
  if (const std::string key = get("AWS_ACCESS_KEY_ID"); !key.empty()) {
    return storage::fixed_credentials(
        {key, Secret(get("AWS_SECRET_ACCESS_KEY")), get("AWS_SESSION_TOKEN")});
  }
  if (const std::string file = get("AWS_WEB_IDENTITY_TOKEN_FILE"); !file.empty()) {
    storage::WebIdentity identity{.role_arn = get("AWS_ROLE_ARN"), .token_file = file};
    if (const std::string name = get("AWS_ROLE_SESSION_NAME"); !name.empty()) {
      identity.session_name = name;
    }
    identity.endpoint = get("AWS_ENDPOINT_URL_STS");
    if (identity.endpoint.empty()) {
      identity.endpoint = "https://sts." + options.region + ".amazonaws.com";
    }
    identity.client = options.client;
    return storage::refreshed_credentials(storage::fetch_with_web_identity(std::move(identity)));
  }
  if (get("AWS_EC2_METADATA_DISABLED") == "true") {
    throw InvalidArgument("minio.s3gateway", "no access key is given and no role can be asked for",
                          "set minio.s3gateway.accessKey and secretKey, or AWS_ACCESS_KEY_ID and "
                          "AWS_SECRET_ACCESS_KEY");
  }
  storage::InstanceRole role;
  if (const std::string endpoint = get("AWS_EC2_METADATA_SERVICE_ENDPOINT"); !endpoint.empty()) {
    role.endpoint = endpoint;
    while (role.endpoint.ends_with('/')) role.endpoint.pop_back();
  }
  return storage::refreshed_credentials(storage::fetch_from_instance_role(std::move(role)));
}

}  // namespace

storage::S3Options s3_upstream_options(const config::Values& values,
                                       const config::Environment& environment) {
  const config::S3Upstream& settings = values.minio.s3;
  storage::S3Options options;
  options.region = region_of(settings, environment);
  options.endpoint = settings.endpoint;
  if (options.endpoint.empty()) {
    options.endpoint = "https://s3." + options.region + ".amazonaws.com";
  }
  options.path_style = settings.addressing == config::Addressing::kPath ||
                       (settings.addressing == config::Addressing::kAutomatic &&
                        !options.endpoint.ends_with(".amazonaws.com"));
  options.client.ca_file = settings.ca_file;
  options.credential_source = credentials_of(settings, environment, options);
  options.key_section = "minio.s3gateway";
  options.named_buckets = buckets_in_use(values);
  return options;
}

std::unique_ptr<storage::Storage> open_s3_upstream(const config::Values& values,
                                                   const config::Environment& environment,
                                                   Use use) {
  auto raw = storage::with_retry(storage::make_s3_storage(s3_upstream_options(values, environment)),
                                 {}, kHeldBytes);
  const config::Catalog& catalog = values.holdfast.catalog;
  return storage::with_client_etags(
      std::move(raw), {catalog.bucket_name, catalog.prefix, use == Use::kReadsAndWrites});
}

void check_s3_buckets(const Context& context, storage::Storage& storage) {
  for (const storage::BucketInfo& bucket : storage.buckets()->list(context)) {
    try {
      storage.buckets()->info(context, bucket.name);
    } catch (const Cancelled&) {
      throw;
    } catch (const Error& error) {
      log::warning(context, error.to_string());
    }
  }
}

}  // namespace holdfast::app
