#include "base/random.h"

#include <cerrno>
#include <cstring>
#include <sys/random.h>

#include "base/error.h"

namespace holdfast {

std::string random_bytes(std::size_t count) {
  std::string out(count, '\0');
  std::size_t filled = 0;
  while (filled < count) {
    ssize_t got = ::getrandom(out.data() + filled, count - filled, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno(errno, "get random bytes");
    filled += std::size_t(got);
  }
  return out;
}

std::string random_hex(std::size_t bytes) {
  static const char* digits = "0123456789abcdef";
  std::string out;
  for (char c : random_bytes(bytes)) {
    out += digits[static_cast<unsigned char>(c) >> 4];
    out += digits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

std::uint64_t random_number() {
  std::uint64_t number = 0;
  std::string bytes = random_bytes(sizeof number);
  std::memcpy(&number, bytes.data(), sizeof number);
  return number;
}

}  // namespace holdfast
