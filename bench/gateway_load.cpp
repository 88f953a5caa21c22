// A load for bench/run.py:
//   gateway_load ENDPOINT ACCESS_KEY BUCKET VERB SIZE CONNECTIONS OPERATIONS
//                [signed|sse-s3|sse-c|FOLDER]
// The secret key comes from HOLDFAST_LOAD_SECRET. VERB: put | get | delete (prepared requests over
// 256 names, or OPERATIONS names for delete), new (puts under names that nothing ever had), save
// (as get, each body written to a new file in FOLDER and synced), fill
// (makes OPERATIONS small objects for list), list (walks them in pages of 1,000 OPERATIONS times;
// it counts the keys and looks for the token, so that the time is the server's). Bodies are sent as
// UNSIGNED-PAYLOAD, or with their SHA-256 when `signed`; sse-s3 and sse-c ask for encryption, with
// the server's key or one of the load's. Prints one JSON object: operations,
// failures, names that lists told, seconds, rates, its own CPU seconds.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <vector>

#include "base/random.h"
#include "codec/digest.h"
#include "codec/sigv4.h"
#include "codec/text.h"
#include "raw_connection.h"
#include "storage/s3/s3_storage.h"

namespace {

using namespace holdfast;

constexpr std::uint64_t kNames = 256;

struct Load {
  std::string host;
  std::uint16_t port = 0;
  std::string endpoint, bucket, verb;
  codec::Credentials credentials;
  std::uint64_t size = 0, connections = 0, operations = 0;
  std::string bytes, payload_hash;
  std::string encryption;  // "", "sse-s3" or "sse-c"
  std::string folder;      // for save
  std::string customer_key = codec::digest_of(codec::DigestAlgorithm::kSha256, "bench");
  std::string run = random_hex(8);  // what makes the names of `new` new

