#include "storage/wrap/held_body.h"

#include "base/error.h"

namespace holdfast::storage {

HeldBody::HeldBody(HeldMemory* memory, const ObjectRef& ref, Source& body,
                   const PutRequest& request)
    : body_(body), request_(request) {
  const auto size = body.size();
  if (!memory || !size || *size > kMostHeldBody || body.rewind()) return;
  room_.emplace(memory->lend(std::size_t(*size) + 1));
  const std::span<char> space = room_->span();
  if (space.size() <= *size) {
    room_.reset();
    return;
  }
  // A byte more than announced shows one that is too long, and takes the body to its end.
  const std::size_t count = read_full(body, space);
  if (count != *size) {
    throw InvalidArgument::with_code(kIncompleteBody, "put " + ref.text(),
                                     "the body has not the size that it announced");
  }
  held_.emplace(std::string_view(space.data(), count));
  if (!request.checksum_at_end) return;
  told_.emplace(request);
  if (auto at_end = request.checksum_at_end()) told_->attributes.checksum = std::move(at_end);
  told_->checksum_at_end = nullptr;
}

}  // namespace holdfast::storage
