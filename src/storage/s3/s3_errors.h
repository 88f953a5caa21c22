// What an S3 endpoint's error answers mean: one table from codes, one from statuses.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "codec/xml.h"
#include "storage/storage.h"

namespace holdfast::storage {

// An error answer, or one entry of a bulk removal's.
struct S3Fault {
  int status = 0;  // 0: none of its own
  std::string code;
  std::string message;
  std::string region;         // where the endpoint says the bucket is; often empty
  bool about_bucket = false;  // the request named no key: a 404 without a code means the bucket
  bool conditional_write = false;     // a 404 of the key means that If-Match found nothing
  std::string bucket_setting;         // what names the bucket, for the advice; empty: not known
  std::string key_section = "minio";  // the settings that hold accessKey and secretKey
};

// Reads an <Error> document; the code stays empty when `document` is none. Texts are cut and
// cleaned, for they come from outside and go into error lines.
S3Fault read_fault(int status, std::string_view document);
// The same of an element that holds Code and Message, such as a bulk removal's answer has.
S3Fault read_fault(int status, const codec::XmlElement& element);

// The error of ours; `what` names the operation and its object.
Error to_error(const S3Fault& fault, std::string what);
[[noreturn]] void throw_fault(const S3Fault& fault, std::string what);

}  // namespace holdfast::storage
