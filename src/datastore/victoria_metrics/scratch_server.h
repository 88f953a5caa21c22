// The server's own program on a restored folder, on a free port of 127.0.0.1, for as long as this
// object lives. It dies with this process, too.
#pragma once

#include <memory>
#include <string>

#include "base/child.h"
#include "base/context.h"
#include "base/file.h"

namespace holdfast::datastore::vm {

class ScratchServer {
 public:
  // Starts `program` (found in PATH) on `data` and waits until it answers. NotFound when there is
  // no such program, Corrupt when it ends by itself (its last words are in the message), or
  // DeadlineExceeded.
  ScratchServer(const Context& context, const std::string& program, const fs::path& data);
  ScratchServer(const ScratchServer&) = delete;
  ScratchServer& operator=(const ScratchServer&) = delete;
  ~ScratchServer();
  std::string url() const;

 private:
  void start(const std::string& program, const fs::path& data);
  bool wait_until_ready(const Context& context);
  std::string last_words() const;

  Context context_;
  fs::path log_;
  int port_ = 0;
  std::unique_ptr<Child> server_;
};

}  // namespace holdfast::datastore::vm
