#include "conformance/versions_suite.h"

#include "base/error.h"

namespace holdfast::storage {

void VersionsConformance::SetUp() {
  storage_ = GetParam()();
  ASSERT_NE(storage_->versions(), nullptr);
  storage_->buckets()->create(context_, bucket_);
}

// Everything that was made can be removed again, once the locks are over.
void VersionsConformance::TearDown() {
  clock_.advance(std::chrono::hours(24 * 365));
  VersionListRequest request{.bucket = bucket_};
  for (bool more = true; more;) {
    VersionPage page = versions().list(context_, request);
    for (const VersionInfo& each : page.versions) {
      RemoveResult result = remove(each.object.key, each.object.version);
      EXPECT_FALSE(result.error) << result.error->to_string();
    }
    more = page.more;
  }
  EXPECT_NO_THROW(storage_->buckets()->remove(context_, bucket_));
}

void VersionsConformance::set_versioning(Versioning versioning) {
  versions().change_settings(context_, bucket_,
                             [&](BucketSettings& settings) { settings.versioning = versioning; });
}

void VersionsConformance::set_lock(std::optional<DefaultRetention> retention) {
  versions().change_settings(context_, bucket_, [&](BucketSettings& settings) {
    settings.lock = true;
    settings.default_retention = retention;
  });
}

PutResult VersionsConformance::put(const std::string& key, std::string_view bytes,
                                   const PutRequest& request) {
  return put_bytes(storage(), context_, ref(key), bytes, request);
}

std::string VersionsConformance::get(const std::string& key, const std::string& version) {
  return get_bytes(storage(), context_, ref(key, version), 1 << 20);
}

ObjectInfo VersionsConformance::head(const std::string& key, const std::string& version) {
  return storage().head(context_, ref(key, version), {});
}

RemoveResult VersionsConformance::remove(const std::string& key,
                                         std::optional<std::string> version) {
  return storage().remove(context_, bucket_, {{key, std::nullopt, std::move(version)}}).at(0);
}

std::vector<std::string> VersionsConformance::list(VersionListRequest request, unsigned limit) {
  std::vector<std::string> out;
  request.bucket = bucket_;
  request.limit = limit;
  for (bool more = true; more;) {
    VersionPage page = versions().list(context_, request);
    EXPECT_LE(page.versions.size() + page.prefixes.size(), limit);
    std::vector<std::string> prefixes = page.prefixes;
    for (const VersionInfo& each : page.versions) {
      while (!prefixes.empty() && prefixes.front() < each.object.key) {
        out.push_back(prefixes.front());
        prefixes.erase(prefixes.begin());
      }
      out.push_back(each.object.key + " " + each.object.version +
                    (each.delete_marker ? " marker" : "") + (each.latest ? " latest" : ""));
    }
    out.insert(out.end(), prefixes.begin(), prefixes.end());
    request.after_key = page.next_key;
    request.after_version = page.next_version;
    more = page.more;
  }
  return out;
}

std::vector<std::string> VersionsConformance::keys() {
  std::vector<std::string> out;
  list_all(storage(), context_, bucket_, "",
           [&](const ObjectInfo& object) { out.push_back(object.key); });
  return out;
}

std::string VersionsConformance::code_of(const std::function<void()>& action) {
  try {
    action();
    return "";
  } catch (const Error& error) {
    return error.code();
  }
}

}  // namespace holdfast::storage
