// Listings of objects.
#pragma once

#include "gateway/call.h"

namespace holdfast::gateway {

http::ServerResponse list_objects_v1(Call& call);
http::ServerResponse list_objects_v2(Call& call);

// Text for a listing's XML: percent-encoded where the client asks for encoding-type=url.
class NameEncoder {
 public:
  // InvalidArgument for another encoding type than url.
  explicit NameEncoder(const Target& target);
  bool is_url() const { return url_; }
  std::string operator()(std::string_view name) const;

 private:
  bool url_ = false;
};

}  // namespace holdfast::gateway
