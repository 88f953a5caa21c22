// One frame of a Gremlin server's answer, in GraphSON 3. Format: TinkerPop, "Graph driver provider
// requirements". Pure.
#pragma once

#include <string>
#include <string_view>

namespace holdfast::datastore::sg {

// Views into the frame.
struct GremlinFrame {
  std::string_view request_id;  // raw; empty when the server could not read the request
  int code = 0;
  std::string_view message;  // raw JSON text
  // The whole value of result.data, not yet checked; empty when it is null or not there.
  std::string_view data;
};

// Failed for what is no such answer; `what` is the subject.
GremlinFrame read_gremlin_frame(std::string_view frame, const std::string& what);

// What the answer's code means: nothing for 200, 204, 206 and 407, else the error for it. The
// message of the server is shown, cut and without control characters.
void check_gremlin_code(const GremlinFrame& frame, const std::string& what);

}  // namespace holdfast::datastore::sg
