#include "http/mail.h"

#include <algorithm>
#include <cstring>
#include <curl/curl.h>
#include <fmt/format.h>
#include <memory>
#include <mutex>

#include "base/error.h"
#include "base/random.h"
#include "codec/text.h"
#include "http/client_errors.h"

namespace holdfast::http {

namespace {

constexpr std::size_t kMostAddress = 254;
constexpr std::size_t kMostSubject = 200;
constexpr std::size_t kWordBytes = 45;  // of an encoded word: 60 characters of base64
constexpr std::size_t kLineBytes = 57;  // of the text: 76 characters of base64
constexpr std::uint16_t kTlsPort = 465;

bool may_be_in_address(char c) {
  return c > ' ' && c < 0x7f && std::string_view("<>()[],;:\\\"").find(c) == std::string_view::npos;
}

// Up to `most` bytes from the front, not parting a character of UTF-8.
std::string_view take_front(std::string_view& text, std::size_t most) {
  std::size_t count = std::min(text.size(), most);
  while (count > 1 && count < text.size() &&
         (static_cast<unsigned char>(text[count]) & 0xc0) == 0x80) {
    --count;
  }
  const std::string_view front = text.substr(0, count);
  text.remove_prefix(count);
  return front;
}

// A subject may hold anything; what it must not hold is the end of its own line.
std::string subject_line(std::string text) {
  for (char& c : text) {
    if ((c >= 0 && c < ' ') || c == 0x7f) c = ' ';
  }
  std::string_view rest = text;
  std::string_view shown = take_front(rest, kMostSubject);
  const bool plain = std::all_of(shown.begin(), shown.end(), [](char c) { return c >= 0; });
  if (plain && shown.find("=?") == std::string_view::npos) return std::string(shown);
  std::string out;
  while (!shown.empty()) {
    if (!out.empty()) out += "\r\n ";
    out += "=?utf-8?B?" + codec::to_base64(take_front(shown, kWordBytes)) + "?=";
  }
  return out;
}

std::string mail_date(WallTime now) {
  std::string date = format_http_date(now);
  date.replace(date.size() - 3, 3, "+0000");
  return date;
}

void check_address(const std::string& address) {
  if (!is_mail_address(address)) {
    throw InvalidArgument("mail", "an address is not of the form user@host",
                          "correct holdfast.notifications.smtp.from and to");
  }
}

struct CurlDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};

// Addresses as libcurl takes them.
class Recipients {
 public:
  explicit Recipients(const std::vector<std::string>& addresses) {
    for (const std::string& address : addresses) {
      curl_slist* longer = curl_slist_append(list_, ("<" + address + ">").c_str());
      if (!longer) {
        curl_slist_free_all(list_);
        throw std::bad_alloc();
      }
      list_ = longer;
    }
  }
  ~Recipients() { curl_slist_free_all(list_); }
  Recipients(const Recipients&) = delete;
  Recipients& operator=(const Recipients&) = delete;
  curl_slist* list() const { return list_; }

 private:
  curl_slist* list_ = nullptr;
};

// One mail on its way.
struct Sending {
  const Context& context;
  std::string_view left;

  static std::size_t read(char* into, std::size_t size, std::size_t count, void* self) {
    auto& left = static_cast<Sending*>(self)->left;
    const std::size_t taken = std::min(left.size(), size * count);
    std::memcpy(into, left.data(), taken);
    left.remove_prefix(taken);
    return taken;
  }
  static int progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<Sending*>(self)->context.cancelled() ? 1 : 0;
  }
};

template <typename Value>
void set(CURL* easy, CURLoption option, Value value) {
  const CURLcode code = curl_easy_setopt(easy, option, value);
  if (code == CURLE_OUT_OF_MEMORY) throw std::bad_alloc();
  if (code != CURLE_OK) {
    throw Failed("SMTP client", fmt::format("libcurl refuses option {}: {}", int(option),
                                            curl_easy_strerror(code)));
  }
}

void set_server(CURL* easy, const Context& context, const MailServer& server) {
  const std::string host =
      server.host.find(':') == std::string::npos ? server.host : "[" + server.host + "]";
  const bool tls_at_once = server.port == kTlsPort;
  set(easy, CURLOPT_URL,
      fmt::format("{}://{}:{}", tls_at_once ? "smtps" : "smtp", host, server.port).c_str());
  set(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  set(easy, CURLOPT_PROXY, "");
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_USE_SSL, long(server.user.empty() ? CURLUSESSL_TRY : CURLUSESSL_ALL));
  set(easy, CURLOPT_SSLVERSION, long(CURL_SSLVERSION_TLSv1_2));
  if (!server.ca_file.empty()) set(easy, CURLOPT_CAINFO, server.ca_file.c_str());
  if (!server.user.empty()) {
    set(easy, CURLOPT_USERNAME, server.user.c_str());
    set(easy, CURLOPT_PASSWORD, server.password.reveal().c_str());
  }
  const auto limit =
      std::chrono::ceil<std::chrono::milliseconds>(context.remaining_or(server.timeout));
  set(easy, CURLOPT_TIMEOUT_MS, long(std::max<std::int64_t>(limit.count(), 1)));
}

