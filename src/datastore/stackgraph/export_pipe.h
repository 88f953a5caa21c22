// A named pipe that a command writes an export into, as if it were a file.
#pragma once

#include <atomic>
#include <functional>

#include "base/context.h"
#include "base/file.h"
#include "base/progress.h"
#include "datastore/stackgraph/graph_tool.h"

namespace holdfast::datastore::sg {

class ExportPipe {
 public:
  // Makes the pipe at `path`, for this user alone. It is removed at the end.
  explicit ExportPipe(const fs::path& path);
  ~ExportPipe();
  ExportPipe(const ExportPipe&) = delete;
  ExportPipe& operator=(const ExportPipe&) = delete;

  // Runs the command, in this thread, and gives what it writes to `take`, in another one. Returns
  // when the command has ended and everything was taken. What `take` throws comes first: the
  // command cannot write on then.
  void take_while(const Context& context, const GraphTool::Sink& take, Progress& progress,
                  const std::function<void()>& command);
  // Afterwards: whether somebody has the pipe open who did not end with the command, and whether
  // it lies still where it was made.
  bool is_still_open() const { return still_open_; }
  bool is_whole() const;

 private:
  void take_all(const Context& context, const GraphTool::Sink& take, Progress& progress);

  const fs::path path_;
  Descriptor reader_;
  std::atomic<bool> command_has_ended_ = false;
  bool still_open_ = false;
};

}  // namespace holdfast::datastore::sg
