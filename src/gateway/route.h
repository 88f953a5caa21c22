// Which operation a request asks for: a table of method, resource, query and header.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "gateway/call.h"

namespace holdfast::gateway {

using OperationFunction = http::ServerResponse (*)(Call&);

struct Route {
  std::string_view name;  // S3's name of the operation
  std::string_view method;
  Resource resource;
  std::array<std::string_view, 2> query;  // parameters that must be there; "" for none
  std::string_view header;                // that must be there; "" for none
  OperationFunction run;
};

// Every operation that is offered.
std::span<const Route> routes();

// Never answers with another operation than the one that was meant: a request for a sub-resource
// that no route offers throws Unsupported (code NotImplemented), another method or resource
// InvalidArgument (code MethodNotAllowed).
const Route& find_route(const http::ServerRequest& request, const Target& target);

}  // namespace holdfast::gateway
