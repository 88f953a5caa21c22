// The suite over the S3 driver, talking to our own gateway in this process over a real socket.
#include "storage/s3/s3_storage.h"

#include <memory>
#include <thread>

#include "conformance/storage_suite.h"
#include "gateway/gateway.h"
#include "http/server.h"
#include "storage/folder/folder_storage.h"
#include "storage/memory/memory_storage.h"

namespace holdfast::storage {

namespace {

constexpr const char* kAccessKey = "conformance";
constexpr const char* kSecretKey = "conformance secret";

// A gateway over `storage`, serving until it is destroyed.
class RunningGateway {
 public:
  explicit RunningGateway(std::unique_ptr<Storage> storage)
      : storage_(std::move(storage)),
        gateway_({.keys = {{kAccessKey, Secret(kSecretKey), true, {}}}}, *storage_),
        server_(Context::background(), {},
                [this](const Context& context, http::ServerRequest& request) {
                  return gateway_.handle(context, request);
                }),
        thread_([this] { server_.run(); }) {}
  ~RunningGateway() {
    server_.stop(Duration::zero());
    thread_.join();
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.port()); }

 private:
  std::unique_ptr<Storage> storage_;
  gateway::Gateway gateway_;
  http::Server server_;
  std::thread thread_;
};

// `owned` is what `behind` needs to live.
template <typename Owned>
std::shared_ptr<Storage> through_gateway(std::unique_ptr<Storage> behind, Owned owned) {
  struct Gateway {
    Owned owned;
    std::unique_ptr<RunningGateway> running;  // goes first
  };
  Gateway gateway{std::move(owned), std::make_unique<RunningGateway>(std::move(behind))};
  S3Options options;
  options.endpoint = gateway.running->url();
  options.credentials = {kAccessKey, Secret(kSecretKey), ""};
  auto storage = make_s3_storage(options);
  return share_with(std::move(storage), std::move(gateway));
}

}  // namespace

INSTANTIATE_STORAGE_CONFORMANCE(S3OverMemory,
                                [] { return through_gateway(make_memory_storage(5ull << 20), 0); });
INSTANTIATE_STORAGE_CONFORMANCE(S3OverFolder, [] {
  TemporaryFolder place(place_for_folders());
  auto folder = open_folder_storage(Context::background(), {.root = place.path() / "root"});
  return through_gateway(std::move(folder), std::move(place));
});

}  // namespace holdfast::storage
