// Names of snapshots and indices: patterns, and the end that makes a snapshot's name unique. Pure,
// but for the random bytes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::datastore::es {

// 22 characters of a-z 0-9 - _, as snapshot lifecycle management makes them: a random UUID of
// version 4 as base64url without padding, in lower case.
std::string make_snapshot_id();

// The template with that id at its end: "<sts-backup-{now{yyyyMMdd-HHmm}}>" becomes
// "<sts-backup-{now{yyyyMMdd-HHmm}}-ID>", which the cluster itself resolves; a plain name becomes
// "NAME-ID".
std::string with_id(const std::string& name_template, const std::string& id);

// Whether `name` is chosen by the patterns, read from left to right: '*' stands for any text, a
// leading '-' takes away what fits. A name that begins with a dot (a system's or hidden) is only
// fit by a pattern that does too.
bool chosen(const std::vector<std::string>& patterns, std::string_view name);
bool fits(std::string_view pattern, std::string_view name);

// Whether the cluster could have an index of that name. What a snapshot's files call one may be
// anything, and a '*' in it would mean others.
bool is_index_name(std::string_view name);
// The same of an alias: capitals too.
bool is_alias_name(std::string_view name);

// The same of snapshots, whose names the cluster takes for patterns as well.
bool is_snapshot_name(std::string_view name);

// Why a pattern may not be used to delete indices; empty: it may. Refused is what reaches system
// indices: a leading dot, and "*" or "_all" alone.
std::string why_not_delete(std::string_view pattern);

}  // namespace holdfast::datastore::es
