#include "http/client_session.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fmt/format.h>
#include <mutex>
#include <utility>

#include "base/error.h"

namespace holdfast::http {

namespace {

constexpr long kReceiveBuffer = 256 * 1024;
constexpr long kSendBuffer = 256 * 1024;
// How long a cancelled context can stay unnoticed.
constexpr Duration kLongestPoll = std::chrono::milliseconds(100);

template <typename Value>
void set(CURL* easy, CURLoption option, Value value) {
  CURLcode code = curl_easy_setopt(easy, option, value);
  if (code == CURLE_OUT_OF_MEMORY) throw std::bad_alloc();
  if (code != CURLE_OK) {
    throw Failed("HTTP client", fmt::format("libcurl refuses option {}: {}", int(option),
                                            curl_easy_strerror(code)));
  }
}

void append(curl_slist*& list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list, line.c_str());
  if (!longer) throw std::bad_alloc();
  list = longer;
}

std::string_view trimmed(std::string_view text) {
  auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// The status of "HTTP/1.1 200 OK"; 0 for any other line.
int status_of_line(std::string_view line) {
  if (!line.starts_with("HTTP/")) return 0;
  std::size_t blank = line.find(' ');
  if (blank == std::string_view::npos) return 0;
  int status = 0;
  std::from_chars(line.data() + blank + 1, line.data() + line.size(), status);
  return status;
}

}  // namespace

Session::Session(const ClientOptions& options) : options_(options) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  multi_ = curl_multi_init();
  easy_ = curl_easy_init();
  if (!multi_ || !easy_) {
    curl_easy_cleanup(easy_);
    curl_multi_cleanup(multi_);
    throw std::bad_alloc();
  }
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 1L);
  set_fixed_options();
}

Session::~Session() {
  stop_running();
  curl_easy_cleanup(easy_);
  curl_multi_cleanup(multi_);
  curl_slist_free_all(header_list_);
}

void Session::set_fixed_options() {
  set(easy_, CURLOPT_NOSIGNAL, 1L);
  set(easy_, CURLOPT_ERRORBUFFER, &detail_[0]);
  set(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy_, CURLOPT_FOLLOWLOCATION, 0L);
  set(easy_, CURLOPT_PATH_AS_IS, 1L);  // an object's key may hold "..", which is nothing special
  set(easy_, CURLOPT_PROXY, "");       // also switches the proxies of the environment off
  set(easy_, CURLOPT_HTTP_VERSION, long(CURL_HTTP_VERSION_1_1));
  set(easy_, CURLOPT_HTTP_CONTENT_DECODING, 0L);
  set(easy_, CURLOPT_TCP_KEEPALIVE, 1L);
  set(easy_, CURLOPT_BUFFERSIZE, kReceiveBuffer);
  set(easy_, CURLOPT_UPLOAD_BUFFERSIZE, kSendBuffer);
  set(easy_, CURLOPT_USERAGENT, options_.user_agent.c_str());
  set(easy_, CURLOPT_SSLVERSION, long(CURL_SSLVERSION_TLSv1_2));
  set(easy_, CURLOPT_SSL_VERIFYPEER, options_.verify_tls ? 1L : 0L);
  set(easy_, CURLOPT_SSL_VERIFYHOST, options_.verify_tls ? 2L : 0L);
  if (!options_.ca_file.empty()) set(easy_, CURLOPT_CAINFO, options_.ca_file.c_str());
  set(easy_, CURLOPT_HEADERFUNCTION, &Session::header_callback);
  set(easy_, CURLOPT_HEADERDATA, this);
  set(easy_, CURLOPT_WRITEFUNCTION, &Session::write_callback);
  set(easy_, CURLOPT_WRITEDATA, this);
  set(easy_, CURLOPT_READFUNCTION, &Session::read_callback);
  set(easy_, CURLOPT_READDATA, this);
  set(easy_, CURLOPT_SEEKFUNCTION, &Session::seek_callback);
  set(easy_, CURLOPT_SEEKDATA, this);
  set(easy_, CURLOPT_PREREQFUNCTION, &Session::about_to_go_callback);
  set(easy_, CURLOPT_PREREQDATA, this);
}

