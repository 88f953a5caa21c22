// Lines set aside in an unnamed file of the system's temporary folder, so that memory does not grow
// with the number of objects. Written first, then read any number of times. Not thread-safe.
#pragma once

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/stream.h"

namespace holdfast::datastore::vm {

class Spool {
 public:
  // Errors of the temporary folder (NoSpace, AccessDenied) come from here and from add().
  Spool();
  void add(std::string_view line);  // without a newline in it
  void add_bytes(std::string_view bytes);
  std::uint64_t bytes() const { return size_; }

  class Reader {
   public:
    // The next line; nullopt at the end.
    std::optional<std::string> next();

   private:
    friend class Spool;
    explicit Reader(int descriptor) : descriptor_(descriptor) {}
    int descriptor_;
    std::uint64_t offset_ = 0;
    std::string buffer_;
    std::size_t start_ = 0;
    bool ended_ = false;
  };
  // Both borrow the spool, to which nothing may be added meanwhile.
  Reader read();
  std::unique_ptr<Source> source();

 private:
  void flush();
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
  std::uint64_t size_ = 0;
};

}  // namespace holdfast::datastore::vm
