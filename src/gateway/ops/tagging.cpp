#include "gateway/ops/tagging.h"

#include "gateway/marks.h"

namespace holdfast::gateway {

namespace {

http::ServerResponse set_tags(Call& call, const Tags& tags, int status) {
  http::ServerResponse response = empty_response(status);
  const std::string version = call.versions().change_marks(
      call.context, call.version_ref(), false, [&](storage::Marks& marks) { marks.tags = tags; });
  if (call.bucket_has_versions()) add_version_id(response, version);
  return response;
}

}  // namespace

http::ServerResponse get_object_tagging(Call& call) {
  const storage::ObjectInfo info = call.storage.head(call.context, call.version_ref(), {});
  http::ServerResponse response = xml_response(tagging_document(info.marks.tags));
  add_version_id(response, info.version);
  return response;
}

http::ServerResponse put_object_tagging(Call& call) {
  call.versions();
  return set_tags(call, tags_of_document(call.read_xml("Tagging")), 200);
}

http::ServerResponse delete_object_tagging(Call& call) { return set_tags(call, {}, 204); }

}  // namespace holdfast::gateway
