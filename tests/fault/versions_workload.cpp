// Performs the script of versions in a process of its own, to be killed.
//
//   versions_workload ROOT attributes|files LOG FIRST
//
// Begins with step FIRST and appends one line to LOG after each step that succeeded.
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "storage/folder/folder_storage.h"
#include "versions_script.h"

using namespace holdfast;
using namespace holdfast::storage;

int main(int count, char** arguments) {
  if (count != 5) return 2;
  FolderOptions options{.root = arguments[1], .min_part_size = 1, .reserved_bytes = 0};
  if (std::string(arguments[2]) == "files") options.labels = LabelPlace::kFiles;
  const int log = ::open(arguments[3], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const Context context = Context::background();
  try {
    auto storage = open_folder_storage(context, options);
    try {
      storage->buckets()->create(context, kVersionsBucket);
    } catch (const PreconditionFailed&) {
      // Made by the run before.
    }
    const auto steps = versions_script();
    for (std::size_t at = std::size_t(std::atoi(arguments[4])); at < steps.size(); ++at) {
      perform(steps[at], *storage, context);
      if (::write(log, "done\n", 5) != 5) return 1;
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "given up: %s\n", error.what());
    return 1;
  }
  return 0;
}
