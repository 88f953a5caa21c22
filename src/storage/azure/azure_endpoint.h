// Signed requests to one storage account: addresses, signatures, deadlines, error answers. What the
// requests mean is the other files' affair.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "codec/xml.h"
#include "storage/azure/azure_storage.h"
#include "storage/held_memory.h"
#include "storage/http_store.h"

namespace holdfast::storage {

struct AzureCall {
  std::string_view method = "GET";
  ObjectRef target;                // without key: the container; without bucket: the account
  std::string verb;                // how errors begin: "put"
  codec::QueryParameters query{};  // decoded
  codec::Headers headers{};
  bool conditional_write = false;  // it carries If-Match
};

// Whether the call writes only on a condition, so that it must not be sent twice.
bool has_condition(const AzureCall& call);

// What a write answers.
struct AzureStamp {
  std::string revision;  // Azure's ETag, without quotes
  WallTime modified;
};

// Thread-safe.
class AzureEndpoint {
 public:
  explicit AzureEndpoint(const AzureOptions& options);

  // The open answer, when its status is 2xx; any other is thrown as our error. `body`'s size must
  // be known. Throws Unavailable when the request outlives request_timeout but not the context.
  std::unique_ptr<http::Exchange> send(const Context& context, const AzureCall& call,
                                       Source* body = nullptr);
  // For requests whose answer is an XML document with that root; anything else is Failed.
  codec::XmlElement send_for_xml(const Context& context, const AzureCall& call,
                                 std::string_view root);
  // For writes: their answer has no body worth reading.
  AzureStamp send_for_stamp(const Context& context, const AzureCall& call, Source* body = nullptr);

  const AzureOptions& options() const { return options_; }
  const RetryPolicy& write_retry() const { return write_retry_; }
  static std::string describe(const AzureCall& call);
  // A URL by which the service itself may read that object for the next hour. Holds a secret.
  std::string source_url(const ObjectRef& source, WallTime now) const;
  // What seals texts that come back to us by way of clients.
  const std::string& seal_key() const { return seal_key_; }
  HeldMemory& held() { return held_; }

 private:
  std::string path_of(const ObjectRef& target) const;

  const AzureOptions options_;
  const RetryPolicy write_retry_;
  codec::QueryParameters signature_;
  std::string scheme_, host_, base_path_;  // base_path_ without the last '/'
  std::string seal_key_;
  http::Client client_;
  HeldMemory held_;
};

}  // namespace holdfast::storage
