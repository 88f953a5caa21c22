#include "gateway/ops/object.h"

#include <algorithm>

#include "base/error.h"
#include "gateway/attributes.h"
#include "gateway/auth/request_body.h"
#include "gateway/checksums.h"
#include "gateway/conditions.h"
#include "gateway/encryption.h"
#include "gateway/errors.h"
#include "gateway/lifecycle.h"
#include "gateway/marks.h"
#include "gateway/text.h"
#include "gateway/write_gate.h"

namespace holdfast::gateway {

namespace {

// Rules remove current objects only.
void add_expiration(const Call& call, http::ServerResponse& response,
                    const storage::ObjectInfo& info) {
  const storage::BucketSettings settings = call.settings();
  const auto document = settings.documents.find(kLifecycleDocument);
  if (document == settings.documents.end() || call.target.parameter("versionId")) return;
  if (auto text = expiration_of(document->second, info)) {
    response.headers.emplace_back("x-amz-expiration", std::move(*text));
  }
}

}  // namespace

http::ServerResponse put_object(Call& call) {
  if (call.target.has("partNumber")) {
    throw InvalidArgument::with_code("InvalidArgument", "put " + call.ref().text(),
                                     "partNumber without uploadId");
  }
  refuse_unoffered_headers(call.request);
  storage::PutRequest put{.attributes = attributes_of(call.request),
                          .marks = marks_of_request(call),
                          .encryption = encryption_of(call)};
  WriteGate gate(call, call.ref());
  RequestBody body(call.request, call.identity, use_of_object(call.storage));
  const std::uint64_t size = *body.size();
  if (size > call.storage.capabilities().max_put_size) {
    throw InvalidArgument::with_code(storage::kEntityTooLarge, "put " + call.ref().text(),
                                     "larger than one request may be");
  }
  put.condition = gate.condition();
  body.describe(put);
  storage::PutResult result;
  gate.run([&] { result = call.storage.put(call.context, call.ref(), body, put); });

  http::ServerResponse response = empty_response(200);
  response.headers.emplace_back("ETag", quote_etag(result.etag));
  add_version_id(response, result.version);
  add_encryption_headers(response, result.encryption, put.encryption.customer_key);
  storage::ObjectInfo made{.key = call.target.key, .size = size, .marks = put.marks};
  made.modified = call.context.clock().now();
  add_expiration(call, response, made);
  if (body.checksum()) add_checksum_headers(response, *body.checksum());
  return response;
}

namespace {

// A key whose latest version is a delete marker, or that version itself, is told apart from one
// that never was.
void add_delete_marker(const Call& call, http::ServerResponse& response) {
  if (!call.storage.versions() || !call.bucket_has_versions()) return;
  const std::string wanted = call.version_ref().version;
  storage::VersionListRequest request{.bucket = call.target.bucket, .prefix = call.target.key};
  for (const storage::VersionInfo& each : call.versions().list(call.context, request).versions) {
    if (each.object.key != call.target.key) return;
    if (wanted.empty() ? !each.latest : each.object.version != wanted) continue;
    if (!each.delete_marker) return;
    response.headers.emplace_back("x-amz-delete-marker", "true");
    response.headers.emplace_back("Last-Modified", format_http_date(each.object.modified));
    add_version_id(response, each.object.version);
    return;
  }
}

// What a failed read tells beyond its error: the size beside an unsatisfiable range, the ETag
// beside "not modified". Looked up afterwards, as it is needed so rarely.
http::ServerResponse read_failure(const Call& call, const Error& error) {
  const S3Error s3 = to_s3_error(error);
  http::ServerResponse response =
      error_response(s3, call.target.path(), call.request_id, call.is_head());
  if (error.code() == storage::kNoSuchKey || error.code() == storage::kIsDeleteMarker) {
    add_delete_marker(call, response);
  }
  if (s3.status != 304 && s3.status != 416) return response;
  auto info = storage::find(call.storage, call.context, call.version_ref());
  if (!info) return response;
  if (s3.status == 416) {
    response.headers.emplace_back("Content-Range", "bytes */" + std::to_string(info->size));
  } else {
    response.headers.emplace_back("ETag", quote_etag(info->etag));
    response.headers.emplace_back("Last-Modified", format_http_date(info->modified));
  }
  return response;
}

// A range counts only while the object is the one that If-Range names.
bool range_still_wanted(const Call& call) {
  auto if_range = call.request.header("if-range");
  if (!if_range) return true;
  auto info = storage::find(call.storage, call.context, call.version_ref());
  if (!info) return false;
  const auto etags = parse_etags(*if_range);
  return std::find(etags.begin(), etags.end(), info->etag) != etags.end() ||
         format_http_date(info->modified) == trim(*if_range);
}

storage::GetRequest get_request(const Call& call) {
  storage::GetRequest get{.condition = read_condition(call.request),
                          .customer_key = only_customer_key_of(call)};
  if (call.request.header(kForEtag)) {
    call.require_root("read the encrypted bytes of");
    get.for_etag = true;
  }
  if (auto range = call.request.header("range"); range && range_still_wanted(call)) {
    get.range = parse_range(*range);
  }
  if (call.target.has("partNumber")) {
    if (get.range) {
      throw InvalidArgument::with_code("InvalidRequest", "get " + call.ref().text(),
                                       "a range and a part number");
    }
    get.part = number_parameter(call.target, "partNumber", 1, 10'001, 1);
    if (*get.part > 10'000) {
      throw InvalidArgument::with_code("InvalidArgument", "get " + call.ref().text(),
                                       "partNumber is beyond 10,000");
    }
  }
  // If-None-Match: * on a read means "only if it is not there", which then is a 404 anyway.
  if (get.condition.must_not_exist) {
    storage::GetRequest plain;
    call.storage.head(call.context, call.version_ref(), plain);
    throw PreconditionFailed::with_code(storage::kNotModified, "get " + call.ref().text(),
                                        "it is there");
  }
  return get;
}

struct Stretch {
  std::uint64_t offset, length;
};

void add_stretch(http::ServerResponse& response, const storage::ObjectInfo& info,
                 const storage::GetRequest& get, Stretch stretch) {
  if (!get.range && !get.part) return;
  response.status = 206;
  if (stretch.length > 0) {
    response.headers.emplace_back("Content-Range",
                                  "bytes " + std::to_string(stretch.offset) + "-" +
                                      std::to_string(stretch.offset + stretch.length - 1) + "/" +
                                      std::to_string(info.size));
  }
  if (get.part && info.parts > 0) {
    response.headers.emplace_back("x-amz-mp-parts-count", std::to_string(info.parts));
  }
}

http::ServerResponse answer_read(const Call& call) {
  const storage::GetRequest get = get_request(call);
  auto mode = call.request.header("x-amz-checksum-mode");
  // The object's checksum says nothing of a stretch of it.
  const ObjectHeaders options{.with_checksum = mode &&
                                               equal_ignoring_case(trim(*mode), "ENABLED") &&
                                               !get.range && !get.part,
                              .overrides = &call.target,
                              .customer_key = get.customer_key};
  http::ServerResponse response;
  if (call.is_head() && !get.range && !get.part) {
    const storage::ObjectInfo info = call.storage.head(call.context, call.version_ref(), get);
    if (!get.for_etag) require_customer_key(info, get.customer_key);
    add_object_headers(response, info, options);
    add_expiration(call, response, info);
    response.length = info.size;
  } else {
    auto reader = call.storage.get(call.context, call.version_ref(), get);
    add_object_headers(response, reader->info(), options);
    add_expiration(call, response, reader->info());
    add_stretch(response, reader->info(), get, {reader->offset(), reader->length()});
    if (call.is_head()) {
      response.length = reader->length();
    } else {
      response.source = std::move(reader);
    }
  }
  response.head_only = call.is_head();
  return response;
}

}  // namespace

http::ServerResponse get_object(Call& call) {
  try {
    return answer_read(call);
  } catch (const PreconditionFailed& error) {
    return read_failure(call, error);
  } catch (const InvalidArgument& error) {
    return read_failure(call, error);
  } catch (const NotFound& error) {
    if (error.code() != storage::kNoSuchKey) throw;
    return read_failure(call, error);
  }
}

namespace {

// What a removal may ask of an object beside its etag; S3 has it for directory buckets.
struct RemovalGuard {
  std::optional<WallTime> modified;  // to the second
  std::optional<std::uint64_t> size;
};

RemovalGuard guard_of(const std::optional<std::string>& modified,
                      const std::optional<std::string>& size) {
  RemovalGuard guard;
  if (size) {
    guard.size = parse_number(trim(*size));
    if (!guard.size) {
      throw InvalidArgument::with_code("InvalidArgument", "delete", "the size is no number");
    }
  }
  if (!modified) return guard;
  const std::string text(trim(*modified));
  try {
    guard.modified = text.ends_with("GMT") ? parse_http_date(text) : parse_rfc3339(text);
  } catch (const InvalidArgument&) {
    throw InvalidArgument::with_code("InvalidArgument", "delete",
                                     "the last modified time is no time");
  }
  return guard;
}

// Looks, and pins what it saw: storages compare etags alone as they remove.
void apply_guard(const Call& call, const storage::ObjectRef& ref, const RemovalGuard& guard,
                 storage::RemoveTarget& target) {
  if (!guard.modified && !guard.size) return;
  const storage::ObjectInfo info = call.storage.head(call.context, ref, {});
  const auto seconds = [](WallTime time) {
    return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch());
  };
  const bool holds = (!guard.size || *guard.size == info.size) &&
                     (!guard.modified || seconds(*guard.modified) == seconds(info.modified)) &&
                     (!target.etag_is || *target.etag_is == info.etag);
  if (!holds) {
    throw PreconditionFailed("delete " + ref.text(), "the object is not the one that was meant");
  }
  target.etag_is = info.etag;
}

std::optional<std::string> header_text(const Call& call, std::string_view name) {
  auto value = call.request.header(name);
  if (!value) return std::nullopt;
  return std::string(*value);
}

void add_etag_condition(const Call& call, storage::RemoveTarget& target) {
  const storage::Condition condition = write_condition(call.request);
  if (condition.must_exist) {
    call.storage.head(call.context, call.ref(), {});
  } else if (condition.etag_is.size() == 1) {
    target.etag_is = condition.etag_is[0];
  }
  if (condition.etag_is.size() > 1 || condition.must_not_exist || !condition.etag_is_not.empty()) {
    throw Unsupported::with_code("NotImplemented", "delete " + call.ref().text(),
                                 "only If-Match with one etag is offered here");
  }
}

}  // namespace

http::ServerResponse delete_object(Call& call) {
  storage::RemoveTarget target{.key = call.target.key};
  add_etag_condition(call, target);
  const std::string version = call.version_ref().version;
  if (!version.empty()) target.version = version;
  apply_guard(call, call.version_ref(),
              guard_of(header_text(call, "x-amz-if-match-last-modified-time"),
                       header_text(call, "x-amz-if-match-size")),
              target);
  target.bypass_governance = call.bypasses_governance(call.ref());
  auto results = call.storage.remove(call.context, call.target.bucket, {target});
  http::ServerResponse response = empty_response(204);
  if (results.empty()) return response;
  if (results[0].error) {
    const Error& error = *results[0].error;
    throw_error(error.kind(), error.subject(), error.reason(), error.advice(), error.code());
  }
  add_version_id(response, results[0].version);
  if (results[0].delete_marker) response.headers.emplace_back("x-amz-delete-marker", "true");
  return response;
}

namespace {

constexpr std::size_t kMostTargets = 1000;

struct Removal {
  storage::RemoveTarget target;
  std::string version;  // that was asked for
  std::optional<S3Error> error;
  storage::RemoveResult result;
};

[[noreturn]] void malformed(std::string why) {
  throw InvalidArgument::with_code("MalformedXML", "delete objects", std::move(why));
}

std::optional<std::string> child_text(const codec::XmlElement& element, std::string_view name) {
  const codec::XmlElement* child = element.child(name);
  if (!child) return std::nullopt;
  return child->text;
}

Removal removal_of(const Call& call, const codec::XmlElement& object) {
  const codec::XmlElement* key = object.child("Key");
  if (!key) malformed("an object without a key");
  Removal removal{.target = {.key = key->text}};
  if (const codec::XmlElement* etag = object.child("ETag")) {
    removal.target.etag_is = parse_etags(etag->text)[0];
  }
  const std::string version = object.child_text("VersionId");
  try {
    storage::check_key(removal.target.key);
    const storage::ObjectRef ref{call.target.bucket, removal.target.key};
    call.require(Verb::kDelete, ref);
    removal.version = version;
    removal.target.bypass_governance = call.bypasses_governance(ref);
    storage::ObjectRef which = ref;
    if (!version.empty()) which = with_version(call.storage, ref, version);
    if (!which.version.empty()) removal.target.version = which.version;
    apply_guard(call, which,
                guard_of(child_text(object, "LastModifiedTime"), child_text(object, "Size")),
                removal.target);
  } catch (const Error& error) {
    removal.error = to_s3_error(error);
  }
  return removal;
}

void remove_all(const Call& call, std::vector<Removal>& removals) {
  std::vector<storage::RemoveTarget> targets;
  for (const Removal& removal : removals) {
    if (!removal.error) targets.push_back(removal.target);
  }
  if (targets.empty()) return;
  auto results = call.storage.remove(call.context, call.target.bucket, targets);
  std::size_t next = 0;
  for (Removal& removal : removals) {
    if (removal.error || next >= results.size()) continue;
    removal.result = std::move(results[next++]);
    if (const auto& error = removal.result.error) removal.error = to_s3_error(*error);
  }
}

}  // namespace

namespace {

void write_removal(codec::XmlWriter& xml, const Removal& removal, bool quiet) {
  if (removal.error) {
    xml.open("Error").element("Key", removal.target.key);
    if (!removal.version.empty()) xml.element("VersionId", removal.version);
    xml.element("Code", removal.error->code).element("Message", removal.error->message).close();
  } else if (!quiet) {
    const storage::RemoveResult& result = removal.result;
    xml.open("Deleted").element("Key", removal.target.key);
    if (!removal.version.empty()) xml.element("VersionId", removal.version);
    if (result.delete_marker) {
      xml.element("DeleteMarker", "true").element("DeleteMarkerVersionId", result.version);
    }
    xml.close();
  }
}

}  // namespace

http::ServerResponse delete_objects(Call& call) {
  const codec::XmlElement document = call.read_xml("Delete");
  const bool quiet = trim(document.child_text("Quiet")) == "true";
  std::vector<Removal> removals;
  for (const codec::XmlElement& child : document.children) {
    if (child.name == "Object") removals.push_back(removal_of(call, child));
  }
  if (removals.empty() || removals.size() > kMostTargets) malformed("not 1 to 1,000 objects");
  remove_all(call, removals);

  codec::XmlWriter xml("DeleteResult", kNamespace);
  for (const Removal& removal : removals) write_removal(xml, removal, quiet);
  return xml_response(xml.finish());
}

}  // namespace holdfast::gateway
