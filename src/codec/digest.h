// Digests and checksums over streams.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace holdfast::codec {

enum class DigestAlgorithm { kMd5, kSha1, kSha256, kCrc32, kCrc32c, kCrc64Nvme };

std::size_t digest_size(DigestAlgorithm algorithm);  // bytes
// "MD5", "SHA1", "SHA256", "CRC32", "CRC32C", "CRC64NVME", as S3 writes them; parse is
// case-insensitive.
std::string_view name_of(DigestAlgorithm algorithm);
std::optional<DigestAlgorithm> parse_digest_algorithm(std::string_view name);

// One running digest. Not thread-safe. CRCs use the processor's instructions where it has them; all
// checksums come out big-endian, as S3's base64 values hold them.
class Digest {
 public:
  explicit Digest(DigestAlgorithm algorithm);
  Digest(Digest&&) noexcept;
  Digest& operator=(Digest&&) noexcept;
  ~Digest();
  void update(std::string_view bytes);
  // The raw digest; the object starts anew afterwards.
  std::string finish();
  DigestAlgorithm algorithm() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string digest_of(DigestAlgorithm algorithm, std::string_view bytes);  // raw
std::string hmac_sha256(std::string_view key, std::string_view bytes);     // raw
std::string hmac_sha1(std::string_view key, std::string_view bytes);       // raw

}  // namespace holdfast::codec
