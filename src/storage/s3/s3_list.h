// Lists of objects and of buckets.
#pragma once

#include "storage/s3/s3_endpoint.h"

namespace holdfast::storage {

// Throws Failed when the endpoint's page is not sorted by the keys' bytes or leaves the prefix:
// callers merge lists, and would take what is out of order for missing.
ListPage list_s3_objects(S3Endpoint& endpoint, const Context& context, const ListRequest& request);

// Throws Failed for a number or time that is none. Texts of entries come percent-encoded when the
// document says so.
class S3Document {
 public:
  explicit S3Document(const codec::XmlElement& root, std::string what);
  std::string text(const codec::XmlElement& of, std::string_view child) const;  // decoded
  std::uint64_t number(const codec::XmlElement& of, std::string_view child) const;
  WallTime time(const codec::XmlElement& of, std::string_view child) const;
  bool truncated() const;
  [[noreturn]] void bad(std::string_view why) const;

 private:
  const codec::XmlElement& root_;
  const std::string what_;
  const bool encoded_;
};

}  // namespace holdfast::storage
