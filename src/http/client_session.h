// One connection's worth of libcurl: a multi handle, whose cache keeps the connection, and the easy
// handle that runs one request at a time on it. Internal to the client. One thread at a time.
#pragma once

#include <curl/curl.h>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/context.h"
#include "http/client.h"
#include "http/client_errors.h"

namespace holdfast::http {

inline constexpr std::size_t kMaxHeadBytes = 64 * 1024;  // of a response, status line included

class Session {
 public:
  explicit Session(const ClientOptions& options);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Sends `request` and returns when the response head is there and the body is no longer needed.
  void start(const Context& context, const Request& request, Target target);
  // The next bytes of the response's body; 0 at its end.
  std::size_t read(std::span<char> into);

  // Whether the response has been received to its end, so that another request may start. Bytes
  // that read() has not handed out yet may be left.
  bool finished() const { return finished_; }
  bool drained() const { return finished_ && held_from_ == held_.size(); }
  int status() const { return status_; }
  const Headers& headers() const { return headers_; }
  // Bytes that read() has still to hand out, when the response announced its length.
  std::optional<std::uint64_t> left() const;
  const std::string& origin() const { return target_.origin; }

 private:
  void set_fixed_options();
  void set_request_options(const Request& request);
  void set_headers(const Request& request);
  // Runs libcurl until `enough` or the end; throws what ended it early.
  void drive(const std::function<bool()>& enough);
  void wait(SteadyTime& quiet_since, std::uint64_t& seen_activity);
  void take_result();
  [[noreturn]] void fail(CURLcode code);
  void stop_running();

  std::size_t on_header(std::string_view line);
  std::size_t on_body(std::string_view bytes);
  std::size_t on_upload(std::span<char> into);
  int on_seek();
  int on_request_about_to_go();
  static std::size_t header_callback(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t write_callback(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t read_callback(char* data, std::size_t size, std::size_t count, void* self);
  static int seek_callback(void* self, curl_off_t offset, int origin);
  static int about_to_go_callback(void* self, char* remote, char* local, int remote_port,
                                  int local_port);

  const ClientOptions options_;
  CURLM* multi_ = nullptr;
  CURL* easy_ = nullptr;
  curl_slist* header_list_ = nullptr;
  char detail_[CURL_ERROR_SIZE] = {};

  // Of the request that runs.
  Context context_ = Context::background();
  Target target_;
  std::string what_;
  Source* body_ = nullptr;
  std::uint64_t body_size_ = 0, body_given_ = 0;
  bool running_ = false, sent_ = false, connected_ = false, finished_ = false, paused_ = false;
  std::exception_ptr callback_failure_;
  std::uint64_t activity_ = 0;  // grows with every byte moved

  // Of its response.
  int status_ = 0;
  Headers headers_;
  std::size_t head_bytes_ = 0;
  bool head_complete_ = false;
  std::optional<std::uint64_t> length_;
  std::uint64_t handed_out_ = 0;
  std::span<char> target_space_;  // where read() wants bytes right now
  std::size_t target_filled_ = 0;
  std::string held_;  // what came while nobody asked
  std::size_t held_from_ = 0;
};

}  // namespace holdfast::http
