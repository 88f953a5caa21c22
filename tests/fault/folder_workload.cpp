// Performs the folder script in a process of its own, to be killed or to have operations fail.
//
//   folder_workload ROOT attributes|files LOG FIRST TRIES
//
// Begins with step FIRST and appends one line to LOG after each step that succeeded. A step (and
// the opening of the folder) that fails is tried TRIES times. Exit 0: the script was performed.
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "folder_script.h"
#include "storage/folder/folder_storage.h"

using namespace holdfast;
using namespace holdfast::storage;

namespace {

template <typename Work>
void tried(int tries, Work work) {
  for (int left = tries; left > 0; --left) {
    try {
      work();
      return;
    } catch (const Error& error) {
      std::fprintf(stderr, "%s\n", error.what());
      if (left == 1) throw;
    }
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 6) return 2;
  // Every replaced file is used again at once, so that kills hit that too.
  FolderOptions options{
      .root = arguments[1], .min_part_size = 1, .reserved_bytes = 0, .resting_files = 0};
  if (std::string(arguments[2]) == "files") options.labels = LabelPlace::kFiles;
  int log = ::open(arguments[3], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  int tries = std::atoi(arguments[5]);
  Context context = Context::background();
  std::unique_ptr<Storage> storage;
  try {
    tried(tries, [&] { storage = open_folder_storage(context, options); });
    tried(tries, [&] {
      try {
        storage->buckets()->create(context, kScriptBucket);
      } catch (const PreconditionFailed&) {
        return;  // made by the try before
      }
    });
    std::vector<ScriptStep> steps = folder_script();
    for (std::size_t at = std::size_t(std::atoi(arguments[4])); at < steps.size(); ++at) {
      tried(tries, [&] { perform_step(steps[at], *storage, context); });
      if (::write(log, "done\n", 5) != 5) return 1;
    }
  } catch (const Error& error) {
    std::fprintf(stderr, "given up: %s\n", error.what());
    return 1;
  }
  return 0;
}
