#include "storage/folder/folder_versions.h"

#include <algorithm>

#include "base/error.h"
#include "storage/rules.h"

namespace holdfast::storage {

BucketSettings FolderVersions::settings(const Context&, const std::string& bucket) {
  objects_.tree().check_bucket(bucket);
  return *objects_.records().settings(bucket);
}

void FolderVersions::change_settings(const Context&, const std::string& bucket,
                                     const std::function<void(BucketSettings&)>& change) {
  core_.check_writable("change the settings of bucket " + bucket);
  objects_.tree().check_bucket(bucket);
  objects_.records().change_settings(bucket, change);
}

std::string FolderVersions::change_marks(const Context& context, const ObjectRef& ref,
                                         bool bypass_governance,
                                         const std::function<void(Marks&)>& change) {
  check_key(ref.key);
  core_.check_writable("change the marks of " + ref.text());
  return objects_.versions().change_marks(ref, bypass_governance, context.clock().now(), change);
}

void FolderVersions::mark_upload(const Context&, const ObjectRef& ref, const std::string& upload_id,
                                 const Marks& marks) {
  core_.check_writable("mark the upload of " + ref.text());
  multipart_.mark(ref, upload_id, marks);
}

namespace {

// The names that follow `after` in both lists, sorted, each once. `end`: those beyond it are not
// known yet; empty: there are none.
struct Names {
  std::vector<std::string> sorted;
  std::string end;
};

std::string last_of(const ListPage& page) {
  std::string last;
  if (!page.objects.empty()) last = page.objects.back().key;
  if (!page.prefixes.empty()) last = std::max(last, page.prefixes.back());
  return last;
}

Names merge(const ListPage& objects, const ListPage& records) {
  Names out;
  for (const ListPage* page : {&objects, &records}) {
    for (const ObjectInfo& object : page->objects) out.sorted.push_back(object.key);
    out.sorted.insert(out.sorted.end(), page->prefixes.begin(), page->prefixes.end());
    if (page->next.empty()) continue;
    const std::string last = last_of(*page);
    out.end = out.end.empty() ? last : std::min(out.end, last);
  }
  std::sort(out.sorted.begin(), out.sorted.end());
  out.sorted.erase(std::unique(out.sorted.begin(), out.sorted.end()), out.sorted.end());
  if (!out.end.empty()) {
    out.sorted.erase(std::upper_bound(out.sorted.begin(), out.sorted.end(), out.end),
                     out.sorted.end());
  }
  return out;
}

// Fills one page of versions.
class Page {
 public:
  explicit Page(const VersionListRequest& request) : request_(request) {}

  // False: it is full.
  bool add_prefix(const std::string& prefix) {
    if (!has_room()) return false;
    page_.prefixes.push_back(prefix);
    page_.next_key = prefix;
    page_.next_version.clear();
    return true;
  }
  bool add_all(std::vector<VersionInfo> versions, std::size_t from) {
    for (std::size_t i = from; i < versions.size(); ++i) {
      if (!has_room()) return false;
      page_.next_key = versions[i].object.key;
      page_.next_version = versions[i].object.version;
      page_.versions.push_back(std::move(versions[i]));
    }
    return true;
  }
  VersionPage take() {
    if (!page_.more) page_.next_key = page_.next_version = "";
    return std::move(page_);
  }

 private:
  bool has_room() {
    page_.more = page_.versions.size() + page_.prefixes.size() >= request_.limit;
    return !page_.more;
  }
  const VersionListRequest& request_;
  VersionPage page_;
};

// Behind which of the versions a page goes on. All of them, when the one that is named has been
// removed meanwhile: whoever lists to remove must not miss the rest.
std::size_t index_behind(const std::vector<VersionInfo>& versions, const std::string& version) {
  for (std::size_t i = 0; i < versions.size(); ++i) {
    if (versions[i].object.version == version) return i + 1;
  }
  return 0;
}

}  // namespace

VersionPage FolderVersions::list(const Context& context, const VersionListRequest& request) {
  ListRequest names{.bucket = request.bucket,
                    .prefix = request.prefix,
                    .delimiter = request.delimiter,
                    .after = request.after_key,
                    .limit = request.limit};
  check_list_request(names);
  objects_.tree().check_bucket(request.bucket);
  Page page(request);
  auto versions_of = [&](const std::string& key) {
    return objects_.versions().versions({request.bucket, key});
  };
  if (!request.after_version.empty() && request.after_key.starts_with(request.prefix)) {
    check_key(request.after_key);
    auto versions = versions_of(request.after_key);
    std::size_t from = index_behind(versions, request.after_version);
    if (!page.add_all(std::move(versions), from)) return page.take();
  }
  while (true) {
    const Names next =
        merge(objects_.lister().list(context, names), objects_.records().keys(context, names));
    for (const std::string& name : next.sorted) {
      context.check("list the versions of " + request.bucket);
      auto prefix = common_prefix(name, request.prefix, request.delimiter);
      bool added =
          prefix && *prefix == name ? page.add_prefix(name) : page.add_all(versions_of(name), 0);
      if (!added) return page.take();
    }
    if (next.end.empty()) return page.take();
    names.after = next.end;
  }
}

}  // namespace holdfast::storage