  std::string key(std::uint64_t number) const {
    if (verb == "fill") {
      return "list/" + std::to_string(number % 100) + "/" + std::to_string(number);
    }
    if (verb == "new") return "new/" + run + "/" + std::to_string(number);
    return "load/" + encryption + std::to_string(size) + "/" + std::to_string(number);
  }
  std::uint64_t names() const {
    return verb == "fill" || verb == "new" || verb == "delete" ? operations
                                                               : std::min(operations, kNames);
  }
  bool sends_body() const { return verb == "put" || verb == "new" || verb == "fill"; }
};

void add_encryption(codec::SignedRequest& request, const Load& load) {
  const std::string header = "x-amz-server-side-encryption";
  if (load.encryption == "sse-s3" && load.sends_body()) {
    request.headers.emplace_back(header, "AES256");
  }
  if (load.encryption != "sse-c") return;
  const auto md5 = codec::digest_of(codec::DigestAlgorithm::kMd5, load.customer_key);
  request.headers.emplace_back(header + "-customer-algorithm", "AES256");
  request.headers.emplace_back(header + "-customer-key", codec::to_base64(load.customer_key));
  request.headers.emplace_back(header + "-customer-key-MD5", codec::to_base64(md5));
}

std::string prepare(const Load& load, std::uint64_t number, WallTime now) {
  codec::SignedRequest request;
  request.method = load.sends_body() ? "PUT" : load.verb == "delete" ? "DELETE" : "GET";
  request.path = "/" + load.bucket + "/" + load.key(number);
  request.headers = {{"Host", load.host + ":" + std::to_string(load.port)}};
  add_encryption(request, load);
  codec::add_authorization(request, load.credentials, "us-east-1", now,
                           load.sends_body() ? load.payload_hash : codec::kUnsignedPayload);
  std::string head = request.method + " " + request.path + " HTTP/1.1\r\n";
  for (const auto& [name, value] : request.headers) head += name + ": " + value + "\r\n";
  if (load.sends_body()) head += "Content-Length: " + std::to_string(load.bytes.size()) + "\r\n";
  return head + "\r\n";
}

struct Outcome {
  double seconds = 0;
  std::uint64_t failures = 0;
  std::uint64_t names = 0;  // that lists told
};

unsigned save(bench::RawConnection& connection, const std::string& head, const fs::path& path) {
  Descriptor file = create_file(path);
  const bench::RawConnection::Sink sink = [&](std::string_view bytes) {
    write_all(file.get(), bytes, path);
  };
  const unsigned status = connection.exchange(head, "", true, sink);
  sync_file(file.get(), path);
  return status;
}

Outcome run_prepared(const Context& context, const Load& load) {
  std::vector<std::string> heads;
  for (std::uint64_t i = 0; i < load.names(); ++i) {
    heads.push_back(prepare(load, i, context.clock().now()));
  }
  std::atomic<std::uint64_t> next{0}, failures{0};
  SteadyTime begin = context.clock().steady();
  std::vector<std::thread> threads;
  for (std::uint64_t i = 0; i < load.connections; ++i) {
    threads.emplace_back([&] {
      bench::RawConnection connection(load.host, load.port);
      for (std::uint64_t number; (number = next++) < load.operations;) {
        try {
          const std::string& head = heads[number % heads.size()];
          const std::string_view body = load.sends_body() ? load.bytes : std::string_view();
          const unsigned status =
              load.verb == "save"
                  ? save(connection, head, fs::path(load.folder) / std::to_string(number))
                  : connection.exchange(head, body, true);
          if (status / 100 == 2) continue;
          if (failures++ == 0) std::fprintf(stderr, "gateway_load: status %u\n", status);
        } catch (const Error& error) {
          if (failures++ == 0) std::fprintf(stderr, "gateway_load: %s\n", error.what());
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return {std::chrono::duration<double>(context.clock().steady() - begin).count(), failures, 0};
}

// What stands between <NAME> and its end.
std::string text_of(std::string_view page, std::string_view name) {
  const std::string open = "<" + std::string(name) + ">";
  const std::size_t begin = page.find(open);
  if (begin == std::string_view::npos) return "";
  const std::size_t text = begin + open.size();
  return std::string(page.substr(text, page.find('<', text) - text));
}

std::string list_head(const Load& load, const std::string& token, WallTime now) {
  codec::SignedRequest request;
  request.method = "GET";
  request.path = "/" + load.bucket;
  request.query = {{"list-type", "2"}, {"max-keys", "1000"}, {"prefix", "list/"}};
  if (!token.empty()) request.query.insert(request.query.begin(), {"continuation-token", token});
  request.headers = {{"Host", load.host + ":" + std::to_string(load.port)}};
  codec::add_authorization(request, load.credentials, "us-east-1", now, codec::kUnsignedPayload);
  std::string head =
      "GET " + request.path + "?" + codec::build_query(request.query) + " HTTP/1.1\r\n";
  for (const auto& [name, value] : request.headers) head += name + ": " + value + "\r\n";
  return head + "\r\n";
}

Outcome run_list(const Context& context, const Load& load) {
  SteadyTime begin = context.clock().steady();
  std::uint64_t seen = 0;
  bench::RawConnection connection(load.host, load.port);
  for (std::uint64_t i = 0; i < load.operations; ++i) {
    std::string token;
    do {
      std::string page;
      const unsigned status =
          connection.exchange(list_head(load, token, context.clock().now()), "", true,
                              [&](std::string_view bytes) { page += bytes; });
      if (status != 200) throw Failed("list", page.substr(0, 1000));
      for (std::size_t at = 0; (at = page.find("<Key>", at)) != std::string::npos; ++at) ++seen;
      token = text_of(page, "NextContinuationToken");
    } while (!token.empty());
  }
  return {std::chrono::duration<double>(context.clock().steady() - begin).count(), 0, seen};
}

void make_bucket(const Context& context, storage::Storage& storage, const std::string& bucket) {
  try {
    storage.buckets()->create(context, bucket);
  } catch (const PreconditionFailed&) {
    // It is there from an earlier load.
  }
}

int run(const Load& load) {
  storage::S3Options options;
  options.endpoint = load.endpoint;
  options.credentials = load.credentials;
  auto storage = storage::make_s3_storage(options);
  Context context = Context::background();
  if (load.sends_body()) make_bucket(context, *storage, load.bucket);
  Outcome outcome = load.verb == "list" ? run_list(context, load) : run_prepared(context, load);
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](const timeval& time) {
    return double(time.tv_sec) + double(time.tv_usec) / 1e6;
  };
  const auto operations = double(load.operations);
  nlohmann::json result = {
      {"operations", load.operations},
      {"failures", outcome.failures},
      {"names", outcome.names},
      {"seconds", outcome.seconds},
      {"cpu_seconds", seconds(usage.ru_utime) + seconds(usage.ru_stime)},
      {"operations_per_second", operations / outcome.seconds},
      {"mib_per_second", operations * double(load.size) / outcome.seconds / 1048576}};
  std::printf("%s\n", result.dump().c_str());
  return outcome.failures == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const char* secret = std::getenv("HOLDFAST_LOAD_SECRET");
  if (argc < 8 || secret == nullptr) {
    std::fprintf(stderr,
                 "usage: HOLDFAST_LOAD_SECRET=... gateway_load http://IPV4:PORT ACCESS_KEY BUCKET "
                 "VERB SIZE CONNECTIONS OPERATIONS [signed|sse-s3|sse-c|FOLDER]\n");
    return 2;
  }
  Load load;
  load.endpoint = argv[1];
  const std::string authority = load.endpoint.substr(load.endpoint.find("//") + 2);
  load.host = authority.substr(0, authority.find(':'));
  load.port = std::uint16_t(std::strtoul(authority.c_str() + load.host.size() + 1, nullptr, 10));
  load.credentials.access_key = argv[2];
  load.credentials.secret_key = Secret(secret);
  load.bucket = argv[3];
  load.verb = argv[4];
  load.size = std::strtoull(argv[5], nullptr, 10);
  load.connections = std::strtoull(argv[6], nullptr, 10);
  load.operations = std::strtoull(argv[7], nullptr, 10);
  load.bytes = random_bytes(load.size);
  const std::string_view extra = argc > 8 ? argv[8] : "";
  const bool is_signed = extra == "signed";
  if (extra.starts_with("sse-")) load.encryption = extra;
  if (load.verb == "save") load.folder = extra;
  load.payload_hash =
      is_signed ? codec::to_hex(codec::digest_of(codec::DigestAlgorithm::kSha256, load.bytes))
                : std::string(codec::kUnsignedPayload);
  try {
    return run(load);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "gateway_load: %s\n", error.what());
    return 1;
  }
}
