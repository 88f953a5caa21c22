// holdfast.gateway.*: the S3 server.
#include <fmt/format.h>

#include "config/key.h"

namespace holdfast::config {

namespace {

constexpr std::size_t kMostKeys = 256;

std::string take_access_key(std::string_view text) {
  if (text.empty()) return "";  // told of as half of a pair (rules.cpp)
  const auto inside = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '_' || c == '-';
  };
  for (const char c : text) {
    if (!inside(c)) throw BadValue{"holds another character"};
  }
  if (text.size() < 5 || text.size() > 128) {
    throw BadValue{fmt::format("{} characters", text.size())};
  }
  return std::string(text);
}

std::vector<Key> keys_of_element(std::size_t i) {
  const std::string path = fmt::format("holdfast.gateway.keys[{}].", i);
  const std::string family = "holdfast.gateway.keys[].";
  std::vector<Key> keys;
  keys.push_back(text(path + "accessKey", HOLDFAST_AT(holdfast.gateway.keys[i].access_key), "\"\"",
                      "the further pair's access key", "5 to 128 of A-Z a-z 0-9 . _ -",
                      take_access_key)
                     .under(family + "accessKey"));
  Key secret_key = secret(path + "secretKey", HOLDFAST_AT(holdfast.gateway.keys[i].secret_key),
                          "\"\"", "its secret key");
  secret_key.allowed = "8 to 128 characters without blanks";
  keys.push_back(std::move(secret_key).under(family + "secretKey"));
  keys.push_back(text(path + "bucket", HOLDFAST_AT(holdfast.gateway.keys[i].bucket), "\"\"",
                      "the one bucket it may use; empty: every bucket",
                      "the name of a bucket, or empty",
                      [](std::string_view name) {
                        if (!name.empty()) check_bucket(name);
                        return std::string(name);
                      })
                     .under(family + "bucket"));
  keys.push_back(text(path + "prefix", HOLDFAST_AT(holdfast.gateway.keys[i].prefix), "\"\"",
                      "how the keys of the objects it may use begin")
                     .under(family + "prefix"));
  keys.push_back(choices<Permission>(path + "allow", HOLDFAST_AT(holdfast.gateway.keys[i].allow),
                                     "[read, list]",
                                     {{"read", Permission::kRead},
                                      {"list", Permission::kList},
                                      {"writeNew", Permission::kWriteNew},
                                      {"overwrite", Permission::kOverwrite},
                                      {"delete", Permission::kDelete},
                                      {"bypassLock", Permission::kBypassLock}},
                                     "what it may do")
                     .under(family + "allow"));
  return keys;
}

void add_limits(std::vector<Key>& keys) {
  const std::string path = "holdfast.gateway.limits.";
  keys.push_back(number(path + "workers", HOLDFAST_AT(holdfast.gateway.limits.workers), 256, 1,
                        4096, "requests that are served at once"));
  keys.push_back(number(path + "connections", HOLDFAST_AT(holdfast.gateway.limits.connections),
                        12'000, 1, 1'000'000, "open connections, idle ones included"));
  keys.push_back(number(
      path + "queuedRequests", HOLDFAST_AT(holdfast.gateway.limits.queued_requests), 1024, 1,
      1'000'000, "requests that wait for a worker; beyond it clients are told to slow down"));
  keys.push_back(size(path + "headBytes", HOLDFAST_AT(holdfast.gateway.limits.head_bytes), "32Ki",
                      "the largest head of a request"));
  keys.push_back(duration(path + "headTimeout", HOLDFAST_AT(holdfast.gateway.limits.head_timeout),
                          "15s", "how long a head may take"));
  keys.push_back(duration(path + "idleTimeout", HOLDFAST_AT(holdfast.gateway.limits.idle_timeout),
                          "2m", "how long a connection may wait between requests"));
  keys.push_back(duration(path + "stallTimeout", HOLDFAST_AT(holdfast.gateway.limits.stall_timeout),
                          "30s", "how long a body may stand still"));
  keys.push_back(size(path + "minBytesPerSecond",
                      HOLDFAST_AT(holdfast.gateway.limits.min_bytes_per_second), "64",
                      "how slow a body may be over stallTimeout"));
  keys.push_back(size(
      path + "crowdedBytesPerSecond", HOLDFAST_AT(holdfast.gateway.limits.crowded_bytes_per_second),
      "16Ki", "bodies slower than this are cut in favour of requests that wait for a worker"));
  keys.push_back(duration(path + "stopGrace", HOLDFAST_AT(holdfast.gateway.limits.stop_grace),
                          "25s", "how long running requests may finish after a stop"));
}

}  // namespace

void add_gateway_keys(std::vector<Key>& keys) {
  const std::string path = "holdfast.gateway.";
  keys.push_back(listen(path + "listen", HOLDFAST_AT(holdfast.gateway.listen), "127.0.0.1:9000",
                        "where the gateway listens"));
  keys.push_back(url(path + "url", HOLDFAST_AT(holdfast.gateway.url), "http://127.0.0.1:9000",
                     "where holdfast and the stores reach it; not given: made of listen and tls"));
  keys.push_back(text(path + "domain", HOLDFAST_AT(holdfast.gateway.domain), "\"\"",
                      "buckets also answer under BUCKET.DOMAIN; empty: by path only",
                      "a host's name, or empty", [](std::string_view host) {
                        check_host(host);
                        return std::string(host);
                      }));
  keys.push_back(text(path + "region", HOLDFAST_AT(holdfast.gateway.region), "us-east-1",
                      "the region that clients are told; a signature may name any"));
  keys.push_back(text(path + "tls.certFile", HOLDFAST_AT(holdfast.gateway.tls_certificate_file),
                      "\"\"", "PEM file of the certificate chain; empty: plain HTTP"));
  keys.push_back(text(path + "tls.keyFile", HOLDFAST_AT(holdfast.gateway.tls_key_file), "\"\"",
                      "PEM file of its private key"));
  keys.push_back(text(path + "tls.caFile", HOLDFAST_AT(holdfast.gateway.tls_ca_file), "\"\"",
                      "PEM file of the CA that holdfast's own calls of the gateway trust; empty: "
                      "the system's"));
  keys.push_back(flag(path + "accessLog", HOLDFAST_AT(holdfast.gateway.access_log), true,
                      "whether every request is logged"));
  keys.push_back(flag(path + "customerKeysOverHttp",
                      HOLDFAST_AT(holdfast.gateway.customer_keys_over_http), false,
                      "whether keys of clients (SSE-C) are taken without TLS: only where nobody "
                      "else can listen, or behind a proxy that ends TLS"));
  keys.push_back(flag(path + "metrics", HOLDFAST_AT(holdfast.gateway.metrics), true,
                      "whether /-/metrics answers, which needs no key"));
  Key pairs = row(path + "keys", "a list of mappings with accessKey and secretKey or secretKeyFile",
                  "[]", "further pairs, limited to a bucket, a prefix and what they may do");
  pairs.elements = keys_of_element;
  pairs.resize = [](Values& values, std::size_t count) {
    if (count > kMostKeys) throw BadValue{fmt::format("more than {} pairs", kMostKeys)};
    values.holdfast.gateway.keys.resize(count);
  };
  pairs.count = [](const Values& values) { return values.holdfast.gateway.keys.size(); };
  keys.push_back(std::move(pairs));
  add_limits(keys);
}

}  // namespace holdfast::config
