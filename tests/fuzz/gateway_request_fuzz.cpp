// Whole requests through the gateway, over a memory storage with a few objects and an upload. The
// input: `MODE METHOD /target LF`, `name: value LF` each, an empty line, the body. MODE says how
// the request is signed: n not at all, u unsigned payload, s signed payload, t unsigned chunks with
// a trailer, k signed chunks (the body stands framed in the input). UPLOADID in the target stands
// for the upload's id.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"
#include "codec/digest.h"
#include "codec/sigv4.h"
#include "codec/text.h"
#include "codec/xml.h"
#include "gateway/access_log.h"
#include "gateway/gateway.h"
#include "http/server.h"
#include "property.h"
#include "storage/memory/memory_storage.h"

using namespace holdfast;

namespace {

std::string_view take_until(std::string_view& text, char end) {
  std::size_t at = text.find(end);
  std::string_view taken = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return taken;
}

// The HTTP server lets no other names and values through.
bool is_token(std::string_view name) {
  return !name.empty() && name.find_first_not_of(
                              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              "0123456789-_.!#$%&'*+^`|~") == std::string_view::npos;
}
std::string field_value(std::string_view text) {
  std::string value(text);
  for (char& c : value) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return value;
}

struct Input {
  char mode = 'n';
  http::ServerRequest request;
  std::string body;
};

Input read_input(std::string_view text, const std::string& upload_id) {
  Input input;
  std::string_view line = take_until(text, '\n');
  const std::string_view mode = take_until(line, ' ');
  if (!mode.empty()) input.mode = mode[0];
  input.request.method = field_value(take_until(line, ' '));
  input.request.target = field_value(line);
  constexpr std::string_view kPlace = "UPLOADID";
  if (std::size_t at = input.request.target.find(kPlace); at != std::string::npos) {
    input.request.target.replace(at, kPlace.size(), upload_id);
  }
  while (!text.empty()) {
    std::string_view header = take_until(text, '\n');
    if (header.empty()) break;
    std::string_view name = take_until(header, ':');
    if (is_token(name)) input.request.headers.emplace_back(name, field_value(header));
  }
  input.body = text;
  input.request.peer = "127.0.0.1:1";
  return input;
}

void sign(Input& input, WallTime now) {
  http::ServerRequest& request = input.request;
  const std::size_t question = request.target.find('?');
  codec::SignedRequest to_sign{
      request.method, request.target.substr(0, question), {}, request.headers};
  if (question != std::string::npos) {
    to_sign.query = codec::parse_query(std::string_view(request.target).substr(question + 1))
                        .value_or(codec::QueryParameters{});
  }
  to_sign.headers.emplace_back("Host", "h");
  const std::string hash =
      input.mode == 's'
          ? codec::to_hex(codec::digest_of(codec::DigestAlgorithm::kSha256, input.body))
      : input.mode == 't' ? std::string(codec::kStreamingUnsignedTrailer)
      : input.mode == 'k' ? std::string(codec::kStreamingSigned)
                          : std::string(codec::kUnsignedPayload);
  codec::add_authorization(to_sign, {"root", Secret("rootsecret"), ""}, "us-east-1", now, hash);
  request.headers = to_sign.headers;
}

struct Bench {
  Bench() {
    storage->buckets()->create(context, "bucket");
    storage::put_bytes(*storage, context, {"bucket", "key"}, "0123456789");
    storage::put_bytes(*storage, context, {"bucket", "dir/key"}, "x");
    upload_id = storage->multipart()->create(context, {"bucket", "big"}, {}, std::nullopt);
    MemorySource part("part");
    storage->multipart()->put_part(context, {"bucket", "big"}, upload_id, 1, part, {});
  }

  FakeClock clock{parse_rfc3339("2026-11-22T14:31:20Z")};
  Context context = Context::with_clock(clock);
  std::unique_ptr<storage::Storage> storage = storage::make_memory_storage();
  gateway::Gateway gateway{
      {.keys = {{"root", Secret("rootsecret"), true, {}}}, .domain = "s3.local"}, *storage};
  std::string upload_id;
};

bool holds_line_end(std::string_view text) {
  return text.find_first_of("\r\n") != std::string_view::npos;
}

void check_answer(const Input& input, http::ServerResponse& answer) {
  HOLDFAST_PROPERTY(answer.status >= 200 && answer.status < 600);
  // A storage in memory has no trouble of its own.
  HOLDFAST_PROPERTY(answer.status < 500 || answer.status == 501);
  for (const auto& [name, value] : answer.headers) {
    HOLDFAST_PROPERTY(is_token(name) && !holds_line_end(value));
  }
  if (answer.status >= 400 && input.request.method != "HEAD") {
    const codec::XmlElement error = codec::parse_xml(answer.text);
    HOLDFAST_PROPERTY(error.name == "Error" && !error.child_text("Code").empty());
    HOLDFAST_PROPERTY(!error.child_text("Message").empty());
  }
  if (answer.source) read_all(*answer.source, 1u << 20);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bench bench;
  Input input = read_input({reinterpret_cast<const char*>(data), size}, bench.upload_id);
  if (input.mode != 'n') sign(input, bench.clock.now());
  MemorySource body(input.body);
  input.request.body = &body;
  input.request.content_length = input.body.size();
  http::ServerResponse answer = bench.gateway.handle(bench.context, input.request);
  check_answer(input, answer);
  const std::string line = gateway::access_line({input.request, answer.status, 0, 0, {}, true});
  HOLDFAST_PROPERTY(!holds_line_end(line));
  if (input.mode == 'n' && !input.request.header("authorization") &&
      input.request.target.find("X-Amz-Signature") == std::string::npos) {
    const bool health = input.request.target.find("health") != std::string::npos;
    HOLDFAST_PROPERTY(answer.status >= 400 || health);
    HOLDFAST_PROPERTY(storage::find(*bench.storage, bench.context, {"bucket", "key"}).has_value());
  }
  return 0;
}
