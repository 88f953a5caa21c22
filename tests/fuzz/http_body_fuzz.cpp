// Bodies in HTTP's chunked coding. The input: one byte that cuts the rest in two (what came with
// the head, what comes later) and sets the size of the reader's buffer, then the coded body.
#include <cstdint>
#include <string>
#include <string_view>
#include <sys/socket.h>

#include "base/error.h"
#include "http/server.h"
#include "http/server_body.h"
#include "property.h"

using namespace holdfast::http;

namespace {

struct Outcome {
  std::string body, code, rest;
  bool operator==(const Outcome&) const = default;
};

Outcome decode(std::string_view early, std::string_view late, std::size_t buffer_size) {
  int both[2];
  HOLDFAST_PROPERTY(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both) == 0);
  holdfast::Descriptor client(both[0]);
  Socket socket{holdfast::Descriptor(both[1])};
  HOLDFAST_PROPERTY(::send(client.get(), late.data(), late.size(), MSG_NOSIGNAL) ==
                    ssize_t(late.size()));
  client.close();
  Input input;
  input.append(early);
  RequestHead head;
  head.chunked = true;
  RequestBody body(head, socket, input,
                   Pace(holdfast::system_clock(), std::chrono::seconds(10), 0));
  Outcome out;
  std::string buffer(buffer_size, '\0');
  try {
    while (const std::size_t count = body.read(buffer)) out.body.append(buffer, 0, count);
    HOLDFAST_PROPERTY(body.finished());
  } catch (const holdfast::InvalidArgument& error) {
    out.code = error.code();
    HOLDFAST_PROPERTY(out.code == kIncompleteBody || out.code == kMalformedChunk);
    HOLDFAST_PROPERTY(body.failed() && !body.finished());
    return out;
  }
  out.rest = input.view();
  char more[256];
  while (const std::size_t count = socket.receive_now(more).count) out.rest.append(more, count);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view coded(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t cut = coded.size() * data[0] / 255;
  const Outcome whole = decode(coded, "", 4096);
  const Outcome pieces = decode(coded.substr(0, cut), coded.substr(cut), 1 + data[0]);
  HOLDFAST_PROPERTY(whole == pieces);
  HOLDFAST_PROPERTY(whole.body.size() + whole.rest.size() <= coded.size());
  HOLDFAST_PROPERTY(coded.ends_with(whole.rest));
  return 0;
}
