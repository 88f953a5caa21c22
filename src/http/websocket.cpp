#include "http/websocket.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/random.h"
#include "codec/digest.h"
#include "codec/text.h"
#include "http/client_socket.h"

namespace holdfast::http {

namespace {

constexpr std::size_t kLongestHead = std::size_t(16) * 1024;
// RFC 6455, section 1.3.
constexpr std::string_view kMagic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr Duration kGoodbye = std::chrono::milliseconds(100);

std::string http_url(const std::string& url) {
  if (url.starts_with("ws://")) return "http://" + url.substr(5);
  if (url.starts_with("wss://")) return "https://" + url.substr(6);
  throw InvalidArgument("websocket", "the URL is neither ws:// nor wss://", "correct the URL");
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// What the head of the answer says; a header that comes twice counts as its values in a list.
struct Answer {
  int status = 0;
  std::string upgrade, connection, accept, extensions, protocol;
};

std::optional<Answer> read_answer(std::string_view head) {
  Answer answer;
  if (head.size() < 12 || !head.starts_with("HTTP/1.1 ")) return std::nullopt;
  const auto [end, error] = std::from_chars(head.data() + 9, head.data() + 12, answer.status);
  if (error != std::errc() || end != head.data() + 12) return std::nullopt;
  const std::pair<std::string_view, std::string*> wanted[] = {
      {"upgrade", &answer.upgrade},
      {"connection", &answer.connection},
      {"sec-websocket-accept", &answer.accept},
      {"sec-websocket-extensions", &answer.extensions},
      {"sec-websocket-protocol", &answer.protocol},
  };
  for (std::size_t at = head.find("\r\n"); at + 2 < head.size();) {
    const std::size_t begin = at + 2;
    at = std::min(head.find("\r\n", begin), head.size());
    const std::string_view line = head.substr(begin, at - begin);
    if (line.empty()) break;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const std::string name = lower(line.substr(0, colon));
    for (const auto& [known, value] : wanted) {
      if (name != known) continue;
      if (!value->empty()) *value += ',';
      *value += trimmed(line.substr(colon + 1));
    }
  }
  return answer;
}

bool lists(std::string_view values, std::string_view wanted) {
  while (true) {
    const std::size_t comma = std::min(values.find(','), values.size());
    if (lower(trimmed(values.substr(0, comma))) == wanted) return true;
    if (comma == values.size()) return false;
    values.remove_prefix(comma + 1);
  }
}

}  // namespace

class WebSocket::State {
 public:
  State(const Context& context, const std::string& url, const std::string& what,
        const WebSocketOptions& options)
      : what_(what),
        target_(parse_target(http_url(url))),
        idle_(options.client.idle_timeout),
        socket_(context, http_url(url), what, options.client),
        reader_(what, options.longest_message) {
    const std::string key = codec::to_base64(random_bytes(16));
    socket_.send(context, request(http_url(url), key, options.client.user_agent), idle_);
    check(read_head(context), key);
  }

