#include "gateway/call.h"

#include <algorithm>

#include "base/error.h"
#include "gateway/text.h"

namespace holdfast::gateway {

namespace {

[[noreturn]] void deny(std::string_view verb, const std::string& what) {
  throw AccessDenied::with_code("AccessDenied", what,
                                "this access key may not " + std::string(verb) + " it");
}

std::string_view word_for(Verb verb) {
  switch (verb) {
    case Verb::kRead:
      return "read";
    case Verb::kList:
      return "list";
    case Verb::kWriteNew:
      return "create";
    case Verb::kOverwrite:
      return "replace";
    case Verb::kDelete:
      return "delete";
    case Verb::kBypassLock:
      return "pass over the lock of";
  }
  return "use";
}

}  // namespace

storage::BucketStore& Call::buckets() const {
  if (auto* store = storage.buckets()) return *store;
  throw Unsupported::with_code("NotImplemented", "buckets", "this storage does not manage buckets");
}

storage::MultipartStore& Call::multipart() const {
  if (auto* store = storage.multipart()) return *store;
  throw Unsupported::with_code("NotImplemented", "multipart uploads",
                               "this storage takes no multipart uploads");
}

storage::VersionedStore& Call::versions() const {
  if (auto* store = storage.versions()) return *store;
  throw Unsupported::with_code("NotImplemented", "versions, tags and locks",
                               "this storage keeps none");
}

storage::BucketSettings Call::settings() const {
  auto* store = storage.versions();
  return store ? store->settings(context, target.bucket) : storage::BucketSettings{};
}

void Call::require(Verb verb, const storage::ObjectRef& object) const {
  if (!permissions.allows(verb, object.bucket, object.key)) deny(word_for(verb), object.text());
}

void Call::require_root(std::string_view what) const {
  if (!permissions.root()) deny(what, target.path());
}

void Call::require_bucket() const {
  if (auto* store = storage.buckets()) {
    store->info(context, target.bucket);
  } else {
    storage.list(context, {.bucket = target.bucket, .limit = 1});
  }
}

storage::ObjectRef with_version(storage::Storage& storage, storage::ObjectRef object,
                                std::string_view version) {
  if (version.empty()) {
    throw InvalidArgument::with_code("InvalidArgument", object.text(), "the version id is empty");
  }
  if (storage.versions()) {
    object.version = version;
  } else if (version != storage::kNullVersion) {
    throw NotFound::with_code(storage::kNoSuchVersion, object.text(), "no such version");
  }
  return object;
}

storage::ObjectRef Call::version_ref() const {
  auto version = target.parameter("versionId");
  return version ? with_version(storage, ref(), *version) : ref();
}

bool Call::bypasses_governance(const storage::ObjectRef& object) const {
  auto header = request.header("x-amz-bypass-governance-retention");
  if (!header || !equal_ignoring_case(trim(*header), "true")) return false;
  require(Verb::kBypassLock, object);
  return true;
}

std::string Call::read_document(BodyUse use) const {
  RequestBody body(request, identity, use);
  if (*body.size() > options.max_document_bytes) {
    throw InvalidArgument::with_code("MaxMessageLengthExceeded", "read the body", "too long");
  }
  return read_all(body, options.max_document_bytes);
}

codec::XmlElement Call::read_xml(std::string_view root, BodyUse use) const {
  codec::XmlElement element = codec::parse_xml(read_document(use));
  if (element.name != root) {
    throw InvalidArgument::with_code("MalformedXML", "read the body", "another root element");
  }
  return element;
}

unsigned number_parameter(const Target& target, std::string_view name, unsigned least,
                          unsigned most, unsigned otherwise) {
  auto text = target.parameter(name);
  if (!text) return otherwise;
  auto number = parse_number(*text);
  if (!number || *number < least) {
    throw InvalidArgument::with_code("InvalidArgument", "read the query",
                                     std::string(name) + " is not a number in its range");
  }
  return static_cast<unsigned>(std::min<std::uint64_t>(*number, most));
}

http::ServerResponse xml_response(std::string document) {
  http::ServerResponse response;
  response.headers.emplace_back("Content-Type", "application/xml");
  response.text = std::move(document);
  return response;
}

http::ServerResponse empty_response(int status) {
  http::ServerResponse response;
  response.status = status;
  return response;
}

}  // namespace holdfast::gateway
