#include "cli/program.h"

namespace holdfast::cli {

Command make_gateway_command(Program& program) {
  Command command;
  command.name = "gateway";
  command.summary = "serve the S3 API over the configured storage";
  command.description =
      "Listens on holdfast.gateway.listen with the pair minio.accessKey/minio.secretKey. SIGTERM "
      "lets running requests finish.";
  command.examples = {"holdfast -c values.yaml gateway"};
  command.run = [&program] { return program.serve_gateway(); };
  return command;
}

}  // namespace holdfast::cli
