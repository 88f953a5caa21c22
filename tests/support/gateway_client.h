// A client for tests of the gateway without sockets: builds requests, signs them in any of S3's
// ways and hands them to Gateway::handle().
#pragma once

#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/context.h"
#include "base/stream.h"
#include "codec/digest.h"
#include "codec/sigv4.h"
#include "codec/text.h"
#include "codec/xml.h"
#include "gateway/gateway.h"
#include "storage/folder/folder_storage.h"
#include "storage/memory/memory_storage.h"
#include "support/test_folder.h"

namespace holdfast::support {

enum class Payload { kSigned, kUnsigned, kChunked, kChunkedTrailer, kUnsignedTrailer, kPresigned };

struct GatewayRequest {
  std::string method = "GET";
  std::string target = "/";  // percent-encoded, with the query
  codec::Headers headers;
  std::string body;
  Payload payload = Payload::kSigned;
  std::string trailer;  // "x-amz-checksum-crc32:BASE64", for the trailer payloads
  std::size_t chunk_size = 8;
  std::string host = "127.0.0.1:9000";
  bool anonymous = false;
};

struct GatewayAnswer {
  int status = 0;
  codec::Headers headers;
  std::string body;
  std::optional<std::uint64_t> length;  // announced to a HEAD

  // Value of that header, name in any case; empty when absent.
  std::string header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
      if (key.size() == name.size() &&
          std::equal(key.begin(), key.end(), name.begin(),
                     [](char a, char b) { return std::tolower(a) == std::tolower(b); })) {
        return value;
      }
    }
    return "";
  }
  codec::XmlElement xml() const { return codec::parse_xml(body); }
  // The S3 code of an error document; empty for anything else.
  std::string code() const {
    return body.find("<Error>") == std::string::npos ? "" : xml().child_text("Code");
  }
};

inline std::string chunk_of(codec::ChunkSigner* signer, std::string_view bytes) {
  char size[32];
  std::snprintf(size, sizeof size, "%zx", bytes.size());
  std::string chunk = size;
  if (signer) {
    chunk +=
        ";chunk-signature=" +
        signer->next_chunk(codec::to_hex(codec::digest_of(codec::DigestAlgorithm::kSha256, bytes)));
  }
  chunk += "\r\n" + std::string(bytes);
  return bytes.empty() ? chunk : chunk + "\r\n";
}

class GatewayClient {
 public:
  GatewayClient(gateway::Gateway& gateway, FakeClock& clock, std::string access_key = "root",
                std::string secret_key = "rootsecret")
      : gateway_(gateway),
        clock_(clock),
        credentials_{std::move(access_key), Secret(secret_key), ""} {}

  GatewayAnswer send(const GatewayRequest& wanted) {
    http::ServerRequest request = sign(wanted);
    return deliver(request);
  }

  GatewayAnswer send(std::string method, std::string target, std::string body = "",
                     codec::Headers headers = {}) {
    return send({.method = std::move(method),
                 .target = std::move(target),
                 .headers = std::move(headers),
                 .body = std::move(body)});
  }

  // The request as it goes over the wire; its bytes live until the next call.
  http::ServerRequest sign(const GatewayRequest& wanted) {
    const std::size_t question = wanted.target.find('?');
    codec::SignedRequest to_sign{
        wanted.method, wanted.target.substr(0, question), {}, wanted.headers};
    if (question != std::string::npos) {
      to_sign.query = codec::parse_query(wanted.target.substr(question + 1)).value();
    }
    to_sign.headers.emplace_back("Host", wanted.host);
    std::string target = wanted.target;
    body_ = wanted.body;
    if (!wanted.anonymous) add_signature(wanted, to_sign, target);
    http::ServerRequest request{
        .method = wanted.method, .target = target, .headers = to_sign.headers};
    request.peer = "127.0.0.1:40000";
    source_ = std::make_unique<MemorySource>(body_);
    request.body = source_.get();
    request.content_length = body_.size();
    request.headers.emplace_back("Content-Length", std::to_string(body_.size()));
    return request;
  }

  GatewayAnswer deliver(http::ServerRequest& request) {
    const Context context = Context::with_clock(clock_);
    http::ServerResponse response = gateway_.handle(context, request);
    GatewayAnswer answer{.status = response.status, .headers = response.headers};
    answer.body = response.source ? read_all(*response.source, 1u << 30) : response.text;
    answer.length = response.length;
    return answer;
  }

 private:
  void add_signature(const GatewayRequest& wanted, codec::SignedRequest& to_sign,
                     std::string& target) {
    const WallTime now = clock_.now();
    switch (wanted.payload) {
      case Payload::kPresigned:
        target = to_sign.path + "?" + codec::presign(to_sign, credentials_, "us-east-1", now, 600);
        return;
      case Payload::kUnsigned:
        return add_authorization(to_sign, credentials_, "us-east-1", now, codec::kUnsignedPayload);
      case Payload::kSigned:
        return add_authorization(
            to_sign, credentials_, "us-east-1", now,
            codec::to_hex(codec::digest_of(codec::DigestAlgorithm::kSha256, body_)));
      case Payload::kChunked:
      case Payload::kChunkedTrailer:
      case Payload::kUnsignedTrailer:
        return add_chunks(wanted, to_sign);
    }
  }

