#include <string>

#include "base/operation.h"
#include "storage/wrap/intercept.h"
#include "storage/wrap/wrap.h"

namespace holdfast::storage {

namespace {

// Counts what is read; otherwise the reader itself.
class CountedReader : public Reader {
 public:
  CountedReader(std::unique_ptr<Reader> inner, std::atomic<std::uint64_t>& bytes)
      : inner_(std::move(inner)), bytes_(bytes) {}
  const ObjectInfo& info() const override { return inner_->info(); }
  std::uint64_t offset() const override { return inner_->offset(); }
  std::uint64_t length() const override { return inner_->length(); }
  std::optional<std::uint64_t> size() const override { return inner_->size(); }
  bool rewind() override { return inner_->rewind(); }
  std::optional<FileRegion> file_region() override {
    auto region = inner_->file_region();
    if (region) bytes_ += region->length;  // sent by the kernel, past read()
    return region;
  }
  std::size_t read(std::span<char> into) override {
    std::size_t count = inner_->read(into);
    bytes_ += count;
    return count;
  }

 private:
  std::unique_ptr<Reader> inner_;
  std::atomic<std::uint64_t>& bytes_;
};

class Meter : public Interceptor {
 public:
  explicit Meter(StorageCounts& counts) : counts_(counts) {}

  void around(std::string_view verb, Effect, const ObjectRef& ref,
              const std::function<void()>& call) override {
    Operation operation("storage." + std::string(verb), ref.key.empty() ? ref.bucket : ref.key);
    ++counter(verb);
    try {
      call();
    } catch (...) {
      ++counts_.errors;
      throw;
    }
  }
  std::unique_ptr<Reader> opened(std::unique_ptr<Reader> reader) override {
    return std::make_unique<CountedReader>(std::move(reader), counts_.bytes_out);
  }
  void sent(std::uint64_t bytes) override { counts_.bytes_in += bytes; }

 private:
  std::atomic<std::uint64_t>& counter(std::string_view verb) {
    if (verb == "put") return counts_.put;
    if (verb == "get") return counts_.get;
    if (verb == "head") return counts_.head;
    if (verb == "remove") return counts_.remove;
    if (verb == "list") return counts_.list;
    if (verb == "copy") return counts_.copy;
    return verb.starts_with("multipart.") ? counts_.multipart : counts_.buckets;
  }

  StorageCounts& counts_;
};

}  // namespace

std::unique_ptr<Storage> with_meter(std::unique_ptr<Storage> inner, StorageCounts& counts) {
  return intercept(std::move(inner), std::make_shared<Meter>(counts));
}

}  // namespace holdfast::storage