void Session::set_request_options(const Request& request) {
  set(easy_, CURLOPT_URL, request.url.c_str());
  set(easy_, CURLOPT_HTTPGET, 1L);  // also undoes what the request before had set
  set(easy_, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  bool announces_length = request.body || request.method == "PUT" || request.method == "POST";
  if (request.method == "HEAD") {
    set(easy_, CURLOPT_NOBODY, 1L);
  } else if (announces_length) {
    set(easy_, CURLOPT_UPLOAD, 1L);
    set(easy_, CURLOPT_INFILESIZE_LARGE, curl_off_t(body_size_));
  }
  set_headers(request);
}

void Session::set_headers(const Request& request) {
  curl_slist* list = nullptr;
  try {
    append(list, request.expect_continue && body_size_ > 0 ? "Expect: 100-continue" : "Expect:");
    for (const auto& [name, value] : request.headers) {
      // libcurl takes "Name:" as an order to leave the header out; "Name;" sends it empty.
      append(list, trimmed(value).empty() ? name + ";" : name + ": " + value);
    }
    set(easy_, CURLOPT_HTTPHEADER, list);
  } catch (...) {
    curl_slist_free_all(list);
    throw;
  }
  curl_slist_free_all(header_list_);
  header_list_ = list;
}

void Session::start(const Context& context, const Request& request, Target target) {
  context_ = context;
  target_ = std::move(target);
  what_ = request.method + " " + target_.shown;
  body_ = request.body;
  body_size_ = body_given_ = 0;
  if (body_) {
    auto size = body_->size();
    if (!size) throw InvalidArgument(what_, "the size of the body to send is not known");
    body_size_ = *size;
    char beyond;
    if (body_size_ == 0 && body_->read({&beyond, 1}) != 0) {
      throw Failed(what_, "the body is longer than announced");
    }
  }
  connected_ = finished_ = paused_ = head_complete_ = false;
  sent_ = body_size_ == 0;
  callback_failure_ = nullptr;
  activity_ = head_bytes_ = handed_out_ = 0;
  status_ = 0;
  headers_.clear();
  length_.reset();
  held_.clear();
  held_from_ = 0;
  detail_[0] = '\0';
  context_.check(what_);
  set_request_options(request);
  if (curl_multi_add_handle(multi_, easy_) != CURLM_OK) throw std::bad_alloc();
  running_ = true;
  drive([this] { return head_complete_ && (sent_ || status_ >= 300); });
  body_ = nullptr;
  curl_off_t announced = -1;
  curl_easy_getinfo(easy_, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
  if (request.method == "HEAD" || status_ == 204 || status_ == 304) {
    length_ = 0;
  } else if (announced >= 0) {
    length_ = std::uint64_t(announced);
  }
}

std::optional<std::uint64_t> Session::left() const {
  if (!length_) return std::nullopt;
  return *length_ - std::min(*length_, handed_out_);
}

std::size_t Session::read(std::span<char> into) {
  if (into.empty()) return 0;
  std::size_t count = std::min(into.size(), held_.size() - held_from_);
  if (count > 0) {
    std::memcpy(into.data(), held_.data() + held_from_, count);
    held_from_ += count;
  } else if (!finished_) {
    if (!running_) throw Unavailable(what_, "its answer broke off earlier");
    target_space_ = into;
    target_filled_ = 0;
    if (paused_) {
      paused_ = false;
      curl_easy_pause(easy_, CURLPAUSE_CONT);  // calls on_body() for what libcurl holds
    }
    try {
      drive([this] { return target_filled_ > 0; });
    } catch (...) {
      target_space_ = {};
      target_filled_ = 0;
      throw;
    }
    target_space_ = {};
    count = std::exchange(target_filled_, 0);
  }
  handed_out_ += count;
  return count;
}

void Session::drive(const std::function<bool()>& enough) {
  SteadyTime quiet_since = context_.clock().steady();
  std::uint64_t seen_activity = activity_;
  while (!finished_ && !enough()) {
    int running = 0;
    CURLMcode code = curl_multi_perform(multi_, &running);
    if (code != CURLM_OK) {
      stop_running();
      throw Failed(what_, curl_multi_strerror(code));
    }
    if (running == 0) take_result();
    if (!finished_ && !enough()) wait(quiet_since, seen_activity);
  }
}

void Session::wait(SteadyTime& quiet_since, std::uint64_t& seen_activity) {
  try {
    context_.check(what_);
    SteadyTime now = context_.clock().steady();
    if (activity_ != seen_activity) quiet_since = now;
    seen_activity = activity_;
    Duration allowed = connected_ ? options_.idle_timeout : options_.connect_timeout;
    if (now - quiet_since >= allowed) {
      auto seconds = std::chrono::duration_cast<std::chrono::seconds>(allowed).count();
      throw Unavailable(what_,
                        connected_ ? fmt::format("no byte moved for {} s", seconds)
                                   : fmt::format("no connection within {} s", seconds),
                        fmt::format("check the server at {} and what lies between", target_.place));
    }
    Duration most = std::min(context_.remaining_or(kLongestPoll), allowed);
    auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(most).count();
    curl_multi_poll(multi_, nullptr, 0, int(std::max<std::int64_t>(milliseconds, 1)), nullptr);
  } catch (...) {
    stop_running();
    throw;
  }
}

void Session::take_result() {
  int left_in_queue = 0;
  while (CURLMsg* message = curl_multi_info_read(multi_, &left_in_queue)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURLcode code = message->data.result;
    if (code != CURLE_OK || !head_complete_) fail(code);
    stop_running();
    finished_ = true;
    return;
  }
}

void Session::fail(CURLcode code) {
  CurlFailure failure{.code = code, .detail = detail_, .before_answer = head_bytes_ == 0};
  failure.advice_when_down = options_.advice_when_down;
  curl_easy_getinfo(easy_, CURLINFO_OS_ERRNO, &failure.os_error);
  stop_running();
  if (callback_failure_) std::rethrow_exception(callback_failure_);
  throw_curl_failure(failure, what_, target_);
}

void Session::stop_running() {
  if (running_) curl_multi_remove_handle(multi_, easy_);  // drops a connection in mid-answer
  running_ = false;
}

std::size_t Session::on_header(std::string_view line) {
  activity_ += line.size();
  head_bytes_ += line.size();
  if (head_bytes_ > kMaxHeadBytes) {
    callback_failure_ = std::make_exception_ptr(
        Failed(what_, fmt::format("the head of the answer is over {} bytes", kMaxHeadBytes),
               fmt::format("check what answers at {}", target_.place)));
    return 0;
  }
  if (head_complete_) return line.size();  // trailers of a chunked body: of no use to anybody here
  if (int status = status_of_line(line)) {
    status_ = status;
    headers_.clear();
  } else if (trimmed(line).empty()) {
    head_complete_ = status_ >= 200;
  } else if (std::size_t colon = line.find(':'); colon != std::string_view::npos) {
    headers_.emplace_back(trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
  }
  return line.size();
}

std::size_t Session::on_body(std::string_view bytes) {
  if (held_from_ < held_.size()) {
    paused_ = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  activity_ += bytes.size();
  std::size_t direct = std::min(bytes.size(), target_space_.size() - target_filled_);
  if (direct > 0) {
    std::memcpy(target_space_.data() + target_filled_, bytes.data(), direct);
    target_filled_ += direct;
  }
  held_.assign(bytes.substr(direct));
  held_from_ = 0;
  return bytes.size();
}

std::size_t Session::on_upload(std::span<char> into) {
  if (!body_) return CURL_READFUNC_PAUSE;  // an answer came first: only its body matters now
  std::uint64_t rest = body_size_ - body_given_;
  if (rest == 0) return 0;
  std::size_t count =
      body_->read(into.first(std::size_t(std::min<std::uint64_t>(into.size(), rest))));
  if (count == 0) {
    throw Failed(what_,
                 fmt::format("the body ended after {} of {} bytes", body_given_, body_size_));
  }
  // A source checks its bytes when its end is read. That must happen before the server gets the
  // last of them, or it would publish what turns out wrong.
  char beyond;
  if (count == rest && body_->read({&beyond, 1}) != 0) {
    throw Failed(what_, "the body is longer than announced");
  }
  body_given_ += count;
  activity_ += count;
  sent_ = body_given_ == body_size_;
  return count;
}

// libcurl repeats a request by itself when a kept connection turns out dead. It cannot know whether
// the server acted on the first one, so it may neither rewind a body nor send a second head.
int Session::on_seek() { return CURL_SEEKFUNC_FAIL; }

int Session::on_request_about_to_go() {
  if (connected_) return CURL_PREREQFUNC_ABORT;
  connected_ = true;
  ++activity_;
  return CURL_PREREQFUNC_OK;
}

std::size_t Session::header_callback(char* data, std::size_t size, std::size_t count, void* self) {
  return static_cast<Session*>(self)->on_header({data, size * count});
}

std::size_t Session::write_callback(char* data, std::size_t size, std::size_t count, void* self) {
  return static_cast<Session*>(self)->on_body({data, size * count});
}

// Exceptions must not pass through libcurl's frames.
std::size_t Session::read_callback(char* data, std::size_t size, std::size_t count, void* self) {
  auto* session = static_cast<Session*>(self);
  try {
    return session->on_upload({data, size * count});
  } catch (...) {
    session->callback_failure_ = std::current_exception();
    return CURL_READFUNC_ABORT;
  }
}

int Session::seek_callback(void* self, curl_off_t, int) {
  return static_cast<Session*>(self)->on_seek();
}

int Session::about_to_go_callback(void* self, char*, char*, int, int) {
  return static_cast<Session*>(self)->on_request_about_to_go();
}

}  // namespace holdfast::http
