// Signed requests to one S3 endpoint: addresses, signatures, deadlines, error answers. What the
// requests mean is the other files' affair.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "codec/xml.h"
#include "storage/http_store.h"
#include "storage/s3/s3_payload.h"
#include "storage/s3/s3_storage.h"

namespace holdfast::storage {

struct S3Call {
  std::string_view method = "GET";
  ObjectRef target;                // without key: the bucket; without bucket: the account
  std::string verb;                // how errors begin: "put"
  codec::QueryParameters query{};  // decoded
  codec::Headers headers{};
  bool conditional_write = false;  // it carries If-Match
  // What the answer must confirm: there are endpoints that do not know such headers, and store in
  // the clear. Unsupported (code NotImplemented) is then thrown.
  bool with_customer_key = false;
  std::string encryption{};

  // Asks for that encryption of what the request makes.
  void encrypt(const EncryptionRequest& request);
};

// Thread-safe.
class S3Endpoint {
 public:
  // Throws InvalidArgument for an endpoint that is no http or https URL.
  explicit S3Endpoint(const S3Options& options);

  // The open answer, when its status is 2xx; any other is thrown as our error. Throws Unavailable
  // when the request outlives request_timeout but not the context.
  std::unique_ptr<http::Exchange> send(const Context& context, const S3Call& call,
                                       S3Payload* payload = nullptr);
  // For requests whose answer is an XML document with that root. An <Error> document is thrown,
  // whatever the status was; anything else than XML is Failed.
  codec::XmlElement send_for_xml(const Context& context, const S3Call& call, std::string_view root,
                                 const std::string* body = nullptr);
  // For answers without a body worth reading.
  void send_for_nothing(const Context& context, const S3Call& call,
                        const std::string* body = nullptr);

  const S3Options& options() const { return options_; }
  static std::string describe(const S3Call& call);

 private:
  std::string path_of(const ObjectRef& target) const;
  std::string host_of(const ObjectRef& target) const;

  bool in_path(const ObjectRef& target) const;

  const S3Options options_;
  const std::shared_ptr<S3CredentialSource> credentials_;
  std::string scheme_, host_, base_path_;  // of the endpoint; base_path_ without the last '/'
  http::Client client_;
};

}  // namespace holdfast::storage
