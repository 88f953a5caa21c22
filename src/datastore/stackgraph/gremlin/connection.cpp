#include "datastore/stackgraph/gremlin/connection.h"

#include <charconv>
#include <fmt/format.h>

#include "base/error.h"
#include "base/random.h"
#include "codec/json_scanner.h"
#include "codec/text.h"

namespace holdfast::datastore::sg {

namespace {

constexpr std::string_view kMime = "application/vnd.gremlin-v3.0+json";

http::WebSocketOptions socket_options(const GremlinOptions& options) {
  http::WebSocketOptions out;
  out.client.ca_file = options.ca_file;
  out.client.verify_tls = options.verify_tls;
  out.client.idle_timeout = options.idle_timeout;
  return out;
}

// A version 4 UUID.
std::string new_id() {
  std::string hex = random_hex(16);
  hex[12] = '4';
  hex[16] = 'a';
  for (std::size_t at : {8, 13, 18, 23}) hex.insert(at, 1, '-');
  return hex;
}

std::string json_of(std::string_view text) {
  std::string out;
  codec::append_json_quoted(text, out);
  return out;
}

}  // namespace

GremlinConnection::GremlinConnection(const Context& context, const GremlinOptions& options,
                                     const std::string& what)
    : options_(options),
      what_(what),
      socket_(context, options.url, what, socket_options(options)) {}

void GremlinConnection::send(const Context& context, std::string_view json) {
  std::string message(1, char(kMime.size()));
  message.append(kMime);
  message.append(json);
  socket_.send_binary(context, message);
}

void GremlinConnection::submit(const Context& context, std::string_view script,
                               std::string_view bindings, unsigned batch, Length length) {
  if (!ended_) throw Failed(what_, "a request was begun before the last one's answer had ended");
  id_ = new_id();
  ended_ = false;
  const auto limit =
      length == Length::kEndless
          ? 0
          : std::chrono::duration_cast<std::chrono::milliseconds>(options_.answer_timeout).count();
  send(context,
       fmt::format(R"({{"requestId":"{}","op":"eval","processor":"","args":{{"gremlin":{},)"
                   R"("language":"gremlin-groovy","aliases":{{"g":{}}},"batchSize":{},)"
                   R"("evaluationTimeout":{},"bindings":{}}}}})",
                   id_, json_of(script), json_of(options_.traversal), batch, limit, bindings));
}

void GremlinConnection::log_in(const Context& context) {
  if (options_.user.empty()) {
    throw AccessDenied(what_, "the server wants a user and a password", "configure both");
  }
  if (logged_in_) {
    throw AccessDenied(what_, "the server wants another login than user and password");
  }
  logged_in_ = true;
  // SASL PLAIN (RFC 4616).
  std::string plain(1, '\0');
  plain.append(options_.user).append(1, '\0').append(options_.password.reveal());
  send(context, fmt::format(R"({{"requestId":"{}","op":"authentication","processor":"","args":)"
                            R"({{"saslMechanism":"PLAIN","sasl":"{}"}}}})",
                            id_, codec::to_base64(plain)));
}

std::optional<std::string_view> GremlinConnection::next(const Context& context) {
  while (!ended_) {
    const std::string_view bytes = socket_.receive(context.with_timeout(options_.answer_timeout));
    const GremlinFrame frame = read_gremlin_frame(bytes, what_);
    if (!frame.request_id.empty() && frame.request_id != id_) {
      throw Failed(what_, "the server answered another request than the one it was sent",
                   "look at what lies between");
    }
    if (frame.code == 407) {
      log_in(context);
      continue;
    }
    ended_ = frame.code != 206;
    check_gremlin_code(frame, what_);
    if (!frame.data.empty()) return frame.data;
  }
  return std::nullopt;
}

std::string GremlinConnection::only_result(const Context& context, std::string_view script,
                                           std::string_view bindings) {
  submit(context, script, bindings, 1);
  std::string result;
  while (const std::optional<std::string_view> part = next(context)) {
    if (!result.empty()) {
      throw Failed(what_, "the server gave several results where there is one");
    }
    result = *part;
  }
  if (result.empty()) throw Failed(what_, "the server gave no result");
  return result;
}

std::uint64_t GremlinConnection::number(const Context& context, std::string_view script,
                                        std::string_view bindings) {
  const std::string result = only_result(context, script, bindings);
  constexpr std::string_view kList = R"({"@type":"g:List","@value":[{"@type":"g:Int)";
  constexpr std::string_view kValue = R"(,"@value":)";
  std::uint64_t number = 0;
  if (result.starts_with(kList)) {
    const std::size_t at = result.find(kValue, kList.size());
    if (at != std::string::npos) {
      const char* begin = result.data() + at + kValue.size();
      const auto [end, error] = std::from_chars(begin, result.data() + result.size(), number);
      const std::string_view rest(end, std::size_t(result.data() + result.size() - end));
      if (error == std::errc() && rest == "}]}") return number;
    }
  }
  throw Failed(what_, "the server gave something else where a number was asked for");
}

}  // namespace holdfast::datastore::sg
