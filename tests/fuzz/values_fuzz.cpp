// A values file may hold anything: reading, checking and showing it neither crashes, hangs nor lets
// a secret out.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "config/load.h"
#include "config/report.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast::config;
  static const Environment environment;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // Files that ...File keys name are not the input's to choose here.
  if (text.find("File") != std::string_view::npos) return 0;
  const Loaded loaded = examine(text, "values.yaml", environment);
  const std::string shown = show_yaml(loaded) + show_json(loaded);
  const std::string& secret = loaded.values.minio.secret_key.reveal();
  if (secret.size() >= 24 && shown.find(secret) != std::string::npos) {
    // Told apart from a text that merely occurs elsewhere: then it is no secret.
    if (text.find(secret) == text.rfind(secret)) std::abort();
  }
  check_text(loaded);
  check_json(loaded);
  return 0;
}
