// Encrypted objects of the folder: which key seals and opens, and bytes on their way in and out
// (docs/formats/sealed.md, docs/design/sealing.md).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "storage/folder/body_writer.h"
#include "storage/folder/version_keeper.h"
#include "storage/rules.h"
#include "storage/seal/opening_source.h"

namespace holdfast::storage {

// What a new object or upload is sealed with.
struct SealingKey {
  SealedWith with = SealedWith::kCustomerKey;
  Secret key;
  std::string key_id;  // of the header
};
// InvalidArgument for a customer's key that has not 32 bytes; Unsupported (code NotImplemented) for
// what the folder cannot do, or has no key for.
SealingKey sealing_key(const FolderOptions& options, const EncryptionRequest& request,
                       const std::string& what);

// The head of an upload that will be sealed: an empty segment, which knows the key again.
std::string begin_sealed_upload(const SealingKey& key);
// What the parts of that upload are sealed with. InvalidArgument (code kKeyMismatch) when the
// request brings another key than the one that it was begun with, none, or one in vain. nullopt:
// the upload (an empty `head`) is not sealed.
std::optional<SealingKey> key_of_part(const FolderOptions& options, const std::string& head,
                                      const EncryptionRequest& request, const std::string& what);

struct SealedPart {
  SealingKey key;
  std::string object;  // id, of SegmentHeader
  unsigned part = 0;
};
// As write_body(), which gets the sealed bytes; what the request tells of its bytes is compared
// with the plain ones. `size` is of the sealed bytes, `md5` of what the ETag is made of: the sealed
// bytes under a customer's key, else the plain ones.
WrittenBody write_sealed_body(const Context& context, Core& core, const ObjectRef& ref,
                              Source& body, const PutRequest& request, int file,
                              std::uint64_t offset, const SealedPart& seal,
                              std::optional<codec::DigestAlgorithm> kind = std::nullopt);

// Sizes of a sealed object's parts as clients see them.
std::vector<std::uint64_t> shown_part_sizes(const Label& label, const std::string& what);

// Parts of an object, sealed or not, as clients see them; empty where their checksums are not kept.
std::vector<ObjectPart> shown_parts(const Label& label, const ObjectRef& ref);

// Throws InvalidArgument (code kKeyMismatch) or AccessDenied (code kOtherKey) when `customer_key`
// is given and does not fit the object.
void check_customer_key(const FolderOptions& options, const OpenObject& object,
                        const Secret& customer_key, const ObjectRef& ref);
// The object's plain bytes, whether it is sealed or not. Borrows `object`. Throws as
// check_customer_key(), and InvalidArgument (code kKeyMismatch) when there should be a key.
std::unique_ptr<Source> open_plain(const FolderOptions& options, const OpenObject& object,
                                   const Secret& customer_key, Stretch stretch,
                                   const ObjectRef& ref, Damage damage = Damage::kThrows);

}  // namespace holdfast::storage
