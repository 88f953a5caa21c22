// Azure Storage's two ways to authorize a request to the Blob service: Shared Key and shared access
// signatures. Pure: the time is given. Sources: Microsoft's public references "Authorize with
// Shared Key" (version 2015-02-21 and later) and "Create a service SAS" (version 2020-12-06 and
// later).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/secret.h"
#include "codec/sigv4.h"

namespace holdfast::codec {

// A storage account and one of its keys, as the portal shows it: base64.
struct AzureAccount {
  std::string name;
  Secret key;
};

// Whether the key is base64 of something, which a signature needs.
bool is_azure_key(const Secret& key);

// What Shared Key signs of `request` (method, path percent-encoded as sent, query decoded, headers
// in any case) with a body of `content_length` bytes, which the request need not name.
std::string azure_string_to_sign(const SignedRequest& request, std::uint64_t content_length,
                                 std::string_view account);

// Adds x-ms-date and Authorization. Throws InvalidArgument when the account's key is not base64.
void add_shared_key(SignedRequest& request, std::uint64_t content_length,
                    const AzureAccount& account, WallTime now);

// The query of a URL by which the service may read that one blob until `expiry`, without '?'.
// `container` and `blob` are decoded. Throws as above.
std::string azure_read_signature(const AzureAccount& account, std::string_view container,
                                 std::string_view blob, WallTime expiry);

// The parameters of a shared access signature that somebody gave, with or without '?'. nullopt
// unless it is a query with a version and a signature (sv and sig), of at most 4 KiB.
std::optional<QueryParameters> parse_azure_signature(std::string_view text);

}  // namespace holdfast::codec
