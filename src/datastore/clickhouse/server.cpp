#include "datastore/clickhouse/server.h"

#include <charconv>
#include <fmt/format.h>

#include "base/error.h"
#include "codec/text.h"
#include "http/client.h"

namespace holdfast::datastore::ch {

namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kLongestAnswer = 64 << 20;
constexpr std::size_t kLongestReason = 400;
constexpr std::string_view kWhere =
    "check that the server is running and that holdfast.clickhouse.url is its HTTP address";

// The first line of an answer, bounded, and without the server's stack.
std::string shown(std::string_view answer, const Secret& password) {
  std::string line(answer.substr(0, answer.find('\n')));
  for (std::string_view tail : {", Stack trace", " (version "}) {
    line = line.substr(0, line.find(tail));
  }
  if (!password.empty()) {
    for (std::size_t at = 0; (at = line.find(password.reveal(), at)) != std::string::npos;) {
      line.replace(at, password.reveal().size(), "***");
    }
  }
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  if (line.size() > kLongestReason) line.resize(kLongestReason);
  return line;
}

ErrorKind kind_of(int number, int status) {
  switch (number) {
    case 60:  // UNKNOWN_TABLE
    case 81:  // UNKNOWN_DATABASE
      return ErrorKind::kNotFound;
    case 192:  // UNKNOWN_USER
    case 193:  // WRONG_PASSWORD
    case 194:  // REQUIRED_PASSWORD
    case 291:  // DATABASE_ACCESS_DENIED
    case 497:  // ACCESS_DENIED
    case 516:  // AUTHENTICATION_FAILED
      return ErrorKind::kAccessDenied;
    case 243:  // NOT_ENOUGH_SPACE
      return ErrorKind::kNoSpace;
    case 202:  // TOO_MANY_SIMULTANEOUS_QUERIES
    case 210:  // NETWORK_ERROR
    case 425:  // SYSTEM_ERROR
      return ErrorKind::kUnavailable;
    default:
      break;
  }
  if (status == 401 || status == 403) return ErrorKind::kAccessDenied;
  if (number == 0 && status >= 502 && status <= 504) return ErrorKind::kUnavailable;
  return ErrorKind::kFailed;
}

class HttpServer : public Server {
 public:
  explicit HttpServer(ServerOptions options)
      : options_(std::move(options)),
        client_({.idle_timeout = options_.timeout, .max_kept_connections = 8}) {
    while (options_.url.ends_with('/')) options_.url.pop_back();
  }

  using Server::run;
  std::string run(const Context& context, std::string_view sql, const Settings& settings) override {
    http::Request request;
    request.method = "POST";
    request.url = options_.url + "/";
    if (!settings.empty()) {
      request.url += "?" + codec::build_query({settings.begin(), settings.end()});
    }
    MemorySource body(sql);
    request.body = &body;
    if (!options_.user.empty()) request.headers.emplace_back("X-ClickHouse-User", options_.user);
    if (!options_.password.empty()) {
      request.headers.emplace_back("X-ClickHouse-Key", options_.password.reveal());
    }
    const std::string what = fmt::format("ask {} to {}", options_.url, verb_of(sql));
    try {
      auto exchange = client_.send(context.with_timeout(options_.timeout), request);
      std::string answer = read_all(*exchange, kLongestAnswer);
      if (exchange->status() != 200) fail(what, exchange->status(), answer);
      return answer;
    } catch (const Unavailable& error) {
      if (!error.code().empty()) throw;
      throw Unavailable(what, error.reason(), std::string(kWhere));
    }
  }

 private:
  // "ALTER TABLE `otel`.`x` FREEZE", for people: the first words.
  static std::string verb_of(std::string_view sql) {
    std::string_view first = sql.substr(0, sql.find('\n'));
    return first.size() > 120 ? std::string(first.substr(0, 120)) + "..." : std::string(first);
  }

  [[noreturn]] void fail(const std::string& what, int status, std::string_view answer) const {
    int number = error_number(answer);
    ErrorKind kind = kind_of(number, status);
    std::string advice;
    if (number == 0) advice = kWhere;
    if (kind == ErrorKind::kAccessDenied) {
      advice = "check holdfast.clickhouse.user and its password, and what it may do";
    }
    std::string why = shown(answer, options_.password);
    if (number == 0) why = fmt::format("status {}, {}", status, why);
    throw_error(kind, what, why, advice, number == 0 ? "" : std::to_string(number));
  }

  ServerOptions options_;
  http::Client client_;
};

}  // namespace

std::unique_ptr<Server> make_server(const ServerOptions& options) {
  return std::make_unique<HttpServer>(options);
}

int error_number(std::string_view answer) {
  constexpr std::string_view kCode = "Code: ";
  std::size_t at = answer.find(kCode);
  if (at == std::string_view::npos || at > 64) return 0;
  answer.remove_prefix(at + kCode.size());
  int number = 0;
  std::from_chars(answer.data(), answer.data() + answer.size(), number);
  return number;
}

std::vector<Json> select(const Context& context, Server& server, std::string_view sql) {
  std::string answer = server.run(context, std::string(sql) + " FORMAT JSONEachRow");
  std::vector<Json> rows;
  for (std::size_t begin = 0; begin < answer.size();) {
    std::size_t end = std::min(answer.find('\n', begin), answer.size());
    if (end > begin) {
      Json row = Json::parse(answer.begin() + std::ptrdiff_t(begin),
                             answer.begin() + std::ptrdiff_t(end), nullptr, false);
      if (!row.is_object()) {
        // What goes wrong after the first row comes as text behind it.
        int number = error_number(std::string_view(answer).substr(begin));
        throw Failed(
            "read ClickHouse's answer",
            number ? fmt::format("it broke off with error {}", number) : "it is no line of JSON",
            std::string(kWhere));
      }
      rows.push_back(std::move(row));
    }
    begin = end + 1;
  }
  return rows;
}

namespace {

const Json* find(const Json& row, const char* column) {
  auto found = row.find(column);
  return found == row.end() ? nullptr : &*found;
}

[[noreturn]] void no_such(const char* column, const char* kind) {
  throw Failed("read ClickHouse's answer", fmt::format("the column {} is no {}", column, kind));
}

}  // namespace

std::uint64_t number_of(const Json& row, const char* column) {
  const Json* value = find(row, column);
  if (value && value->is_number_unsigned()) return value->get<std::uint64_t>();
  if (value && value->is_string()) {
    const auto& text = value->get_ref<const std::string&>();
    std::uint64_t number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size()) return number;
  }
  no_such(column, "number");
}

std::string text_of(const Json& row, const char* column) {
  const Json* value = find(row, column);
  if (!value || !value->is_string()) no_such(column, "text");
  return value->get<std::string>();
}

std::vector<std::string> texts_of(const Json& row, const char* column) {
  const Json* value = find(row, column);
  if (!value || !value->is_array()) no_such(column, "list");
  std::vector<std::string> out;
  for (const Json& entry : *value) {
    if (!entry.is_string()) no_such(column, "list of texts");
    out.push_back(entry.get<std::string>());
  }
  return out;
}

}  // namespace holdfast::datastore::ch
