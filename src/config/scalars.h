// The texts that values are written in. Each function returns the value or throws BadValue, which
// says what is wrong with the text without repeating it (it may be a secret).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace holdfast::config {

struct BadValue {
  std::string why;
  std::string advice;  // empty: what the key allows says it all
};

// true/false, yes/no, on/off as YAML 1.1 has them: all lower, all upper or with a capital.
bool parse_flag(std::string_view text);

// Decimal digits only.
std::uint64_t parse_count(std::string_view text, std::uint64_t least, std::uint64_t most);

// Numbers with units, added up: "1h30m", "500ms", "90s", "7d"; a bare 0 is allowed, another bare
// number is not. At most ten years.
Duration parse_duration(std::string_view text);
std::string format_duration(Duration time);

// Kubernetes quantities: bytes, or a number (also 1.5) with k M G T P (thousands) or Ki Mi Gi Ti Pi
// (1,024s), with or without a B behind.
std::uint64_t parse_size(std::string_view text);
// As GNU split takes it: bytes, or a whole number with K M G (1,024s) or KB MB GB (thousands).
std::uint64_t parse_split_size(std::string_view text);
std::string format_size(std::uint64_t bytes);

// Without control characters, at most 4,096 bytes.
void check_text(std::string_view text);

// SCHEME://HOST[:PORT][/PATH] with one of `schemes`; without user, query or fragment.
void check_url(std::string_view text, const std::vector<std::string>& schemes);
// A host's name or address, or nothing.
void check_host(std::string_view text);
// HOST:PORT, [IPV6]:PORT or :PORT; port 0 means any free one.
void check_listen(std::string_view text);
// 3 to 255 letters, digits, dots, dashes and underscores: what any store ever took. Whether the
// storage in use takes it is another question (rules.h).
void check_bucket(std::string_view text);
// 3 to 63 lower-case letters, digits, dots and dashes, as new buckets are named everywhere.
bool is_plain_bucket_name(std::string_view text);
// A folder of object keys: no slash at the start, no empty, "." or ".." part, at most 512 bytes.
// Returned without the slashes at its end.
std::string parse_prefix(std::string_view text);
// "local", "UTC" or a name such as Europe/Amsterdam; whether the zone exists is not looked at here.
void check_zone_name(std::string_view text);
// A file name in which only $(date +FORMAT) stands for something; nothing is ever run.
void check_name_template(std::string_view text);

}  // namespace holdfast::config