  void add_chunks(const GatewayRequest& wanted, codec::SignedRequest& to_sign) {
    const WallTime now = clock_.now();
    const bool has_trailer = !wanted.trailer.empty();
    to_sign.headers.emplace_back("x-amz-decoded-content-length", std::to_string(body_.size()));
    const std::string name = wanted.trailer.substr(0, wanted.trailer.find(':'));
    if (has_trailer) to_sign.headers.emplace_back("x-amz-trailer", name);
    const std::string_view mode = wanted.payload == Payload::kChunked ? codec::kStreamingSigned
                                  : wanted.payload == Payload::kChunkedTrailer
                                      ? codec::kStreamingSignedTrailer
                                      : codec::kStreamingUnsignedTrailer;
    add_authorization(to_sign, credentials_, "us-east-1", now, mode);
    std::optional<codec::ChunkSigner> signer;
    if (wanted.payload != Payload::kUnsignedTrailer) {
      const codec::Claim claim = codec::parse_claim(to_sign).value();
      signer.emplace(codec::signing_key(credentials_.secret_key, claim.scope), claim.timestamp,
                     claim.scope, claim.signature);
    }
    codec::ChunkSigner* const chain = signer ? &*signer : nullptr;
    std::string framed;
    std::string_view rest = body_;
    for (; !rest.empty(); rest.remove_prefix(std::min(wanted.chunk_size, rest.size()))) {
      framed += chunk_of(chain, rest.substr(0, wanted.chunk_size));
    }
    framed += chunk_of(chain, "");
    if (has_trailer) framed += wanted.trailer + "\r\n";
    if (has_trailer && chain) {
      framed += "x-amz-trailer-signature:" +
                chain->trailer(codec::to_hex(
                    codec::digest_of(codec::DigestAlgorithm::kSha256, wanted.trailer + "\n"))) +
                "\r\n";
    }
    body_ = framed + "\r\n";
  }

  gateway::Gateway& gateway_;
  FakeClock& clock_;
  codec::Credentials credentials_;
  std::string body_;
  std::unique_ptr<MemorySource> source_;
};

// A gateway over a memory storage (or another), with a root pair and whatever keys a test adds.
struct GatewayBench {
  explicit GatewayBench(gateway::GatewayOptions options = {},
                        std::unique_ptr<storage::Storage> over = storage::make_memory_storage())
      : storage(std::move(over)), gateway(with_root(std::move(options)), *storage) {}

  static gateway::GatewayOptions with_root(gateway::GatewayOptions options) {
    options.keys.push_back({"root", Secret("rootsecret"), true, {}});
    return options;
  }

  FakeClock clock{parse_rfc3339("2026-11-22T14:31:20Z")};
  std::unique_ptr<storage::Storage> storage;
  gateway::Gateway gateway;
  GatewayClient root{gateway, clock};
};

class GatewayTest : public ::testing::Test, public GatewayBench {
 protected:
  GatewayTest() { EXPECT_EQ(root.send("PUT", "/bucket").status, 200); }
  GatewayAnswer put(const std::string& key, const std::string& body, codec::Headers headers = {}) {
    return root.send("PUT", "/bucket/" + key, body, std::move(headers));
  }
  GatewayAnswer get(const std::string& key, codec::Headers headers = {}) {
    return root.send("GET", "/bucket/" + key, "", std::move(headers));
  }
};

// The same over a folder, which keeps versions, tags and locks.
class VersionedGatewayTest : public ::testing::Test {
 protected:
  VersionedGatewayTest() { EXPECT_EQ(root.send("PUT", "/bucket").status, 200); }
  GatewayAnswer send(std::string method, const std::string& target, std::string body = "",
                     codec::Headers headers = {}) {
    return root.send(std::move(method), "/bucket" + target, std::move(body), std::move(headers));
  }
  void enable_versioning() { set_versioning("Enabled"); }
  void set_versioning(const std::string& status) {
    EXPECT_EQ(
        send("PUT", "?versioning",
             "<VersioningConfiguration><Status>" + status + "</Status></VersioningConfiguration>")
            .status,
        200);
  }
  // The version that a put made.
  std::string put(const std::string& key, const std::string& body, codec::Headers headers = {}) {
    GatewayAnswer answer = send("PUT", "/" + key, body, std::move(headers));
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.header("x-amz-version-id");
  }

 private:
  TemporaryFolder place_{storage::place_for_folders()};

 public:
  GatewayBench bench{
      {},
      storage::open_folder_storage(Context::background(),
                                   {.root = place_.path() / "root", .min_part_size = 1})};
  FakeClock& clock = bench.clock;
  GatewayClient& root = bench.root;
};

inline std::string checksum_of(codec::DigestAlgorithm algorithm, std::string_view bytes) {
  return codec::to_base64(codec::digest_of(algorithm, bytes));
}

}  // namespace holdfast::support
