// What drivers behind HTTP make of an error answer in the same way: a row of a table for its code,
// else for its status, else by the status alone. The tables themselves are each vendor's.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "codec/xml.h"

namespace holdfast::storage {

inline constexpr std::size_t kLongestFaultCode = 64;
inline constexpr std::size_t kLongestFaultMessage = 240;

struct FaultCode {
  std::string_view code;  // the vendor's
  ErrorKind kind;
  std::string_view our_code;  // empty: none of ours
  std::string_view advice;
};
struct FaultStatus {
  int status;
  ErrorKind kind;
  std::string_view our_code;
  std::string_view advice;
};

// The row of `code`, else that of `status`; any other 5xx passes (Unavailable), also those that
// something between us and the endpoint made; the rest is Failed with `other_advice`.
FaultCode find_fault(std::span<const FaultCode> codes, std::span<const FaultStatus> statuses,
                     std::string_view code, int status, std::string_view other_advice);

// Letters and digits as they are; anything else is no code: "".
std::string cleaned_code(std::string_view text);

// The root of the <Error> document that `document` holds somewhere behind blanks or a byte order
// mark; nullopt when it is none, such as a page of a proxy's.
std::optional<codec::XmlElement> error_document(std::string_view document);

// The error's why: message and code, or what the code or the status alone tells.
std::string fault_reason(std::string_view who, std::string_view message, std::string_view code,
                         int status, std::string_view no_such_thing);

// Throws the class of the error's kind.
[[noreturn]] void throw_as_kind(const Error& error);

}  // namespace holdfast::storage
