// What `holdfast config check` and `config show` print, and the page of all keys. Every text ends
// in a newline.
#pragma once

#include <string>

#include "config/load.h"

namespace holdfast::config {

// A line a problem and a warning, then a line of how many. JSON: {"source", "ok", "problems":
// [...], "warnings": [...]}, each {"path", "line", "column", "why", "allowed", "nearest",
// "advice"}.
std::string check_text(const Loaded& loaded);
std::string check_json(const Loaded& loaded);
// 0, or 2 with any problem; warnings do not count.
int check_status(const Loaded& loaded);

// The effective values of every key that holdfast uses (of hooks: those that are given), as YAML
// that can be read again once the secrets, shown as ***, are put back; behind what is not a default
// stands where it comes from. JSON: the same tree.
std::string show_yaml(const Loaded& loaded);
std::string show_json(const Loaded& loaded);

// docs/guide/values.md.
std::string reference_page();

}  // namespace holdfast::config
