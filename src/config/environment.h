// The variables a program was started with, as a value: tests make their own.
#pragma once

#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace holdfast::config {

class Environment {
 public:
  Environment() = default;
  Environment(std::initializer_list<std::pair<const std::string, std::string>> variables)
      : variables_(variables) {}
  explicit Environment(std::map<std::string, std::string> variables)
      : variables_(std::move(variables)) {}
  // The process's own, as they are now. Not while another thread changes them.
  static Environment of_process();

  std::optional<std::string> get(const std::string& name) const;
  const std::map<std::string, std::string>& variables() const { return variables_; }
  // The same place without anybody's settings and secrets.
  Environment without_settings() const;
  // Whether the program runs in a pod: there the chart chooses the storage, elsewhere the folder is
  // the default.
  bool in_kubernetes() const { return variables_.contains("KUBERNETES_SERVICE_HOST"); }

 private:
  std::map<std::string, std::string> variables_;
};

// HOLDFAST_ and the key's path in capitals, without a leading "holdfast." and with one _ for
// everything between letters and digits: holdfast.clickhouse.password is
// HOLDFAST_CLICKHOUSE_PASSWORD, minio.accessKey HOLDFAST_MINIO_ACCESSKEY.
std::string variable_of(std::string_view path);

}  // namespace holdfast::config
