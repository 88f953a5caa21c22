// A values file may hold anything: reading, checking and showing it neither crashes nor hangs, what
// is shown is YAML again, and no secret is in it.
#include <cstdint>
#include <string>
#include <string_view>

#include "config/document.h"
#include "config/load.h"
#include "config/report.h"
#include "property.h"

namespace {

using namespace holdfast::config;

// Only a secret that stands nowhere else in the input: it could be the value of another key too.
void check_hidden(std::string_view input, const std::string& shown, const std::string& secret) {
  if (secret.size() < 8 || secret == "setme" || input.find(secret) != input.rfind(secret)) return;
  HOLDFAST_PROPERTY(input.find(secret) == std::string_view::npos ||
                    shown.find(secret) == std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Environment environment;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.find("File") != std::string_view::npos) return 0;  // names a file of this machine
  const Loaded loaded = examine(input, "values.yaml", environment);
  std::string told = check_text(loaded) + check_json(loaded);
  HOLDFAST_PROPERTY(loaded.problems.size() <= 100);
  // What is no YAML leaves the defaults, which are the same every time.
  if (!loaded.problems.empty() && loaded.problems.front().path.empty()) return 0;
  const std::string shown = show_yaml(loaded);
  told += show_json(loaded);
  HOLDFAST_PROPERTY(parse_document(shown)->kind == Node::Kind::kMap);
  const Values& values = loaded.values;
  for (const auto* secret :
       {&values.minio.secret_key, &values.minio.s3.secret_key, &values.holdfast.run.token,
        &values.holdfast.clickhouse.password, &values.holdfast.elasticsearch.password}) {
    check_hidden(input, shown + told, secret->reveal());
  }
  return 0;
}
