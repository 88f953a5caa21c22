#include "http/client.h"

#include <algorithm>
#include <mutex>

#include "base/error.h"
#include "http/client_session.h"

namespace holdfast::http {

namespace {

bool same_name(std::string_view a, std::string_view b) {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

std::optional<std::string> Exchange::header(std::string_view name) const {
  for (const auto& [key, value] : headers()) {
    if (same_name(key, name)) return value;
  }
  return std::nullopt;
}

// The sessions that wait for their next request, the one used last at the back.
struct Client::Pool {
  ClientOptions options;
  std::mutex mutex;
  std::vector<std::unique_ptr<Session>> idle;

  std::unique_ptr<Session> take(const std::string& origin) {
    {
      std::lock_guard lock(mutex);
      auto found = std::find_if(idle.rbegin(), idle.rend(),
                                [&](const auto& session) { return session->origin() == origin; });
      if (found != idle.rend()) {
        std::unique_ptr<Session> session = std::move(*found);
        idle.erase(std::next(found).base());
        return session;
      }
    }
    return std::make_unique<Session>(options);
  }

  void give_back(std::unique_ptr<Session> session) {
    std::unique_ptr<Session> oldest;  // closed outside the lock
    std::lock_guard lock(mutex);
    idle.push_back(std::move(session));
    if (idle.size() > options.max_kept_connections) {
      oldest = std::move(idle.front());
      idle.erase(idle.begin());
    }
  }

  class Lent;
};

class Client::Pool::Lent : public Exchange {
 public:
  Lent(std::shared_ptr<Pool> pool, std::unique_ptr<Session> session)
      : pool_(std::move(pool)), session_(std::move(session)) {}
  ~Lent() override {
    if (session_->finished()) pool_->give_back(std::move(session_));
  }
  int status() const override { return session_->status(); }
  const Headers& headers() const override { return session_->headers(); }
  std::size_t read(std::span<char> into) override { return session_->read(into); }
  std::optional<std::uint64_t> size() const override { return session_->left(); }

 private:
  std::shared_ptr<Pool> pool_;
  std::unique_ptr<Session> session_;
};

Client::Client(ClientOptions options) : pool_(std::make_shared<Pool>()) {
  pool_->options = std::move(options);
}

Client::~Client() = default;

std::unique_ptr<Exchange> Client::send(const Context& context, const Request& request) {
  Target target = parse_target(request.url);
  check_request(request);
  std::unique_ptr<Session> session = pool_->take(target.origin);
  session->start(context, request, std::move(target));
  return std::make_unique<Pool::Lent>(pool_, std::move(session));
}

}  // namespace holdfast::http
