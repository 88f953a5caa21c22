#include "app/program.h"
#include "app/signals.h"
#include "cli/command.h"

int main(int argc, char** argv) {
  using namespace holdfast;
  Context context = Context::background().cancellable();
  app::SignalWatch signals([context](int) { context.cancel(); });
  app::HoldfastProgram program(context);
  return cli::run_command_line(
      argc, argv, program.global(),
      {cli::make_gateway_command(program), cli::make_backup_command(program),
       cli::make_list_command(program), cli::make_restore_command(program),
       cli::make_verify_command(program), cli::make_drill_command(program),
       cli::make_run_command(program), cli::make_status_command(program),
       cli::make_pause_command(program), cli::make_resume_command(program),
       cli::make_prune_command(program), cli::make_copy_command(program),
       cli::make_storage_command(program), cli::make_elasticsearch_command(program),
       cli::make_schedule_command(program), cli::make_retention_command(program),
       cli::make_notify_command(program), cli::make_config_command(program)});
}
