#include "folder_script.h"

namespace holdfast::storage {

namespace {

ScriptStep put_step(const std::string& key, const std::string& bytes,
                    const std::string& mark = "") {
  return {ScriptStep::kPut, {key}, {bytes, mark}, {}};
}

ScriptStep copy_step(const std::string& from, const std::string& to, const std::string& mark = "") {
  return {ScriptStep::kCopy, {from, to}, {"", mark}, {}};
}

ScriptStep remove_step(std::vector<std::string> keys) {
  return {ScriptStep::kRemove, std::move(keys), {}, {}};
}

ScriptStep parts_step(const std::string& key, std::vector<std::size_t> sizes,
                      const std::string& mark) {
  ScriptStep step{ScriptStep::kParts, {key}, {"", mark}, std::move(sizes)};
  char fill = 'a';
  for (std::size_t size : step.parts) step.object.bytes += std::string(size, fill++);
  return step;
}

Attributes attributes_of(const ScriptObject& object) {
  Attributes attributes;
  if (!object.mark.empty()) attributes.metadata = {{"mark", object.mark}};
  return attributes;
}

}  // namespace

std::vector<ScriptStep> folder_script() {
  const std::string large(400, 'L'), larger(700, 'M'), long_name(300, 'n');
  return {
      put_step("a", "first"),
      put_step("a/b", "below a, so that a becomes a folder"),
      put_step("a", "second", "short"),
      put_step("deep/er/and/deeper", "x"),
      put_step("large", "1", large),
      put_step("large", "2", larger),
      put_step("large/below", "3", large),
      copy_step("large", "copies/large"),
      put_step("large", "4"),
      copy_step("a", "copies/a"),
      copy_step("a/b", "copies/a"),
      copy_step("copies/a", "copies/a/again"),
      copy_step("a", "replaced", "new mark"),
      copy_step("replaced", "replaced", large),
      put_step(long_name + "/" + long_name, "long"),
      parts_step("parts", {3000, 3000, 100}, "short"),
      parts_step("parts", {10, 3000, 7}, large),
      {ScriptStep::kAbort, {"aborted"}, {}, {}},
      remove_step({"deep/er/and/deeper", "a/b", "nothing"}),
      remove_step({"a"}),
      put_step("a", "a file again"),
      remove_step({"copies/large", "large", "copies/a", long_name + "/" + long_name}),
      put_step("parts", std::string(300000, 'z'), large),
      remove_step({"parts", "replaced", "large/below"}),
  };
}

void apply_step(const ScriptStep& step, ScriptModel& model) {
  switch (step.verb) {
    case ScriptStep::kPut:
    case ScriptStep::kParts:
      model[step.keys[0]] = step.object;
      break;
    case ScriptStep::kCopy: {
      ScriptObject object = model.at(step.keys[0]);
      if (!step.object.mark.empty()) object.mark = step.object.mark;
      model[step.keys[1]] = object;
      break;
    }
    case ScriptStep::kRemove:
      for (const std::string& key : step.keys) model.erase(key);
      break;
    case ScriptStep::kAbort:
      break;
  }
}

void perform_step(const ScriptStep& step, Storage& storage, const Context& context) {
  const ObjectRef ref{kScriptBucket, step.keys[0]};
  MultipartStore& multipart = *storage.multipart();
  PutRequest request;
  request.attributes = attributes_of(step.object);
  switch (step.verb) {
    case ScriptStep::kPut:
      put_bytes(storage, context, ref, step.object.bytes, request);
      break;
    case ScriptStep::kCopy: {
      CopyRequest copy_request;
      if (!step.object.mark.empty()) copy_request.replace = request.attributes;
      storage.copy(context, ref, {kScriptBucket, step.keys[1]}, copy_request);
      break;
    }
    case ScriptStep::kRemove: {
      std::vector<RemoveTarget> targets;
      for (const std::string& key : step.keys) targets.push_back({key, std::nullopt});
      for (const RemoveResult& result : storage.remove(context, kScriptBucket, targets)) {
        if (result.error) throw Error(*result.error);
      }
      break;
    }
    case ScriptStep::kParts:
    case ScriptStep::kAbort: {
      std::string id = multipart.create(context, ref, request.attributes, std::nullopt);
      std::vector<CompletedPart> completed;
      std::size_t offset = 0;
      for (std::size_t size : step.parts) {
        MemorySource body(std::string_view(step.object.bytes).substr(offset, size));
        unsigned number = unsigned(completed.size()) + 1;
        PartInfo part = multipart.put_part(context, ref, id, number, body, {});
        completed.push_back({number, part.etag, std::nullopt});
        offset += size;
      }
      if (step.verb == ScriptStep::kAbort) {
        multipart.abort(context, ref, id);
      } else {
        multipart.complete(context, ref, id, completed, {});
      }
      break;
    }
  }
}

}  // namespace holdfast::storage
