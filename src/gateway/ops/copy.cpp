#include "gateway/ops/copy.h"

#include "base/error.h"
#include "codec/text.h"
#include "gateway/attributes.h"
#include "gateway/conditions.h"
#include "gateway/encryption.h"
#include "gateway/marks.h"
#include "gateway/text.h"
#include "gateway/write_gate.h"

namespace holdfast::gateway {

namespace {

[[noreturn]] void refuse(std::string why) {
  throw InvalidArgument::with_code("InvalidArgument", "copy", std::move(why));
}

// COPY or REPLACE; true for REPLACE.
bool is_replace(const http::ServerRequest& request, std::string_view header) {
  auto value = request.header(header);
  if (!value || equal_ignoring_case(trim(*value), "COPY")) return false;
  if (equal_ignoring_case(trim(*value), "REPLACE")) return true;
  refuse(std::string(header) + " is neither COPY nor REPLACE");
}

}  // namespace

storage::ObjectRef copy_source(const Call& call) {
  std::string_view text = trim(call.request.header("x-amz-copy-source").value_or(""));
  std::optional<std::string> version;
  const std::size_t question = text.find('?');
  if (question != std::string_view::npos) {
    auto query = codec::parse_query(text.substr(question + 1));
    if (!query) refuse("the copy source is not well encoded");
    for (const auto& [name, value] : *query) {
      if (name == "versionId") version = value;
    }
  }
  auto decoded = codec::uri_decode(text.substr(0, question));
  if (!decoded) refuse("the copy source is not well encoded");
  std::string_view path = *decoded;
  if (path.starts_with('/')) path.remove_prefix(1);
  const std::size_t slash = path.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == path.size()) {
    refuse("the copy source is not of the form bucket/key");
  }
  storage::ObjectRef source{std::string(path.substr(0, slash)),
                            std::string(path.substr(slash + 1))};
  storage::check_bucket_name(source.bucket);
  storage::check_key(source.key);
  call.require(Verb::kRead, source);
  return version ? with_version(call.storage, std::move(source), *version) : source;
}

void run_copy(const std::function<void()>& copy) {
  try {
    copy();
  } catch (const PreconditionFailed& error) {
    // What would answer 304 to a read fails a copy.
    if (error.code() != storage::kNotModified) throw;
    throw PreconditionFailed::with_code("PreconditionFailed", error.subject(), error.reason());
  } catch (const InvalidArgument& error) {
    if (error.code() != storage::kIsDeleteMarker) throw;
    throw InvalidArgument::with_code("InvalidRequest", error.subject(),
                                     "the source of a copy is a delete marker");
  }
}

http::ServerResponse copy_object(Call& call) {
  refuse_unoffered_headers(call.request);
  const storage::ObjectRef source = copy_source(call);
  const bool replace = is_replace(call.request, "x-amz-metadata-directive");
  const bool replace_tags = is_replace(call.request, "x-amz-tagging-directive");
  if (replace_tags) call.versions();
  storage::Marks marks = marks_of_request(call);
  if (!replace_tags && !replace && source == call.ref() && !names_encryption(call.request)) {
    throw InvalidArgument::with_code("InvalidRequest", "copy",
                                     "a copy onto itself must change metadata or encryption");
  }
  WriteGate gate(call, call.ref());
  storage::CopyRequest copy{.source_condition = copy_source_condition(call.request),
                            .condition = gate.condition(),
                            .replace_tags = replace_tags,
                            .marks = std::move(marks),
                            .source_customer_key = customer_key_of(call, kSourceKey),
                            .encryption = encryption_of(call)};
  if (!replace_tags) copy.marks.tags.clear();  // they count with REPLACE only
  if (replace) copy.replace = attributes_of(call.request);
  storage::CopyResult result;
  gate.run([&] {
    run_copy([&] { result = call.storage.copy(call.context, source, call.ref(), copy); });
  });
  codec::XmlWriter xml("CopyObjectResult", kNamespace);
  xml.element("LastModified", format_iso_millis(result.modified));
  xml.element("ETag", quote_etag(result.etag));
  http::ServerResponse response = xml_response(xml.finish());
  add_encryption_headers(response, result.encryption, copy.encryption.customer_key);
  add_version_id(response, result.version);
  if (!result.source_version.empty()) {
    response.headers.emplace_back("x-amz-copy-source-version-id", result.source_version);
  }
  return response;
}

}  // namespace holdfast::gateway
