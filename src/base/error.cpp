#include "base/error.h"

#include <cerrno>
#include <system_error>
#include <utility>

namespace holdfast {

namespace {

std::string join(const std::string& what, const std::string& why, const std::string& advice) {
  std::string line = what;
  if (!why.empty()) line += ": " + why;
  if (!advice.empty()) line += "; " + advice;
  for (char& c : line) {
    if (c == '\n' || c == '\r') c = ' ';  // one error, one line, whatever a server answered
  }
  return line;
}

ErrorKind kind_of_errno(int number) {
  switch (number) {
    case ENOENT:
    case ENOTDIR:
      return ErrorKind::kNotFound;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorKind::kAccessDenied;
    case ENOSPC:
    case EDQUOT:
      return ErrorKind::kNoSpace;
    case EEXIST:
    case ENOTEMPTY:
      return ErrorKind::kPreconditionFailed;
    case EINTR:
    case EAGAIN:
    case ECONNREFUSED:
    case ECONNRESET:
    case ECONNABORTED:
    case ETIMEDOUT:
    case EPIPE:
    case EMFILE:
    case ENFILE:
      return ErrorKind::kUnavailable;
    case EINVAL:
    case ENAMETOOLONG:
      return ErrorKind::kInvalidArgument;
    case EOPNOTSUPP:
    case ENOSYS:
      return ErrorKind::kUnsupported;
    default:
      return ErrorKind::kFailed;
  }
}

std::string usual_advice(int number) {
  switch (number) {
    case ENOENT:
    case ENOTDIR:
      return "correct the path, or create what is missing";
    case EACCES:
    case EPERM:
      return "give the user that holdfast runs as the right to it";
    case EROFS:
      return "mount that file system for writing";
    case ENOSPC:
    case EDQUOT:
      return "free space there";
    case EMFILE:
    case ENFILE:
      return "raise the limit of open files";
    case EADDRINUSE:
      return "choose another port, or end the program that has it";
    default:
      return "";
  }
}

}  // namespace

std::string_view name_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalidArgument:
      return "invalid_argument";
    case ErrorKind::kNotFound:
      return "not_found";
    case ErrorKind::kPreconditionFailed:
      return "precondition_failed";
    case ErrorKind::kAccessDenied:
      return "access_denied";
    case ErrorKind::kRefused:
      return "refused";
    case ErrorKind::kUnavailable:
      return "unavailable";
    case ErrorKind::kNoSpace:
      return "no_space";
    case ErrorKind::kCorrupt:
      return "corrupt";
    case ErrorKind::kUnsupported:
      return "unsupported";
    case ErrorKind::kCancelled:
      return "cancelled";
    case ErrorKind::kDeadlineExceeded:
      return "deadline_exceeded";
    case ErrorKind::kFailed:
      return "failed";
  }
  return "failed";
}

Error::Error(ErrorKind kind, std::string what, std::string why, std::string advice)
    : kind_(kind),
      what_(std::move(what)),
      why_(std::move(why)),
      advice_(std::move(advice)),
      line_(join(what_, why_, advice_)) {}

namespace {

template <ErrorKind Kind>
[[noreturn]] void throw_kind(std::string what, std::string why, std::string advice,
                             const std::string& code) {
  throw ErrorOf<Kind>::with_code(code, std::move(what), std::move(why), std::move(advice));
}

}  // namespace

void throw_error(ErrorKind kind, std::string what, std::string why, std::string advice,
                 std::string code) {
#define HOLDFAST_THROW(name) \
  case ErrorKind::name:      \
    throw_kind<ErrorKind::name>(std::move(what), std::move(why), std::move(advice), code)
  switch (kind) {
    HOLDFAST_THROW(kInvalidArgument);
    HOLDFAST_THROW(kNotFound);
    HOLDFAST_THROW(kPreconditionFailed);
    HOLDFAST_THROW(kAccessDenied);
    HOLDFAST_THROW(kRefused);
    HOLDFAST_THROW(kUnavailable);
    HOLDFAST_THROW(kNoSpace);
    HOLDFAST_THROW(kCorrupt);
    HOLDFAST_THROW(kUnsupported);
    HOLDFAST_THROW(kCancelled);
    HOLDFAST_THROW(kDeadlineExceeded);
    HOLDFAST_THROW(kFailed);
  }
#undef HOLDFAST_THROW
  throw Failed(std::move(what), std::move(why), std::move(advice));
}

void throw_errno(int number, std::string what, std::string advice) {
  ErrorKind kind = kind_of_errno(number);
  if (advice.empty()) advice = usual_advice(number);
  throw_error(kind, std::move(what), std::system_category().message(number), std::move(advice),
              kind == ErrorKind::kNotFound ? std::string(kNoSuchFile) : "");
}

int exit_code(const Error& error) {
  if (error.kind() == ErrorKind::kNotFound && !error.code().empty()) return 1;
  return exit_code(error.kind());
}

int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalidArgument:
      return 2;
    case ErrorKind::kNotFound:
      return 3;
    case ErrorKind::kRefused:
      return 4;
    case ErrorKind::kCorrupt:
      return 5;
    default:
      return 1;
  }
}

}  // namespace holdfast
