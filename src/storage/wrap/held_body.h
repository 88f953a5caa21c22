// A body that is read into memory before it is sent, so that it can be sent again.
#pragma once

#include <optional>

#include "storage/held_memory.h"
#include "storage/storage.h"

namespace holdfast::storage {

inline constexpr std::uint64_t kMostHeldBody = 8 << 20;  // bytes; larger ones pass through

// Borrows the body and the request; lives as long as they are used.
class HeldBody {
 public:
  // Reads the body to its end when `memory` is given, the body cannot be rewound, its size is known
  // and not too large, and there is room for all of it. Throws what the body throws, and
  // InvalidArgument (code kIncompleteBody) when it has not the size that it announced.
  HeldBody(HeldMemory* memory, const ObjectRef& ref, Source& body, const PutRequest& request);

  Source& body() { return held_ ? *held_ : body_; }
  // What the body's end told is among the attributes.
  const PutRequest& request() const { return told_ ? *told_ : request_; }

 private:
  Source& body_;
  const PutRequest& request_;
  std::optional<HeldMemory::Room> room_;
  std::optional<MemorySource> held_;
  std::optional<PutRequest> told_;
};

}  // namespace holdfast::storage
