// Azure Blob Storage as a storage: one container a bucket, one block blob an object.
#pragma once

#include <memory>
#include <string>

#include "base/secret.h"
#include "codec/azure_signature.h"
#include "http/client.h"
#include "storage/retry_policy.h"
#include "storage/storage.h"

namespace holdfast::storage {

struct AzureOptions {
  codec::AzureAccount account;  // the key is not used when there is a signature
  Secret signature;             // a shared access signature, as a query; empty: Shared Key
  std::string endpoint;         // http(s)://host[:port][/path]; empty: the account's own in Azure
  http::ClientOptions client;
  Duration request_timeout = std::chrono::minutes(5);  // of one request, bodies included
  std::size_t held_bytes = 25 << 20;  // of bodies on their way, all together (held_memory.h)
  RetryOptions write_retry;  // of single requests that write: a block that is still held, a commit
};

// Opens nothing yet; the first request tells whether the account can be reached. Repeats single
// requests of writes, removals and uploads, of bodies only what it holds, so that a wrapper around
// it must leave these alone (RetryOptions::writes). Throws InvalidArgument for an endpoint that is
// no URL, and for a key or signature that is none.
std::unique_ptr<Storage> make_azure_storage(const AzureOptions& options);

}  // namespace holdfast::storage
