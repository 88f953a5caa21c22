#include "storage/s3/s3_reader.h"

#include "storage/rules.h"
#include "storage/s3/s3_headers.h"

namespace holdfast::storage {

namespace {

S3Call read_call(std::string_view method, std::string verb, const ObjectRef& ref,
                 const GetRequest& request) {
  S3Call call{.method = method, .target = ref, .verb = std::move(verb)};
  if (request.range) call.headers.emplace_back("range", range_header(*request.range));
  if (request.part) call.query.emplace_back("partNumber", std::to_string(*request.part));
  call.headers.emplace_back("x-amz-checksum-mode", "ENABLED");
  add_read_conditions(call.headers, request.condition);
  add_customer_key(call.headers, request.customer_key);
  if (request.for_etag) call.headers.emplace_back(kForEtagHeader, "true");
  return call;
}

// An endpoint may leave a range out and send everything: that is right only when everything was
// asked for. Which stretch a part is, it alone knows, and names it.
void check_delivered(const GetRequest& request, const Delivered& got, bool names_stretch,
                     const ObjectInfo& info, const ObjectRef& ref) {
  if (request.part) {
    const bool is_whole = *request.part == 1 && info.parts <= 1;
    if (names_stretch || is_whole || info.size == 0) return;
    throw Failed("get " + ref.text(), "the storage sent everything in place of one part",
                 "read it whole or by ranges; this endpoint does not support part numbers");
  }
  Stretch wanted = resolve_request(request, {}, info.size, ref);
  if (wanted.offset != got.offset || wanted.length != got.length) {
    throw Failed("get " + ref.text(), "the storage sent another stretch than was asked for",
                 "check that the endpoint supports ranges");
  }
}

}  // namespace

std::unique_ptr<Reader> open_s3_reader(S3Endpoint& endpoint, const Context& context,
                                       const ObjectRef& ref, const GetRequest& request) {
  S3Call call = read_call("GET", "get", ref, request);
  std::string what = S3Endpoint::describe(call);
  auto exchange = within(context, endpoint.options().request_timeout, what,
                         [&](const Context& shorter) { return endpoint.send(shorter, call); });
  ObjectInfo info = read_info(*exchange, ref);
  check_read_condition(request.condition, info, ref);
  Delivered delivered = read_delivered(*exchange, ref);
  check_delivered(request, delivered, exchange->header("content-range").has_value(), info, ref);
  return make_http_reader(context, std::move(exchange), std::move(info), delivered,
                          std::move(what));
}

ObjectInfo head_s3_object(S3Endpoint& endpoint, const Context& context, const ObjectRef& ref,
                          const GetRequest& request) {
  S3Call call = read_call("HEAD", "head", ref, request);
  return within(context, endpoint.options().request_timeout, S3Endpoint::describe(call),
                [&](const Context& shorter) {
                  auto exchange = endpoint.send(shorter, call);
                  ObjectInfo info = read_info(*exchange, ref);
                  check_read_condition(request.condition, info, ref);
                  return info;
                });
}

}  // namespace holdfast::storage
