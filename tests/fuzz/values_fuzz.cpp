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

// The input with another secret of the same shape in the place of `secret`, which stands in it
// once.
std::string renamed(std::string_view input, std::string_view secret, std::string& other) {
  other = secret;
  for (char& letter : other) {
    if (letter >= 'a' && letter <= 'z')
      letter = letter == 'z' ? 'a' : static_cast<char>(letter + 1);
    if (letter >= 'A' && letter <= 'Z')
      letter = letter == 'Z' ? 'A' : static_cast<char>(letter + 1);
    if (letter >= '0' && letter <= '9')
      letter = letter == '9' ? '0' : static_cast<char>(letter + 1);
  }
  std::string text(input);
  return text.replace(text.find(secret), secret.size(), other);
}

std::string all_told(const Loaded& loaded) {
  return show_yaml(loaded) + show_json(loaded) + check_text(loaded) + check_json(loaded);
}

// Only a secret that stands nowhere else in the input: it could be the value of another key too.
// Its letters may by chance stand in our own words ("tesPerSeco" in maxBytesPerSecond), so it is
// given away only where a changed one is as well.
void check_hidden(std::string_view input, const Environment& environment, const std::string& told,
                  const std::string& secret) {
  if (secret.size() < 8 || input.find(secret) == std::string_view::npos ||
      input.find(secret) != input.rfind(secret) || told.find(secret) == std::string::npos) {
    return;
  }
  std::string other;
  const std::string text = renamed(input, secret, other);
  if (other == secret) return;  // nothing in it could be changed
  HOLDFAST_PROPERTY(all_told(examine(text, "values.yaml", environment)).find(other) ==
                    std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Environment environment;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.find("File") != std::string_view::npos) return 0;  // names a file of this machine
  const Loaded loaded = examine(input, "values.yaml", environment);
  HOLDFAST_PROPERTY(loaded.problems.size() <= 100);
  // What is no YAML leaves the defaults, which are the same every time.
  if (!loaded.problems.empty() && loaded.problems.front().path.empty()) return 0;
  const std::string told = all_told(loaded);
  HOLDFAST_PROPERTY(parse_document(show_yaml(loaded))->kind == Node::Kind::kMap);
  const Values& values = loaded.values;
  for (const auto* secret :
       {&values.minio.secret_key, &values.minio.s3.secret_key, &values.holdfast.run.token,
        &values.holdfast.clickhouse.password, &values.holdfast.elasticsearch.password}) {
    check_hidden(input, environment, told, secret->reveal());
  }
  return 0;
}
