// What Azure's error answers mean: one table from codes, one from statuses.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "storage/storage.h"

namespace holdfast::storage {

struct AzureFault {
  int status = 0;
  std::string code;  // of x-ms-error-code, or of the document
  std::string message;
  bool about_container = false;    // the request named no blob
  bool conditional_write = false;  // a missing blob means that If-Match found nothing
};

// `code` is the header x-ms-error-code, which wins over the document. Texts are cut and cleaned,
// for they come from outside and go into error lines.
AzureFault read_azure_fault(int status, std::string_view code, std::string_view document);

// The error of ours; `what` names the operation and its object.
Error to_error(const AzureFault& fault, std::string what);
[[noreturn]] void throw_fault(const AzureFault& fault, std::string what);

}  // namespace holdfast::storage
