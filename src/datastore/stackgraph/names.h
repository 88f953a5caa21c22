// Names of exports: from a template, with the time in them, and the parts of a split one. Pure.
#pragma once

#include <optional>
#include <string>

#include "base/civil.h"

namespace holdfast::datastore::sg {

struct NameRules {
  std::string name_template = "sts-backup-$(date +%Y%m%d-%H%M).graph";
  std::string parse_regexp = "sts-backup-([0-9]*-[0-9]*).graph";  // POSIX extended, unanchored
  std::string datetime_format = "%Y%m%d-%H%M";                    // of the regexp's first group
};

// InvalidArgument when the regexp is none or has no group; `key` is where it stands.
void check_rules(const NameRules& rules, const std::string& key);

// Whether the regexp finds the time in what the template makes, as the format writes it, and the
// texts sort as their times do. If not, no name tells its time: retention would remove the wrong
// ones.
bool names_tell_times(const NameRules& rules);
// InvalidArgument when they do not; `store` is whose they are.
void require_times_in_names(const NameRules& rules, const std::string& store);

// The template with each $(date +FORMAT) filled in; nothing else in it means anything.
std::string name_at(const NameRules& rules, const Civil& now);

// The time in a name, as it is written there; nullopt when there is none.
std::optional<std::string> date_in(const NameRules& rules, const std::string& name);

// Whether an object of that name is an export: "*.graph", what the template ends with, or what has
// a time in it and ends so. A StackPacks archive beside it is not,
// nor is a name with control characters.
bool is_export(const NameRules& rules, const std::string& name);

// "NAME.00", "NAME.01", ... "NAME.100".
std::string part_name(const std::string& name, unsigned number);
struct PartName {
  std::string name;
  unsigned number = 0;
};
// nullopt for what is no part: two digits or more at its end, below 10,000.
std::optional<PartName> parse_part(const std::string& name);

}  // namespace holdfast::datastore::sg
