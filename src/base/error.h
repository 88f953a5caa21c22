// Every failure that crosses a function border in holdfast is one of the exceptions below.
//
// An error says WHAT failed, WHY, and WHAT TO DO about it; to_string() joins them as the one line
// that is shown to people: "WHAT: WHY; WHAT TO DO". A driver maps its vendor's codes to these
// kinds, one table (exit_code) maps kinds to the program's exit status, one in gateway maps them to
// S3 codes. Nobody parses text. Messages are lowercase, without a full stop, and never hold a
// secret.
#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace holdfast {

enum class ErrorKind {
  kInvalidArgument,     // the caller's input is wrong: usage, configuration, a malformed request
  kNotFound,            // the named thing is not there
  kPreconditionFailed,  // a conditional request's condition does not hold, or the thing exists
                        // already
  kAccessDenied,        // credentials are wrong or lack a permission
  kRefused,  // holdfast will not do this now: not empty, lease held, store running, switched off
  kUnavailable,       // passing trouble: worth a retry inside the deadline
  kNoSpace,           // the disk or quota is full
  kCorrupt,           // stored bytes are not what was recorded
  kUnsupported,       // this backend or version cannot do it
  kCancelled,         // the operation was told to stop
  kDeadlineExceeded,  // the operation ran out of its time
  kFailed,            // anything else: a broken invariant, an unexpected answer, an I/O error
};

std::string_view name_of(ErrorKind kind);

class Error : public std::exception {
 public:
  // `what` names the operation and its object, `why` the cause, `advice` (may be empty) the next
  // step.
  Error(ErrorKind kind, std::string what, std::string why, std::string advice = "");

  ErrorKind kind() const { return kind_; }
  bool retryable() const { return kind_ == ErrorKind::kUnavailable; }
  const std::string& subject() const { return what_; }
  const std::string& reason() const { return why_; }
  const std::string& advice() const { return advice_; }
  // A short stable token that narrows the kind down (storage/storage.h lists its own); may be
  // empty.
  const std::string& code() const { return code_; }
  const std::string& to_string() const { return line_; }
  const char* what() const noexcept override { return line_.c_str(); }

  void set_code(std::string code) { code_ = std::move(code); }

 private:
  ErrorKind kind_;
  std::string what_, why_, advice_, code_, line_;
};

// One class a kind, so that a catch clause can name what it handles.
template <ErrorKind Kind>
class ErrorOf : public Error {
 public:
  explicit ErrorOf(std::string what, std::string why = "", std::string advice = "")
      : Error(Kind, std::move(what), std::move(why), std::move(advice)) {}
  // The same, with a code: throw NotFound::with_code(storage::kNoSuchBucket, "get b/k", "no such
  // bucket").
  static ErrorOf with_code(std::string_view code, std::string what, std::string why = "",
                           std::string advice = "") {
    ErrorOf error(std::move(what), std::move(why), std::move(advice));
    error.set_code(std::string(code));
    return error;
  }
};

using InvalidArgument = ErrorOf<ErrorKind::kInvalidArgument>;
using NotFound = ErrorOf<ErrorKind::kNotFound>;
using PreconditionFailed = ErrorOf<ErrorKind::kPreconditionFailed>;
using AccessDenied = ErrorOf<ErrorKind::kAccessDenied>;
using Refused = ErrorOf<ErrorKind::kRefused>;
using Unavailable = ErrorOf<ErrorKind::kUnavailable>;
using NoSpace = ErrorOf<ErrorKind::kNoSpace>;
using Corrupt = ErrorOf<ErrorKind::kCorrupt>;
using Unsupported = ErrorOf<ErrorKind::kUnsupported>;
using Cancelled = ErrorOf<ErrorKind::kCancelled>;
using DeadlineExceeded = ErrorOf<ErrorKind::kDeadlineExceeded>;
using Failed = ErrorOf<ErrorKind::kFailed>;

// Throws the class that belongs to `kind` (for drivers that choose the kind from a table).
[[noreturn]] void throw_error(ErrorKind kind, std::string what, std::string why,
                              std::string advice = "", std::string code = "");

// Throws the kind that belongs to the errno value `number`: ENOENT NotFound, EACCES/EPERM/EROFS
// AccessDenied, ENOSPC/EDQUOT NoSpace, EEXIST PreconditionFailed, EINTR/EAGAIN/ECONN* Unavailable,
// else Failed. Without advice the usual one for that errno is given. ENOENT has the code
// kNoSuchFile.
inline constexpr std::string_view kNoSuchFile = "NoSuchFile";
[[noreturn]] void throw_errno(int number, std::string what, std::string advice = "");

// The program's exit status for a kind: 1 failed, 2 usage or configuration, 3 not found, 4 refused,
// 5 corrupt.
int exit_code(ErrorKind kind);
// The same; but a NotFound with a code (no such bucket, file, object) is 1: only what was asked for
// by its name, a backup, is 3, so that a script never takes a mistake for "there is no backup".
int exit_code(const Error& error);

}  // namespace holdfast
