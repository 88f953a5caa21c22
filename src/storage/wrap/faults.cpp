#include "storage/wrap/intercept.h"
#include "storage/wrap/wrap.h"

namespace holdfast::storage {

namespace {

class Faults : public Interceptor {
 public:
  explicit Faults(std::function<void(std::string_view, const ObjectRef&)> fault)
      : fault_(std::move(fault)) {}
  void around(std::string_view verb, Effect, const ObjectRef& ref,
              const std::function<void()>& call) override {
    fault_(verb, ref);
    call();
  }

 private:
  std::function<void(std::string_view, const ObjectRef&)> fault_;
};

class ReadOnly : public Interceptor {
 public:
  void around(std::string_view verb, Effect effect, const ObjectRef& ref,
              const std::function<void()>& call) override {
    if (effect == Effect::kChanges) {
      throw Refused(std::string(verb) + " " + ref.text(), "the storage is open for reading only");
    }
    call();
  }
};

}  // namespace

std::unique_ptr<Storage> with_faults(
    std::unique_ptr<Storage> inner,
    std::function<void(std::string_view verb, const ObjectRef& ref)> fault) {
  return intercept(std::move(inner), std::make_shared<Faults>(std::move(fault)));
}

std::unique_ptr<Storage> with_read_only(std::unique_ptr<Storage> inner) {
  return intercept(std::move(inner), std::make_shared<ReadOnly>());
}

}  // namespace holdfast::storage