  ~State() {
    try {
      if (usable_) send(Context::background().with_timeout(kGoodbye), WebSocketOpcode::kClose, "");
    } catch (const Error&) {  // NOLINT(bugprone-empty-catch): the connection goes anyway
    }
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void send(const Context& context, WebSocketOpcode opcode, std::string_view payload) {
    out_.clear();
    append_masked_frame(opcode, payload, std::uint32_t(random_number()), out_);
    usable_ = false;  // half a frame is as bad as none
    socket_.send(context, out_, idle_);
    usable_ = true;
  }

  std::string_view receive(const Context& context) {
    bool asked = false;
    while (true) {
      try {
        while (std::optional<WebSocketReader::Item> item = reader_.next()) {
          if (std::optional<std::string_view> message = handle(context, *item)) return *message;
        }
        const std::span<char> space = reader_.space();
        const std::size_t count = socket_.receive(context, space, idle_ / 2);
        reader_.filled(count);
        if (count > 0) {
          asked = false;
          continue;
        }
      } catch (const Error& error) {
        usable_ = usable_ && (error.kind() == ErrorKind::kCancelled ||
                              error.kind() == ErrorKind::kDeadlineExceeded);
        throw;
      }
      if (std::exchange(asked, true)) fail_idle();
      send(context, WebSocketOpcode::kPing, "");
    }
  }

 private:
  std::string request(std::string_view url, const std::string& key, const std::string& agent) {
    const std::size_t slash = url.find('/', url.find("//") + 2);
    const std::string path = slash == std::string_view::npos ? "/" : std::string(url.substr(slash));
    return fmt::format(
        "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: {}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: {}\r\nSec-WebSocket-Version: 13\r\n\r\n",
        path, target_.place, agent, key);
  }

  // The head of the answer; what came behind it is in the reader.
  std::string read_head(const Context& context) {
    std::string head;
    while (true) {
      char bytes[4096];
      const std::size_t count = socket_.receive(context, bytes, idle_);
      if (count == 0) fail_idle();
      head.append(&bytes[0], count);
      const std::size_t end = head.find("\r\n\r\n");
      if (end != std::string::npos) {
        const std::string_view behind = std::string_view(head).substr(end + 4);
        std::copy(behind.begin(), behind.end(), reader_.space().begin());
        reader_.filled(behind.size());
        head.resize(end + 4);
        return head;
      }
      if (head.size() > kLongestHead) fail("an answer without an end", "check host and port");
    }
  }

  void check(const std::string& head, const std::string& key) {
    const std::optional<Answer> answer = read_answer(head);
    if (!answer) fail("an answer that is not HTTP/1.1", "check host and port");
    const int status = answer->status;
    if (status == 401 || status == 403) {
      throw AccessDenied(what_,
                         fmt::format("{} answered with the status {}", target_.place, status),
                         "check user and password");
    }
    if (status == 429 || status >= 500) {
      throw Unavailable(what_,
                        fmt::format("{} answered with the status {}", target_.place, status));
    }
    const std::string advice =
        "check that the URL names a websocket, such as ws://HOST:8182/gremlin";
    if (status != 101) fail(fmt::format("the status {} instead of a websocket", status), advice);
    if (!lists(answer->upgrade, "websocket") || !lists(answer->connection, "upgrade") ||
        answer->accept != codec::to_base64(codec::digest_of(codec::DigestAlgorithm::kSha1,
                                                            key + std::string(kMagic)))) {
      fail("a handshake that is not a websocket's", advice);
    }
    if (!answer->extensions.empty() || !answer->protocol.empty()) {
      fail("a websocket of a kind that was not asked for", advice);
    }
    usable_ = true;
  }

  std::optional<std::string_view> handle(const Context& context,
                                         const WebSocketReader::Item& item) {
    switch (item.kind) {
      case WebSocketOpcode::kPing:
        send(context, WebSocketOpcode::kPong, item.payload);
        return std::nullopt;
      case WebSocketOpcode::kPong:
        return std::nullopt;
      case WebSocketOpcode::kClose:
        // The reason is the server's text, which is shown nowhere: it may say anything.
        throw Unavailable(
            what_,
            fmt::format("the server closed the websocket with the status {}", item.close_status),
            item.close_status == 1009 ? "let the server take longer requests (maxContentLength)"
                                      : "look into the server's log");
      default:
        return item.payload;
    }
  }

  [[noreturn]] void fail(const std::string& why, const std::string& advice) const {
    throw Failed(what_, fmt::format("{} gave {}", target_.place, why), advice);
  }
  [[noreturn]] void fail_idle() {
    usable_ = false;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(idle_);
    throw Unavailable(what_, fmt::format("no byte came for {} s", seconds.count()),
                      fmt::format("check the server at {} and what lies between", target_.place));
  }

  const std::string what_;
  const Target target_;
  const Duration idle_;
  ClientSocket socket_;
  WebSocketReader reader_;
  std::string out_;
  bool usable_ = false;
};

WebSocket::WebSocket(const Context& context, const std::string& url, const std::string& what,
                     const WebSocketOptions& options)
    : state_(std::make_unique<State>(context, url, what, options)) {}

WebSocket::~WebSocket() = default;

void WebSocket::send_binary(const Context& context, std::string_view message) {
  state_->send(context, WebSocketOpcode::kBinary, message);
}

std::string_view WebSocket::receive(const Context& context) { return state_->receive(context); }

}  // namespace holdfast::http
