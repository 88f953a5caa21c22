#include "http/client_socket.h"

#include <algorithm>
#include <fmt/format.h>
#include <mutex>
#include <new>
#include <poll.h>
#include <utility>

#include "base/error.h"

namespace holdfast::http {

namespace {

// How long a cancelled context can stay unnoticed.
constexpr Duration kLongestPoll = std::chrono::milliseconds(100);

int milliseconds_of(Duration time) {
  const auto count = std::chrono::ceil<std::chrono::milliseconds>(time).count();
  return int(std::max<std::int64_t>(count, 1));
}

}  // namespace

ClientSocket::ClientSocket(const Context& context, const std::string& url, std::string what,
                           const ClientOptions& options)
    : options_(options), what_(std::move(what)), target_(parse_target(url)) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  multi_ = curl_multi_init();
  easy_ = curl_easy_init();
  if (!multi_ || !easy_) throw std::bad_alloc();
  try {
    set_options(url);
    connect(context);
  } catch (...) {
    curl_multi_remove_handle(multi_, easy_);
    curl_easy_cleanup(easy_);
    curl_multi_cleanup(multi_);
    throw;
  }
}

ClientSocket::~ClientSocket() {
  curl_multi_remove_handle(multi_, easy_);
  curl_easy_cleanup(easy_);
  curl_multi_cleanup(multi_);
}

void ClientSocket::set_options(const std::string& url) {
  curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, &detail_[0]);
  curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy_, CURLOPT_PROXY, "");
  curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, long(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy_, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy_, CURLOPT_SSLVERSION, long(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYPEER, options_.verify_tls ? 1L : 0L);
  curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYHOST, options_.verify_tls ? 2L : 0L);
  if (!options_.ca_file.empty()) {
    curl_easy_setopt(easy_, CURLOPT_CAINFO, options_.ca_file.c_str());
  }
  curl_easy_setopt(easy_, CURLOPT_CONNECT_ONLY, 1L);
  if (curl_easy_setopt(easy_, CURLOPT_URL, url.c_str()) != CURLE_OK) throw std::bad_alloc();
}

void ClientSocket::connect(const Context& context) {
  if (curl_multi_add_handle(multi_, easy_) != CURLM_OK) throw std::bad_alloc();
  const SteadyTime begin = context.clock().steady();
  while (true) {
    int running = 0;
    const CURLMcode code = curl_multi_perform(multi_, &running);
    if (code != CURLM_OK) throw Failed(what_, curl_multi_strerror(code));
    int left_in_queue = 0;
    if (const CURLMsg* done = curl_multi_info_read(multi_, &left_in_queue)) {
      if (done->data.result != CURLE_OK) fail(done->data.result, true);
      break;
    }
    context.check(what_);
    if (context.clock().steady() - begin >= options_.connect_timeout) {
      const auto seconds =
          std::chrono::duration_cast<std::chrono::seconds>(options_.connect_timeout);
      throw Unavailable(what_, fmt::format("no connection within {} s", seconds.count()),
                        fmt::format("check the server at {} and what lies between", target_.place));
    }
    const Duration most = context.remaining_or(kLongestPoll);
    curl_multi_poll(multi_, nullptr, 0, milliseconds_of(std::min(most, kLongestPoll)), nullptr);
  }
  curl_easy_getinfo(easy_, CURLINFO_ACTIVESOCKET, &socket_);
}

void ClientSocket::fail(CURLcode code, bool before_answer) {
  CurlFailure failure{.code = code, .detail = detail_, .before_answer = before_answer};
  failure.advice_when_down = options_.advice_when_down;
  curl_easy_getinfo(easy_, CURLINFO_OS_ERRNO, &failure.os_error);
  throw_curl_failure(failure, what_, target_);
}

void ClientSocket::wait(const Context& context, short events, Duration& left) const {
  context.check(what_);
  const SteadyTime before = context.clock().steady();
  pollfd entry{socket_, events, 0};
  const Duration most = std::min({left, kLongestPoll, context.remaining_or(kLongestPoll)});
  ::poll(&entry, 1, milliseconds_of(most));
  left -= std::min(left, context.clock().steady() - before);
}

std::size_t ClientSocket::receive(const Context& context, std::span<char> into, Duration most) {
  for (Duration left = most;;) {
    std::size_t count = 0;
    const CURLcode code = curl_easy_recv(easy_, into.data(), into.size(), &count);
    if (code == CURLE_OK && count > 0) return count;
    if (code == CURLE_OK) {
      throw Unavailable(what_, "the server closed the connection",
                        fmt::format("check the server at {} and what lies between", target_.place));
    }
    if (code != CURLE_AGAIN) fail(code, false);
    if (left <= Duration::zero()) return 0;
    wait(context, POLLIN, left);
  }
}

void ClientSocket::send(const Context& context, std::string_view bytes, Duration most) {
  for (Duration left = most; !bytes.empty();) {
    std::size_t count = 0;
    const CURLcode code = curl_easy_send(easy_, bytes.data(), bytes.size(), &count);
    if (code != CURLE_OK && code != CURLE_AGAIN) fail(code, false);
    bytes.remove_prefix(count);
    if (count > 0) {
      left = most;
    } else if (left <= Duration::zero()) {
      throw Unavailable(what_, "the server takes no bytes",
                        fmt::format("check the server at {} and what lies between", target_.place));
    } else {
      wait(context, POLLOUT, left);
    }
  }
}

}  // namespace holdfast::http
