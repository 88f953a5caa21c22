// A storage whose every call passes one function: what meter, faults and read-only have in common.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "storage/storage.h"

namespace holdfast::storage {

// What a call does, as far as wrappers care.
enum class Effect { kReads, kChanges };

class Interceptor {
 public:
  virtual ~Interceptor() = default;
  // Runs `call` (or throws in its place). `verb` is put, get, head, remove, list, copy, or of the
  // parts: multipart.create, multipart.put_part, multipart.copy_part, multipart.complete,
  // multipart.abort, multipart.parts, multipart.uploads, or of buckets: buckets.list,
  // buckets.create, buckets.remove, buckets.info, or of versions: versions.settings,
  // versions.change_settings, versions.list, versions.change_marks, versions.mark_upload. Threads
  // call it at once.
  virtual void around(std::string_view verb, Effect effect, const ObjectRef& ref,
                      const std::function<void()>& call) = 0;
  // Sees every reader that get() opened, and every body that is written.
  virtual std::unique_ptr<Reader> opened(std::unique_ptr<Reader> reader) { return reader; }
  virtual void sent(std::uint64_t) {}
};

std::unique_ptr<Storage> intercept(std::unique_ptr<Storage> inner,
                                   std::shared_ptr<Interceptor> interceptor);

}  // namespace holdfast::storage
