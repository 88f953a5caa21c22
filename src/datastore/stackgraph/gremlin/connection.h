// Requests to a Gremlin server and their answers, over one websocket. Scripts in gremlin-groovy,
// values in GraphSON 3. One thread at a time; one answer is read to its end before the next
// request.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/context.h"
#include "datastore/stackgraph/gremlin/answer.h"
#include "datastore/stackgraph/gremlin/gremlin_options.h"
#include "http/websocket.h"

namespace holdfast::datastore::sg {

class GremlinConnection {
 public:
  // `what` is the subject of errors: "export graph from ws://...". Throws as http::WebSocket does.
  GremlinConnection(const Context& context, const GremlinOptions& options, const std::string& what);

  // Begins a request. `bindings` is a JSON object with the script's variables; results come
  // `batch` in one frame. Login is done when the server asks for it: AccessDenied when it fails.
  // The server is told to give up after answer_timeout; not with kEndless, for it counts the time
  // until the last result is taken.
  enum class Length { kShort, kEndless };
  void submit(const Context& context, std::string_view script, std::string_view bindings,
              unsigned batch, Length length = Length::kShort);
  // The results of the next frame as a GraphSON list, not yet checked, good until the next call;
  // nullopt when the answer has ended, and with it all that came is good. An error after any number
  // of frames throws as check_gremlin_code says, then what came is to be thrown away; Failed for an
  // answer to another request; DeadlineExceeded when a frame is not there within answer_timeout:
  // the connection is of no use then.
  std::optional<std::string_view> next(const Context& context);

  // The one result of a script; its frame's list. Failed when there is none or it comes in parts.
  std::string only_result(const Context& context, std::string_view script,
                          std::string_view bindings = "{}");
  // The same, of a script whose result is a number that is not negative.
  std::uint64_t number(const Context& context, std::string_view script,
                       std::string_view bindings = "{}");

 private:
  void send(const Context& context, std::string_view json);
  void log_in(const Context& context);

  const GremlinOptions options_;
  const std::string what_;
  http::WebSocket socket_;
  std::string id_;  // of the request that runs
  bool ended_ = true, logged_in_ = false;
};

}  // namespace holdfast::datastore::sg