[[noreturn]] void fail(const Context& context, CURL* easy, const CurlFailure& failure,
                       const MailServer& server) {
  const std::string what = "send mail";
  const std::string place = fmt::format("{}:{}", server.host, server.port);
  context.check(what);
  long answer = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer);
  if (failure.code == CURLE_USE_SSL_FAILED) {
    throw Failed(
        what,
        fmt::format("{} offers no STARTTLS, and the password must not go in the clear", place),
        "switch TLS on at the mail server, or leave user and password out");
  }
  if (failure.code == CURLE_LOGIN_DENIED && answer >= 500) {
    throw AccessDenied(what, fmt::format("{} refuses the login ({})", place, answer),
                       "check holdfast.notifications.smtp.user and password");
  }
  if (answer >= 400 && answer < 500) {
    throw Unavailable(what, fmt::format("{} does not take it now ({})", place, answer),
                      "see the mail server's log");
  }
  if (answer >= 500) {
    throw Failed(what, fmt::format("{} refuses it ({})", place, answer),
                 "check the addresses, and whether the mail server relays for this machine");
  }
  throw_curl_failure(failure, what, Target{.origin = "", .place = place, .shown = ""});
}

}  // namespace

bool is_mail_address(std::string_view address) {
  const std::size_t at = address.find('@');
  return at != std::string_view::npos && at > 0 && at + 1 < address.size() &&
         address.find('@', at + 1) == std::string_view::npos && address.size() <= kMostAddress &&
         address.front() != '-' && std::all_of(address.begin(), address.end(), may_be_in_address);
}

std::string format_mail(const Mail& mail, WallTime now) {
  check_address(mail.from);
  if (mail.to.empty()) throw InvalidArgument("mail", "it has no recipient");
  std::string recipients;
  for (const std::string& address : mail.to) {
    check_address(address);
    recipients += (recipients.empty() ? "" : ",\r\n ") + address;
  }
  std::string out = fmt::format(
      "Date: {}\r\nMessage-ID: <{}@{}>\r\nFrom: {}\r\nTo: {}\r\nSubject: {}\r\n"
      "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
      "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n",
      mail_date(now), mail.id.empty() ? random_hex(16) : mail.id,
      mail.from.substr(mail.from.find('@') + 1), mail.from, recipients, subject_line(mail.subject));
  for (std::size_t from = 0; from < mail.text.size(); from += kLineBytes) {
    out += codec::to_base64(std::string_view(mail.text).substr(from, kLineBytes)) + "\r\n";
  }
  return out;
}

void send_mail(const Context& context, const MailServer& server, const Mail& mail) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  const std::string bytes = format_mail(mail, context.clock().now());
  context.check("send mail");
  const std::unique_ptr<CURL, CurlDeleter> easy(curl_easy_init());
  if (!easy) throw std::bad_alloc();
  Sending sending{context, bytes};
  char detail[CURL_ERROR_SIZE] = {};
  set_server(easy.get(), context, server);
  set(easy.get(), CURLOPT_ERRORBUFFER, &detail[0]);
  set(easy.get(), CURLOPT_MAIL_FROM, ("<" + mail.from + ">").c_str());
  const Recipients recipients(mail.to);
  set(easy.get(), CURLOPT_MAIL_RCPT, recipients.list());
  set(easy.get(), CURLOPT_UPLOAD, 1L);
  set(easy.get(), CURLOPT_READFUNCTION, &Sending::read);
  set(easy.get(), CURLOPT_READDATA, &sending);
  set(easy.get(), CURLOPT_NOPROGRESS, 0L);
  set(easy.get(), CURLOPT_XFERINFOFUNCTION, &Sending::progress);
  set(easy.get(), CURLOPT_XFERINFODATA, &sending);
  CurlFailure failure{.code = curl_easy_perform(easy.get()), .detail = detail};
  if (failure.code == CURLE_OK) return;
  curl_easy_getinfo(easy.get(), CURLINFO_OS_ERRNO, &failure.os_error);
  fail(context, easy.get(), failure, server);
}

}  // namespace holdfast::http
