#include "storage/folder/sealed_object.h"

#include "base/error.h"
#include "codec/text.h"
#include "storage/seal/sealing_source.h"

namespace holdfast::storage {

namespace {

[[noreturn]] void mismatch(const std::string& what, std::string why) {
  throw InvalidArgument::with_code(kKeyMismatch, what, std::move(why));
}

void check_size(const Secret& key, const std::string& what) {
  if (key.reveal().size() != codec::kAesKeySize) {
    throw InvalidArgument(what, "the customer's key does not have 32 bytes");
  }
}

const Secret& own_key(const FolderOptions& options, const std::string& id,
                      const std::string& what) {
  for (const Secret& key : options.own_keys) {
    if (key_id_of(key) == id) return key;
  }
  throw Failed(what,
               "it is encrypted with the key " + codec::to_hex(id) +
                   ", which is not among holdfast.storage.encryption.keys",
               "add that key to the list again");
}

SealKeys opening_keys(const FolderOptions& options, const Secret& customer_key,
                      const std::string& what) {
  return [&options, customer_key, what](const SegmentHeader& header) {
    if (header.with == SealedWith::kOwnKey) return own_key(options, header.key_id, what);
    check_size(customer_key, what);
    return customer_key;
  };
}

std::vector<std::uint64_t> segments_of(const Label& label) {
  if (!label.part_sizes.empty()) return label.part_sizes;
  return {label.stamp.size};
}

std::unique_ptr<Source> opening(const FolderOptions& options, const OpenObject& object,
                                const Secret& customer_key, Stretch stretch, const ObjectRef& ref,
                                Damage damage = Damage::kThrows) {
  const std::string what = "read " + ref.text();
  const int file = object.file.file.get();
  SealedBytes sealed;
  sealed.read_at = [file, what](std::uint64_t offset, std::span<char> into) {
    FileSource source({file, offset, into.size()}, what);
    read_full(source, into);
  };
  sealed.segments = segments_of(object.stored.label);
  sealed.what = what;
  return std::make_unique<OpeningSource>(
      std::move(sealed), opening_keys(options, customer_key, what), stretch, damage);
}

bool under_customer_key(const OpenObject& object) {
  const auto& sealed = object.stored.label.sealed;
  return sealed && sealed->with == SealedWith::kCustomerKey;
}

}  // namespace

SealingKey sealing_key(const FolderOptions& options, const EncryptionRequest& request,
                       const std::string& what) {
  if (!request.customer_key.empty()) {
    check_size(request.customer_key, what);
    return {SealedWith::kCustomerKey, request.customer_key, std::string(kSealKeyId, '\0')};
  }
  if (request.algorithm != "AES256" || !request.key_id.empty()) {
    throw Unsupported::with_code("NotImplemented", what, "a folder has no key management service");
  }
  if (options.own_keys.empty()) {
    throw Unsupported::with_code("NotImplemented", what, "the folder has no key to encrypt with",
                                 "set holdfast.storage.encryption.keys");
  }
  const Secret& key = options.own_keys.front();
  return {SealedWith::kOwnKey, key, key_id_of(key)};
}

std::string begin_sealed_upload(const SealingKey& key) {
  std::string bytes;
  new_segment({key.with, 0, 0, new_object_id(), key.key_id}, key.key, bytes);
  return bytes;
}

std::optional<SealingKey> key_of_part(const FolderOptions& options, const std::string& head,
                                      const EncryptionRequest& request, const std::string& what) {
  std::optional<SegmentHeader> header;
  if (!head.empty()) {
    header = read_segment(head, what);
    if (!header) throw Corrupt(what, "the upload's head is damaged", "begin the upload anew");
  }
  if (!header || header->with == SealedWith::kOwnKey) {
    if (!request.customer_key.empty()) mismatch(what, "the upload was begun without such a key");
    if (!header) return std::nullopt;
    return sealing_key(options, {.algorithm = "AES256"}, what);
  }
  if (request.customer_key.empty()) {
    mismatch(what, "the upload was begun with a key, which each part must bring");
  }
  check_size(request.customer_key, what);
  if (!open_segment(head, *header, request.customer_key)) {
    mismatch(what, "the key is not the one that the upload was begun with");
  }
  return sealing_key(options, {.customer_key = request.customer_key}, what);
}

WrittenBody write_sealed_body(const Context& context, Core& core, const ObjectRef& ref,
                              Source& body, const PutRequest& request, int file,
                              std::uint64_t offset, const SealedPart& seal,
                              std::optional<codec::DigestAlgorithm> kind) {
  constexpr auto kMd5 = codec::DigestAlgorithm::kMd5;
  const SealingKey& key = seal.key;
  const bool own = key.with == SealedWith::kOwnKey;
  SealingSource sealing(body, {key.with, seal.part, 0, seal.object, key.key_id}, key.key,
                        "put " + ref.text());
  const auto& announced = request.attributes.checksum;
  if (announced && announced->algorithm == kind) kind.reset();
  if (own || request.md5) sealing.add_digest(kMd5);
  if (kind) sealing.add_digest(*kind);

  // Of the sealed bytes only where that is the ETag: one MD5 a byte.
  WrittenBody out = write_body(context, core, ref, sealing, {}, file, offset, std::nullopt,
                               own ? Md5::kLeft : Md5::kTaken);
  std::string plain_md5 = own || request.md5 ? sealing.digest(kMd5) : "";
  check_digest(request.md5, plain_md5, ref);
  if (own) out.md5 = std::move(plain_md5);
  out.checksum = announced;
  if (request.checksum_at_end) {
    if (auto trailer = request.checksum_at_end()) out.checksum = std::move(trailer);
  }
  const bool given = out.checksum && kind && out.checksum->algorithm == *kind;
  if (kind && !given) out.checksum = Checksum{*kind, sealing.digest(*kind)};
  return out;
}

std::vector<std::uint64_t> shown_part_sizes(const Label& label, const std::string& what) {
  if (label.part_sizes.empty()) return {};
  return plain_sizes({{}, label.part_sizes, what});
}

std::vector<ObjectPart> shown_parts(const Label& label, const ObjectRef& ref) {
  std::vector<ObjectPart> parts;
  if (label.part_checksums.empty() || label.part_sizes.empty()) return parts;
  const std::size_t size = label.part_checksums.size() / label.part_sizes.size();
  const auto sizes =
      label.sealed ? shown_part_sizes(label, "read " + ref.text()) : label.part_sizes;
  for (std::uint64_t each : sizes) {
    parts.push_back({each, label.part_checksums.substr(parts.size() * size, size)});
  }
  return parts;
}

void check_customer_key(const FolderOptions& options, const OpenObject& object,
                        const Secret& customer_key, const ObjectRef& ref) {
  if (customer_key.empty()) return;
  if (!under_customer_key(object)) {
    mismatch("read " + ref.text(), "the object is not encrypted with a customer's key");
  }
  opening(options, object, customer_key, {0, 0}, ref);
}

std::unique_ptr<Source> open_plain(const FolderOptions& options, const OpenObject& object,
                                   const Secret& customer_key, Stretch stretch,
                                   const ObjectRef& ref, Damage damage) {
  if (!object.stored.label.sealed) {
    check_customer_key(options, object, customer_key, ref);
    return std::make_unique<FileSource>(
        FileRegion{object.file.file.get(), stretch.offset, stretch.length}, ref.text());
  }
  if (!under_customer_key(object)) {
    check_customer_key(options, object, customer_key, ref);
  } else if (customer_key.empty()) {
    mismatch("read " + ref.text(),
             "the object is encrypted with a customer's key, which the request must bring");
  }
  return opening(options, object, customer_key, stretch, ref, damage);
}

}  // namespace holdfast::storage
