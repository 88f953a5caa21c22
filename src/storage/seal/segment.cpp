#include "storage/seal/segment.h"

#include "base/error.h"
#include "base/random.h"
#include "codec/aead.h"
#include "codec/digest.h"

namespace holdfast::storage {

namespace {

constexpr std::string_view kMagic = "hfsealed";
constexpr unsigned kVersion = 1;
constexpr unsigned kChunkBits = 16;
constexpr std::size_t kSalt = 32;
constexpr std::size_t kSaltAt = 48, kWrappedAt = kSaltAt + kSalt;
constexpr std::size_t kWrapped = codec::kAesKeySize + codec::kGcmTagSize;
constexpr std::size_t kSumAt = kWrappedAt + kWrapped;
constexpr std::string_view kWrapInfo = "holdfast sealed 1 wrap";
constexpr std::string_view kKeyIdInfo = "holdfast sealed 1 key id";
static_assert(kSumAt + 4 == kSegmentHeader && kSealedChunk == 1u << kChunkBits);

void add_number(std::string& out, std::uint64_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i, value >>= 8) out += char(value & 0xff);
}

std::uint64_t number_at(std::string_view bytes, std::size_t at, unsigned size) {
  std::uint64_t value = 0;
  for (unsigned i = size; i-- > 0;) {
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  }
  return value;
}

std::string sum_of(std::string_view bytes) {
  return codec::digest_of(codec::DigestAlgorithm::kCrc32c, bytes);
}

Secret wrapping_key(const Secret& key, std::string_view salt) {
  return codec::hkdf_sha256(key, salt, kWrapInfo, codec::kAesKeySize);
}

// One message is wrapped with a wrapping key, ever.
const std::string kWrapNonce(codec::kGcmNonceSize, '\0');

}  // namespace

std::uint64_t sealed_size(std::uint64_t plain) {
  const std::uint64_t chunks = (plain + kSealedChunk - 1) / kSealedChunk;
  return kSegmentHeader + plain + chunks * codec::kGcmTagSize;
}

std::optional<std::uint64_t> plain_size(std::uint64_t sealed) {
  if (sealed < kSegmentHeader || sealed > 2 * kMostSealed) return std::nullopt;
  const std::uint64_t rest = sealed - kSegmentHeader;
  constexpr std::uint64_t kWhole = kSealedChunk + codec::kGcmTagSize;
  const std::uint64_t last = rest % kWhole;
  if (last > 0 && last <= codec::kGcmTagSize) return std::nullopt;
  return rest / kWhole * kSealedChunk + (last > 0 ? last - codec::kGcmTagSize : 0);
}

std::string key_id_of(const Secret& key) {
  return codec::hkdf_sha256(key, "", kKeyIdInfo, kSealKeyId).reveal();
}

std::string new_object_id() { return random_bytes(kSealObjectId); }

std::string encode_segment(const Segment& segment, const Secret& key, std::string_view salt) {
  const SegmentHeader& header = segment.header;
  if (header.object.size() != kSealObjectId || header.key_id.size() != kSealKeyId ||
      salt.size() != kSalt || header.size > kMostSealed) {
    throw InvalidArgument("seal an object", "a part of the header has the wrong size");
  }
  std::string out(kMagic);
  add_number(out, kVersion, 1);
  add_number(out, unsigned(header.with), 1);
  add_number(out, kChunkBits, 1);
  add_number(out, 0, 1);
  add_number(out, header.part, 4);
  add_number(out, header.size, 8);
  out += header.object;
  out += header.key_id;
  out += salt;
  std::string wrapped(kWrapped, '\0');
  codec::AesGcm(wrapping_key(key, salt)).seal(kWrapNonce, out, segment.key.reveal(), wrapped);
  out += wrapped;
  return out + sum_of(out);
}

Segment new_segment(const SegmentHeader& header, const Secret& key, std::string& bytes) {
  Segment segment{header, Secret(random_bytes(codec::kAesKeySize))};
  bytes = encode_segment(segment, key, random_bytes(kSalt));
  return segment;
}

std::optional<SegmentHeader> read_segment(std::string_view bytes, const std::string& what) {
  if (bytes.size() != kSegmentHeader || !bytes.starts_with(kMagic)) return std::nullopt;
  if (sum_of(bytes.substr(0, kSumAt)) != bytes.substr(kSumAt)) return std::nullopt;
  if (number_at(bytes, 8, 1) != kVersion) {
    throw Unsupported(what, "it was sealed by a newer holdfast", "use that one");
  }
  const std::uint64_t with = number_at(bytes, 9, 1);
  SegmentHeader header;
  header.part = unsigned(number_at(bytes, 12, 4));
  header.size = number_at(bytes, 16, 8);
  header.object = bytes.substr(24, kSealObjectId);
  header.key_id = bytes.substr(40, kSealKeyId);
  const bool known =
      with == unsigned(SealedWith::kCustomerKey) || with == unsigned(SealedWith::kOwnKey);
  if (!known || number_at(bytes, 10, 1) != kChunkBits || number_at(bytes, 11, 1) != 0 ||
      header.size > kMostSealed) {
    return std::nullopt;
  }
  header.with = SealedWith(with);
  return header;
}

std::optional<Segment> open_segment(std::string_view bytes, const SegmentHeader& header,
                                    const Secret& key) {
  std::string out(codec::kAesKeySize, '\0');
  codec::AesGcm cipher(wrapping_key(key, bytes.substr(kSaltAt, kSalt)));
  if (!cipher.open(kWrapNonce, bytes.substr(0, kWrappedAt), bytes.substr(kWrappedAt, kWrapped),
                   out)) {
    return std::nullopt;
  }
  return Segment{header, Secret(std::move(out))};
}

std::string chunk_nonce(std::uint64_t number) {
  std::string nonce(codec::kGcmNonceSize - 8, '\0');
  add_number(nonce, number, 8);
  return nonce;
}

}  // namespace holdfast::storage
