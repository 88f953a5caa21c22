// minio.*, and its newer spellings in backup.storage, s3proxy and global.s3proxy: the gateway's
// root pair and where it keeps its objects.
#include "config/key.h"

namespace holdfast::config {

namespace {

void add_root_pair(std::vector<Key>& keys) {
  Key access =
      text("minio.accessKey", HOLDFAST_AT(minio.access_key), "setme",
           "the gateway's root access key; with azuregateway the storage account's name",
           "5 to 20 letters and digits; the newer spellings: 5 to 128 of A-Z a-z 0-9 . _ -; "
           "with azuregateway anything");
  Key secret_key =
      secret("minio.secretKey", HOLDFAST_AT(minio.secret_key), "setme",
             "the gateway's root secret key; with azuregateway the storage account's key");
  access.credential = true;
  secret_key.allowed =
      "8 to 40 letters and digits; the newer spellings: 8 to 128 characters without blanks; with "
      "azuregateway anything";
  for (const char* section :
       {"global.s3proxy.credentials", "s3proxy.credentials", "backup.storage.credentials"}) {
    access.aliases.push_back(std::string(section) + ".accessKey");
    secret_key.aliases.push_back(std::string(section) + ".secretKey");
    keys.push_back(ignored(std::string(section) + ".fromExternalSecret", "\"\"",
                           "the chart's secret; outside it give the pair by environment or file"));
  }
  keys.insert(keys.begin() + static_cast<std::ptrdiff_t>(keys.size() - 3),
              {std::move(access), std::move(secret_key)});
}

void add_folder(std::vector<Key>& keys) {
  const std::string old = "minio.persistence.", newer = "backup.storage.backend.pvc.";
  keys.push_back(flag(old + "enabled", HOLDFAST_AT(minio.persistence_enabled), false,
                      "keep the objects in a folder (in the cluster: on a volume)")
                     .also(newer + "enabled"));
  keys.push_back(ignored(old + "size", "500Gi", "the chart's volume").also(newer + "size"));
  keys.push_back(
      ignored(old + "storageClass", "\"\"", "the chart's volume").also(newer + "storageClass"));
  keys.push_back(ignored(old + "accessMode", "ReadWriteOnce", "the chart's volume")
                     .also(newer + "accessModes"));
}

std::string take_region(std::string_view region) {
  for (const char c : region) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    if (!plain) throw BadValue{"holds another character than a-z 0-9 -"};
  }
  if (region.size() > 64) throw BadValue{"longer than 64 characters"};
  return std::string(region);
}

void add_s3(std::vector<Key>& keys) {
  const std::string old = "minio.s3gateway.", newer = "backup.storage.backend.s3.";
  keys.push_back(flag(old + "enabled", HOLDFAST_AT(minio.s3.enabled), false,
                      "keep the objects in AWS S3 or a compatible storage")
                     .also(newer + "enabled"));
  Key access = text(old + "accessKey", HOLDFAST_AT(minio.s3.access_key), "\"\"",
                    "the access key there; empty with an empty secretKey: the machine's role");
  access.credential = true;
  keys.push_back(std::move(access).also(newer + "accessKey"));
  keys.push_back(
      secret(old + "secretKey", HOLDFAST_AT(minio.s3.secret_key), "\"\"", "the secret key there")
          .also(newer + "secretKey"));
  keys.push_back(url(old + "serviceEndpoint", HOLDFAST_AT(minio.s3.endpoint), "\"\"",
                     "its address; empty: AWS")
                     .also(newer + "endpoint"));
  keys.push_back(text(newer + "region", HOLDFAST_AT(minio.s3.region), "\"\"",
                      "its region; empty: the variable AWS_REGION, else us-east-1",
                      "a region such as eu-west-1, or empty", take_region));
  keys.push_back(choice<Addressing>(
      "holdfast.storage.s3.addressing", HOLDFAST_AT(minio.s3.addressing), "auto",
      {{"auto", Addressing::kAutomatic}, {"path", Addressing::kPath}, {"host", Addressing::kHost}},
      "where a bucket's name goes; auto: into the host's name at AWS, else into the path"));
  keys.push_back(
      text("holdfast.storage.s3.caFile", HOLDFAST_AT(minio.s3.ca_file), "\"\"",
           "the certificates that its https address is checked with; empty: the system's",
           "the path of a file, or empty"));
  keys.push_back(ignored(old + "replicas", "1", "the chart's gateway"));
  keys.push_back(ignored(newer + "fromExternalSecret", "\"\"", "the chart's secret"));
}

void add_azure(std::vector<Key>& keys) {
  const std::string old = "minio.azuregateway.", newer = "backup.storage.backend.azure.";
  keys.push_back(flag(old + "enabled", HOLDFAST_AT(minio.azure.enabled), false,
                      "keep the objects in Azure Blob Storage")
                     .also(newer + "enabled"));
  Key account = text(newer + "accountName", HOLDFAST_AT(minio.azure.account_name), "\"\"",
                     "the storage account; empty: minio.accessKey");
  account.credential = true;
  keys.push_back(std::move(account));
  keys.push_back(secret(newer + "accountKey", HOLDFAST_AT(minio.azure.account_key), "\"\"",
                        "its key; empty with an empty accountName: minio.secretKey"));
  keys.push_back(url(newer + "endpoint", HOLDFAST_AT(minio.azure.endpoint), "\"\"",
                     "its address; empty: made of the account's name"));
  keys.push_back(secret("holdfast.storage.azure.sharedAccessSignature",
                        HOLDFAST_AT(minio.azure.signature), "\"\"",
                        "a shared access signature of the account, used in place of its key"));
  keys.push_back(
      text("holdfast.storage.azure.caFile", HOLDFAST_AT(minio.azure.ca_file), "\"\"",
           "the certificates that its https address is checked with; empty: the system's",
           "the path of a file, or empty"));
  keys.push_back(ignored(old + "replicas", "1", "the chart's gateway"));
  keys.push_back(ignored(newer + "fromExternalSecret", "\"\"", "the chart's secret"));
}

}  // namespace

void add_storage_keys(std::vector<Key>& keys) {
  add_root_pair(keys);
  add_folder(keys);
  add_s3(keys);
  add_azure(keys);
  keys.push_back(ignored("backup.storage.settingsPvc", "{}", "the chart's local volume"));
  keys.push_back(ignored("backup.storage.migration", "{}", "the chart's move from MinIO"));
  keys.push_back(ignored("minio.serviceAccount.annotations", "{}", "the chart's service account"));
  for (const char* name : {"create", "name", "annotations"}) {
    keys.push_back(ignored(std::string("s3proxy.serviceAccount.") + name, "\"\"",
                           "the chart's service account"));
  }
}

}  // namespace holdfast::config
