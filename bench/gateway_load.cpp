// A load for bench/run.py: gateway_load ENDPOINT ACCESS_KEY SECRET_KEY BUCKET VERB SIZE CONNECTIONS
// OPERATIONS VERB: put | get | fill | list. Prints one JSON object: operations, seconds, bytes.
// `fill` makes OPERATIONS empty-ish objects for `list`, which walks the whole bucket in pages of
// 1,000 OPERATIONS times.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "codec/digest.h"
#include "storage/s3/s3_storage.h"

namespace {

using namespace holdfast;

struct Load {
  std::string bucket, verb;
  std::uint64_t size, connections, operations;
  std::string bytes, sha256;
};

void one(storage::Storage& storage, const Context& context, const Load& load, std::uint64_t number,
         std::vector<char>& buffer) {
  std::string key = load.verb == "fill"
                        ? "list/" + std::to_string(number % 100) + "/" + std::to_string(number)
                        : "load/" + std::to_string(load.size) + "/" + std::to_string(number % 256);
  if (load.verb == "get") {
    auto reader = storage.get(context, {load.bucket, key}, {});
    while (reader->read(buffer) > 0) {
    }
    return;
  }
  if (load.verb == "list") {
    storage::list_all(storage, context, load.bucket, "list/", [](const storage::ObjectInfo&) {});
    return;
  }
  storage::PutRequest request;
  request.sha256 = load.sha256;
  storage::put_bytes(storage, context, {load.bucket, key}, load.bytes, request);
}

int run(const storage::S3Options& options, Load load) {
  auto storage = storage::make_s3_storage(options);
  Context context = Context::background();
  try {
    storage->buckets()->create(context, load.bucket);
  } catch (const PreconditionFailed&) {
  }
  load.bytes = random_bytes(load.size);
  load.sha256 = codec::digest_of(codec::DigestAlgorithm::kSha256, load.bytes);
  std::atomic<std::uint64_t> next{0}, failures{0};
  SteadyTime begin = context.clock().steady();
  std::vector<std::thread> threads;
  for (std::uint64_t i = 0; i < load.connections; ++i) {
    threads.emplace_back([&] {
      std::vector<char> buffer(256 * 1024);
      for (std::uint64_t number; (number = next++) < load.operations;) {
        try {
          one(*storage, context, load, number, buffer);
        } catch (const Error& error) {
          if (failures++ == 0) std::fprintf(stderr, "gateway_load: %s\n", error.what());
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  double seconds = std::chrono::duration<double>(context.clock().steady() - begin).count();
  nlohmann::json result = {
      {"operations", load.operations},
      {"failures", failures.load()},
      {"seconds", seconds},
      {"operations_per_second", double(load.operations) / seconds},
      {"mib_per_second", double(load.operations * load.size) / seconds / 1048576}};
  std::printf("%s\n", result.dump().c_str());
  return failures == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 9) {
    std::fprintf(stderr,
                 "usage: gateway_load ENDPOINT ACCESS_KEY SECRET_KEY BUCKET VERB SIZE CONNECTIONS "
                 "OPERATIONS\n");
    return 2;
  }
  storage::S3Options options;
  options.endpoint = argv[1];
  options.credentials.access_key = argv[2];
  options.credentials.secret_key = Secret(argv[3]);
  Load load;
  load.bucket = argv[4];
  load.verb = argv[5];
  load.size = std::strtoull(argv[6], nullptr, 10);
  load.connections = std::strtoull(argv[7], nullptr, 10);
  load.operations = std::strtoull(argv[8], nullptr, 10);
  try {
    return run(options, load);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "gateway_load: %s\n", error.what());
    return 1;
  }
}
