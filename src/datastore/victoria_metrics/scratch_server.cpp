#include "datastore/victoria_metrics/scratch_server.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/random.h"
#include "http/client.h"

namespace holdfast::datastore::vm {

namespace {

constexpr auto kPoll = std::chrono::milliseconds(50);
constexpr auto kPatience = std::chrono::seconds(20);  // for a server that was told to stop
constexpr std::uint64_t kLongestLog = 64 << 20;
constexpr int kAttempts = 3;

// A port that was free a moment ago; somebody may take it before the server does.
int free_port() {
  Descriptor probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!probe) throw_errno(errno, "open a socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(probe.get(), generic, length) < 0 ||
      ::getsockname(probe.get(), generic, &length) < 0) {
    throw_errno(errno, "find a free port");
  }
  return ntohs(address.sin_port);
}

}  // namespace

ScratchServer::ScratchServer(const Context& context, const std::string& program,
                             const fs::path& data)
    : context_(context), log_(data / ("holdfast-server-" + random_hex(4) + ".log")) {
  for (int attempt = 1;; ++attempt) {
    port_ = free_port();
    start(program, data);
    if (wait_until_ready(context)) return;
    std::string words = last_words();
    if (attempt < kAttempts && words.find("address already in use") != std::string::npos) continue;
    throw Corrupt("start a server on the restored data", words,
                  "the backup restores to data that the server does not accept");
  }
}

void ScratchServer::start(const std::string& program, const fs::path& data) {
  Descriptor file(::open(log_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file) throw_errno(errno, "open " + log_.string());
  try {
    server_ = std::make_unique<Child>(ChildOptions{
        .arguments = {program, "-storageDataPath=" + data.string(),
                      fmt::format("-httpListenAddr=127.0.0.1:{}", port_), "-retentionPeriod=100y",
                      "-loggerLevel=ERROR", "-selfScrapeInterval=0"},
        .output = file.get()});
  } catch (const NotFound&) {
    throw NotFound("start a server on the restored data", "its program is not in PATH",
                   "install victoria-metrics beside holdfast");
  }
}

// False when the server ended by itself.
bool ScratchServer::wait_until_ready(const Context& context) {
  http::Client client;
  while (true) {
    if (server_->poll()) return false;
    try {
      http::Request request;
      request.url = url() + "/health";
      auto answer = client.send(context, request);
      if (answer->status() == 200) return true;
    } catch (const Unavailable&) {
    }
    context.sleep(kPoll, "wait for the server on the restored data");
  }
}

std::string ScratchServer::url() const { return fmt::format("http://127.0.0.1:{}", port_); }

std::string ScratchServer::last_words() const {
  std::string text = read_file(log_, kLongestLog);
  if (text.size() > 300) text.erase(0, text.size() - 300);
  std::replace_if(text.begin(), text.end(), [](unsigned char c) { return c < ' '; }, ' ');
  return text.empty() ? "the server ended at once" : "the server ended: " + text;
}

ScratchServer::~ScratchServer() {
  if (server_) server_->stop(context_.clock(), kPatience);
}

}  // namespace holdfast::datastore::vm
