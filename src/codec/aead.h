// Authenticated encryption: AES-256 in Galois/Counter Mode (NIST SP 800-38D), and keys made of keys
// (HKDF with SHA-256, RFC 5869).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/secret.h"

struct evp_cipher_ctx_st;

namespace holdfast::codec {

inline constexpr std::size_t kAesKeySize = 32;    // bytes
inline constexpr std::size_t kGcmNonceSize = 12;  // never twice with one key
inline constexpr std::size_t kGcmTagSize = 16;    // what sealing adds

// One key, many messages. Not thread-safe. Borrows nothing.
class AesGcm {
 public:
  // InvalidArgument unless the key has kAesKeySize bytes.
  explicit AesGcm(const Secret& key);
  ~AesGcm();
  AesGcm(const AesGcm&) = delete;
  AesGcm& operator=(const AesGcm&) = delete;

  // Writes plain.size() + kGcmTagSize bytes to `out`, which does not overlap `plain`.
  void seal(std::string_view nonce, std::string_view associated, std::string_view plain,
            std::span<char> out);
  // Writes sealed.size() - kGcmTagSize bytes to `out`. False: these bytes were not sealed with this
  // key, nonce and associated text; what `out` then holds is worth nothing.
  bool open(std::string_view nonce, std::string_view associated, std::string_view sealed,
            std::span<char> out);

 private:
  evp_cipher_ctx_st* sealing_ = nullptr;
  evp_cipher_ctx_st* opening_ = nullptr;
  Secret key_;
};

// `size` bytes, at most 8,160.
Secret hkdf_sha256(const Secret& key, std::string_view salt, std::string_view info,
                   std::size_t size);

}  // namespace holdfast::codec
