// The S3 protocol over any storage: authentication, routing, operations, errors. It knows nothing
// of how the storage keeps its objects.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/context.h"
#include "gateway/auth/access_key.h"
#include "gateway/metrics.h"
#include "http/server.h"
#include "storage/storage.h"

namespace holdfast::gateway {

struct GatewayOptions {
  std::vector<AccessKey> keys;  // names must differ; none: every request is refused
  std::string domain;           // BUCKET.domain names a bucket by host; empty: by path only
  // Told by GetBucketLocation and HeadBucket. A signature's scope may name any region: it is
  // covered by the signature, and clients that were never told ours must work.
  std::string region = "us-east-1";
  Duration clock_skew = std::chrono::minutes(15);
  std::uint64_t max_document_bytes = 4u << 20;  // of a request's XML
  std::string catalog_prefix = ".holdfast/";    // keys that only grants for them reach
  // Whether keys of clients (SSE-C) are taken without TLS, where all who listen are trusted.
  bool customer_keys_over_http = false;
  bool metrics = true;                   // whether /-/metrics answers
  std::function<ServerGauges()> gauges;  // for /-/metrics, from any thread; none: zeros
};

// Thread-safe: handle() runs on many threads at once.
class Gateway {
 public:
  // `storage` is borrowed. Throws InvalidArgument for keys that are empty or given twice.
  Gateway(GatewayOptions options, storage::Storage& storage);
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  // Answers one request; every failure becomes an S3 error document, so nothing is thrown. Server
  // trouble (status 500 and above) is logged with the request's id.
  // GET /-/health, /minio/health/live and /minio/health/ready need no signature: 200, or 503 when
  // the storage does not answer (not asked by live). Neither does GET /-/metrics.
  // is_own_page() names these: they must be answered however busy the gateway is.
  static bool is_own_page(std::string_view target);
  http::ServerResponse handle(const Context& context, http::ServerRequest& request);
  // Counts a finished request for /-/metrics: for the server's hook.
  void note(const http::AccessRecord& record);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace holdfast::gateway
