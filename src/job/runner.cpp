#include "job/runner.h"

namespace holdfast::job {

using datastore::BackupKind;

void EngineRunner::start(const Context& context, TaskKind kind, const RunCause& cause,
                         Progress& progress) {
  datastore::BackupRequest request;
  switch (kind) {
    case TaskKind::kFull:
      request.kind = BackupKind::kFull;
      break;
    case TaskKind::kCopy:
      request.kind = BackupKind::kDatedCopy;
      break;
    case TaskKind::kPrune:
      engine_.prune(context, false, cause);
      return;
    case TaskKind::kVerify:
      engine_.verify(context, {}, progress, cause);
      return;
    case TaskKind::kDrill:
      // Rather a dated copy than to keep backups waiting for the length of a restore.
      engine_.drill(context, engine_.newest_settled(context), progress, cause);
      return;
    case TaskKind::kBackup:
    case TaskKind::kIncremental:
      break;
  }
  engine_.backup(context, request, progress, cause);
}

RunResult EngineRunner::run(const Context& context, TaskKind kind, RunCause cause,
                            Progress& progress) {
  RunResult result;
  cause.task = name_of(kind);
  cause.on_end = [&result](const catalog::RunRecord& record, bool is_written) {
    result.record = record;
    result.is_written = is_written;
  };
  try {
    start(context, kind, cause, progress);
    if (!result.record) {
      result.not_begun = "there was nothing to do";
      result.had_nothing_to_do = true;
    }
  } catch (const NotFound& error) {
    result.not_begun = error.to_string();
    result.has_no_subject = error.code().empty();
  } catch (const std::exception& error) {
    result.not_begun = error.what();
  }
  return result;
}

}  // namespace holdfast::job
