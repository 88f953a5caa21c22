#include "versions_script.h"

#include "base/error.h"

namespace holdfast::storage {

namespace {

std::vector<VersionInfo> versions_of(Storage& storage, const Context& context,
                                     const std::string& key) {
  std::vector<VersionInfo> out;
  for (VersionInfo& each :
       storage.versions()->list(context, {.bucket = kVersionsBucket, .prefix = key}).versions) {
    if (each.object.key == key) out.push_back(std::move(each));
  }
  return out;
}

std::string nth_version(Storage& storage, const Context& context, const std::string& key,
                        std::size_t nth) {
  return versions_of(storage, context, key).at(nth).object.version;
}

// A new version on top. One called "null" replaces the one there was.
void put_on_top(std::vector<ScriptVersion>& versions, ScriptVersion version) {
  if (version.null) {
    std::erase_if(versions, [](const ScriptVersion& each) { return each.null; });
  }
  versions.insert(versions.begin(), std::move(version));
}

void apply(const VersionsStep& step, VersionsModel& model) {
  auto& versions = model[step.key];
  const bool null = step.versioning != Versioning::kEnabled;
  switch (step.verb) {
    case VersionsStep::kPut:
    case VersionsStep::kParts:
      put_on_top(versions, {false, null, step.bytes, step.tag});
      break;
    case VersionsStep::kCopy: {
      ScriptVersion copy = model.at(step.source).at(step.nth);
      copy.null = null;
      put_on_top(versions, std::move(copy));
      break;
    }
    case VersionsStep::kDelete:
      if (step.versioning == Versioning::kOff) {
        versions.clear();
      } else {
        put_on_top(versions, {true, null, "", ""});
      }
      break;
    case VersionsStep::kRemove:
      versions.erase(versions.begin() + std::ptrdiff_t(step.nth));
      break;
    case VersionsStep::kTag:
      versions.at(step.nth).tag = step.tag;
      break;
  }
  if (versions.empty()) model.erase(step.key);
}

Marks marks_of(const std::string& tag) {
  Marks marks;
  if (!tag.empty()) marks.tags = {{"tag", tag}};
  return marks;
}

void put_parts(const VersionsStep& step, Storage& storage, const Context& context,
               const PutRequest& request) {
  const ObjectRef ref{kVersionsBucket, step.key};
  auto& multipart = *storage.multipart();
  const std::string id = multipart.create(context, ref, request.attributes, std::nullopt);
  storage.versions()->mark_upload(context, ref, id, request.marks);
  MemorySource body(step.bytes);
  const PartInfo part = multipart.put_part(context, ref, id, 1, body, {});
  multipart.complete(context, ref, id, {{1, part.etag, std::nullopt}}, {});
}

}  // namespace

std::vector<VersionsStep> versions_script() {
  using Step = VersionsStep;
  const auto off = Versioning::kOff, suspended = Versioning::kSuspended;
  return {
      {.key = "a", .bytes = "null", .tag = "t", .versioning = off, .large = true},
      {.key = "source", .bytes = "copied", .versioning = off},
      {.verb = Step::kCopy, .key = "link", .source = "source", .versioning = off},
      {.key = "gone", .bytes = "x", .tag = "t", .versioning = off},
      {.verb = Step::kDelete, .key = "gone", .versioning = off},
      {.key = "a", .bytes = "1"},
      {.key = "a", .bytes = "2", .tag = "t2", .large = true},
      {.key = "a/b", .bytes = "below", .tag = "t"},
      {.verb = Step::kDelete, .key = "a/b"},
      {.verb = Step::kRemove, .key = "a/b", .nth = 0},
      {.verb = Step::kTag, .key = "a", .tag = "later", .nth = 1},
      {.verb = Step::kTag, .key = "a", .tag = "now", .nth = 0},
      {.key = "link", .bytes = "over a link"},
      {.verb = Step::kRemove, .key = "link", .nth = 0},
      {.verb = Step::kCopy, .key = "a", .nth = 1, .source = "a"},
      {.verb = Step::kParts, .key = "a", .bytes = "parts", .tag = "p", .large = true},
      {.verb = Step::kRemove, .key = "a", .nth = 0},
      {.verb = Step::kRemove, .key = "a", .nth = 1},
      {.verb = Step::kDelete, .key = "nothing"},
      {.verb = Step::kDelete, .key = "a"},
      {.key = "a", .bytes = "suspended", .tag = "s", .versioning = suspended, .large = true},
      {.verb = Step::kDelete, .key = "a", .versioning = suspended},
      {.verb = Step::kRemove, .key = "a", .nth = 0, .versioning = suspended},
      {.verb = Step::kDelete, .key = "link", .versioning = suspended},
      {.key = "a", .bytes = "last"},
      {.verb = Step::kRemove, .key = "nothing", .nth = 0},
  };
}

VersionsModel model_after(std::size_t steps) {
  VersionsModel model;
  const auto script = versions_script();
  for (std::size_t i = 0; i < std::min(steps, script.size()); ++i) apply(script[i], model);
  return model;
}

void perform(const VersionsStep& step, Storage& storage, const Context& context) {
  const ObjectRef ref{kVersionsBucket, step.key};
  storage.versions()->change_settings(context, kVersionsBucket, [&](BucketSettings& settings) {
    settings.versioning = step.versioning;
  });
  PutRequest request{.marks = marks_of(step.tag)};
  if (step.large) request.attributes.metadata = {{"large", std::string(400, 'L')}};
  RemoveTarget target{.key = step.key};
  switch (step.verb) {
    case VersionsStep::kPut:
      put_bytes(storage, context, ref, step.bytes, request);
      return;
    case VersionsStep::kParts:
      return put_parts(step, storage, context, request);
    case VersionsStep::kCopy:
      storage.copy(context,
                   {kVersionsBucket, step.source,
                    step.versioning == Versioning::kOff
                        ? ""
                        : nth_version(storage, context, step.source, step.nth)},
                   ref, {});
      return;
    case VersionsStep::kTag:
      storage.versions()->change_marks(
          context, {kVersionsBucket, step.key, nth_version(storage, context, step.key, step.nth)},
          false, [&](Marks& marks) { marks = marks_of(step.tag); });
      return;
    case VersionsStep::kRemove:
      target.version = nth_version(storage, context, step.key, step.nth);
      break;
    case VersionsStep::kDelete:
      break;
  }
  for (const RemoveResult& result : storage.remove(context, kVersionsBucket, {target})) {
    if (result.error) throw Error(*result.error);
  }
}

VersionsModel read_model(Storage& storage, const Context& context) {
  VersionsModel model;
  for (const VersionInfo& each :
       storage.versions()->list(context, {.bucket = kVersionsBucket}).versions) {
    ScriptVersion version{each.delete_marker, each.object.version == kNullVersion, "", ""};
    if (!each.delete_marker) {
      ObjectInfo info;
      version.bytes =
          get_bytes(storage, context, {kVersionsBucket, each.object.key, each.object.version},
                    1 << 20, {}, &info);
      if (!info.marks.tags.empty()) version.tag = info.marks.tags.at("tag");
    }
    model[each.object.key].push_back(std::move(version));
  }
  return model;
}

}  // namespace holdfast::storage
