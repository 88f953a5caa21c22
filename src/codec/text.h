// Bytes as text: hexadecimal, base64, and the escaping of URIs. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holdfast::codec {

std::string to_hex(std::string_view bytes);                  // lower case
std::optional<std::string> from_hex(std::string_view text);  // either case; nullopt when malformed
std::string to_base64(std::string_view bytes);               // with padding
std::optional<std::string> from_base64(std::string_view text);  // strict: padding, no blanks

// Percent-encodes all but A-Z a-z 0-9 - . _ ~ (and '/' when it is kept), as SigV4 wants it.
enum class Slash { kKeep, kEncode };
std::string uri_encode(std::string_view text, Slash slash);
// Undoes %XX; with `plus_is_blank` also '+'. nullopt on a malformed escape.
std::optional<std::string> uri_decode(std::string_view text, bool plus_is_blank = false);

using QueryParameters =
    std::vector<std::pair<std::string, std::string>>;  // decoded, in the order given
// "a=1&b&c=%20" without the '?'. A name without '=' has an empty value. nullopt on a malformed
// escape.
std::optional<QueryParameters> parse_query(std::string_view text);
std::string build_query(const QueryParameters& parameters);

// Whether `text` is well-formed UTF-8 (no overlong forms, no surrogates).
bool is_utf8(std::string_view text);

}  // namespace holdfast::codec
