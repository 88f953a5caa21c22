// The conditional headers of S3 and RFC 9110, as storage conditions. A date that does not parse is
// ignored, as RFC 9110 wants it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/server.h"
#include "storage/storage.h"

namespace holdfast::gateway {

// The entity tags of a header's value, without quotes and weakness marks; "*" stays "*".
std::vector<std::string> parse_etags(std::string_view value);

// Of a GET or HEAD. An ETag condition makes the date condition beside it void.
// If-None-Match: * becomes must_not_exist.
storage::Condition read_condition(const http::ServerRequest& request);
// Of x-amz-copy-source-if-*.
storage::Condition copy_source_condition(const http::ServerRequest& request);
// If-Match and If-None-Match of a write.
storage::Condition write_condition(const http::ServerRequest& request);

// Range: bytes=… of one range; nullopt when absent, malformed or of several ranges: then the whole
// object is the answer.
std::optional<storage::Range> parse_range(std::string_view value);

}  // namespace holdfast::gateway
