// Carrying out lifecycle rules (lifecycle.h).
#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "gateway/lifecycle.h"

namespace holdfast::gateway {

namespace {

// One rule in one bucket.
class RuleRun {
 public:
  RuleRun(const Context& context, storage::Storage& storage, const std::string& bucket,
          const LifecycleRule& rule, LifecycleReport& report)
      : context_(context),
        storage_(storage),
        bucket_(bucket),
        rule_(rule),
        report_(report),
        now_(context.clock().now()) {}

  void run() {
    if (rule_.abort_uploads_days) abort_uploads();
    if (rule_.noncurrent_days || rule_.expire_days || rule_.expire_date ||
        rule_.expired_delete_markers) {
      walk_versions();
    }
  }

 private:
  void abort_uploads() {
    auto* uploads = storage_.multipart();
    if (!uploads) return;
    storage::UploadListRequest request{.bucket = bucket_, .prefix = rule_.prefix};
    for (bool more = true; more;) {
      const storage::UploadPage page = uploads->uploads(context_, request);
      for (const storage::UploadInfo& upload : page.uploads) {
        request.after_key = upload.key;
        request.after_upload_id = upload.upload_id;
        if (due_after(upload.started, *rule_.abort_uploads_days) > now_) continue;
        attempt([&] {
          uploads->abort(context_, {bucket_, upload.key}, upload.upload_id);
          ++report_.uploads;
        });
      }
      more = page.more;
    }
  }

  // Versions come by key, the newest first; the one before tells since when this one is not
  // current, and the one behind whether a delete marker covers anything.
  void walk_versions() {
    storage::VersionListRequest request{.bucket = bucket_, .prefix = rule_.prefix};
    for (bool more = true; more;) {
      const storage::VersionPage page = storage_.versions()->list(context_, request);
      for (const storage::VersionInfo& version : page.versions) visit(version);
      request.after_key = page.next_key;
      request.after_version = page.next_version;
      more = page.more;
    }
    end_of_key();
  }

  void visit(const storage::VersionInfo& version) {
    context_.check("apply the lifecycle of " + bucket_);
    const storage::ObjectInfo& object = version.object;
    if (version.latest) {
      end_of_key();
      noncurrent_ = 0;
      if (version.delete_marker) {
        lone_marker_ = version;
      } else {
        expire(object);
      }
    } else {
      lone_marker_.reset();
      expire_noncurrent(version);
      ++noncurrent_;
    }
    newer_ = object.modified;
  }

  void end_of_key() {
    if (lone_marker_ && rule_.expired_delete_markers) {
      if (remove({.key = lone_marker_->object.key, .version = lone_marker_->object.version})) {
        ++report_.markers;
      }
    }
    lone_marker_.reset();
  }

  void expire(const storage::ObjectInfo& object) {
    bool due = rule_.expire_date && *rule_.expire_date <= now_;
    due = due || (rule_.expire_days && due_after(object.modified, *rule_.expire_days) <= now_);
    // With the etag, so that what came meanwhile stays.
    if (due && matches(object) && remove({.key = object.key, .etag_is = object.etag})) {
      ++report_.objects;
    }
  }

  void expire_noncurrent(const storage::VersionInfo& version) {
    if (!rule_.noncurrent_days || noncurrent_ < rule_.newer_versions) return;
    const WallTime since = version.noncurrent_since.value_or(newer_);
    if (due_after(since, *rule_.noncurrent_days) > now_) return;
    if (!version.delete_marker && !matches(version.object)) return;
    if (remove({.key = version.object.key, .version = version.object.version})) {
      ++(version.delete_marker ? report_.markers : report_.versions);
    }
  }

  bool matches(const storage::ObjectInfo& object) {
    if (rule_.tags.empty()) return concerns(rule_, object.size, {});
    bool right = false;
    attempt([&] {
      const Tags tags =
          storage_.head(context_, {bucket_, object.key, object.version}, {}).marks.tags;
      right = concerns(rule_, object.size, tags);
    });
    return right;
  }

  bool remove(const storage::RemoveTarget& target) {
    bool removed = false;
    attempt([&] {
      const auto results = storage_.remove(context_, bucket_, {target});
      const auto& error = results.at(0).error;
      removed = !error;
      if (!error || error->kind() == ErrorKind::kPreconditionFailed) return;
      if (error->code() == storage::kLocked) {
        ++report_.locked;
      } else {
        throw Error(*error);
      }
    });
    return removed;
  }

  void attempt(const std::function<void()>& step) {
    context_.check("apply the lifecycle of " + bucket_);
    try {
      step();
    } catch (const NotFound&) {
      return;  // it went by itself
    } catch (const Error& error) {
      context_.check("apply the lifecycle of " + bucket_);
      log::warning(context_, "lifecycle: " + error.to_string());
      ++report_.failed;
    }
  }

  const Context& context_;
  storage::Storage& storage_;
  const std::string& bucket_;
  const LifecycleRule& rule_;
  LifecycleReport& report_;
  const WallTime now_;
  unsigned noncurrent_ = 0;  // versions of this key that are not current and newer
  WallTime newer_;           // when the version before this one came
  std::optional<storage::VersionInfo> lone_marker_;
};

}  // namespace

LifecycleReport apply_lifecycle(const Context& context, storage::Storage& storage) {
  LifecycleReport report;
  auto* versions = storage.versions();
  auto* buckets = storage.buckets();
  if (!versions || !buckets) return report;
  for (const storage::BucketInfo& bucket : buckets->list(context)) {
    context.check("apply the lifecycle");
    try {
      const storage::BucketSettings settings = versions->settings(context, bucket.name);
      const auto document = settings.documents.find(kLifecycleDocument);
      if (document == settings.documents.end()) continue;
      for (const LifecycleRule& rule : parse_lifecycle(codec::parse_xml(document->second))) {
        if (rule.enabled) RuleRun(context, storage, bucket.name, rule, report).run();
      }
    } catch (const NotFound&) {
      continue;  // the bucket went meanwhile
    } catch (const Error& error) {
      context.check("apply the lifecycle");
      log::warning(context, "lifecycle of bucket " + bucket.name + ": " + error.to_string());
      ++report.failed;
    }
  }
  return report;
}

}  // namespace holdfast::gateway
