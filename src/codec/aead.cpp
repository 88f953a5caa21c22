#include "codec/aead.h"

#include <openssl/evp.h>

#include "base/error.h"
#include "codec/digest.h"

namespace holdfast::codec {

namespace {

constexpr std::size_t kMostDerived = 255 * 32;  // bytes, RFC 5869

[[noreturn]] void fail_cipher(std::string_view step) {
  throw Failed("encrypt or decrypt", std::string(step), "check the system's OpenSSL configuration");
}

// Looked up once, as digests are.
const EVP_CIPHER* method() {
  static const EVP_CIPHER* const fetched = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  if (!fetched) fail_cipher("OpenSSL does not offer AES-256-GCM");
  return fetched;
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::span<char> out) {
  return reinterpret_cast<unsigned char*>(out.data());
}

// A context whose key schedule is made once; each message brings its nonce only.
evp_cipher_ctx_st* context_for(const Secret& key, bool sealing) {
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  if (!context) throw std::bad_alloc();
  if (EVP_CipherInit_ex2(context, method(), bytes_of(key.reveal()), nullptr, sealing ? 1 : 0,
                         nullptr) != 1) {
    EVP_CIPHER_CTX_free(context);
    fail_cipher("it cannot be started");
  }
  return context;
}

// Everything but the tag.
void run(EVP_CIPHER_CTX* context, std::string_view nonce, std::string_view associated,
         std::string_view in, std::span<char> out) {
  if (nonce.size() != kGcmNonceSize || in.size() > std::size_t(1) << 30) fail_cipher("bad sizes");
  int written = 0;
  bool good = EVP_CipherInit_ex2(context, nullptr, nullptr, bytes_of(nonce), -1, nullptr) == 1;
  if (good && !associated.empty()) {
    good = EVP_CipherUpdate(context, nullptr, &written, bytes_of(associated),
                            int(associated.size())) == 1;
  }
  if (good && !in.empty()) {
    good = EVP_CipherUpdate(context, bytes_of(out), &written, bytes_of(in), int(in.size())) == 1;
  }
  if (!good) fail_cipher("it broke off");
}

}  // namespace

AesGcm::AesGcm(const Secret& key) : key_(key) {
  if (key.reveal().size() != kAesKeySize) {
    throw InvalidArgument("use a key for AES-256", "it does not have 32 bytes");
  }
}

AesGcm::~AesGcm() {
  EVP_CIPHER_CTX_free(sealing_);
  EVP_CIPHER_CTX_free(opening_);
}

void AesGcm::seal(std::string_view nonce, std::string_view associated, std::string_view plain,
                  std::span<char> out) {
  if (out.size() < plain.size() + kGcmTagSize) fail_cipher("bad sizes");
  if (!sealing_) sealing_ = context_for(key_, true);
  run(sealing_, nonce, associated, plain, out);
  unsigned char nothing[16];
  int written = 0;
  if (EVP_CipherFinal_ex(sealing_, nothing, &written) != 1 ||
      EVP_CIPHER_CTX_ctrl(sealing_, EVP_CTRL_AEAD_GET_TAG, int(kGcmTagSize),
                          out.data() + plain.size()) != 1) {
    fail_cipher("it cannot be ended");
  }
}

bool AesGcm::open(std::string_view nonce, std::string_view associated, std::string_view sealed,
                  std::span<char> out) {
  if (sealed.size() < kGcmTagSize) return false;
  const std::string_view in = sealed.substr(0, sealed.size() - kGcmTagSize);
  std::string tag(sealed.substr(in.size()));
  if (out.size() < in.size()) fail_cipher("bad sizes");
  if (!opening_) opening_ = context_for(key_, false);
  run(opening_, nonce, associated, in, out);
  if (EVP_CIPHER_CTX_ctrl(opening_, EVP_CTRL_AEAD_SET_TAG, int(kGcmTagSize), tag.data()) != 1) {
    fail_cipher("it cannot be ended");
  }
  unsigned char nothing[16];
  int written = 0;
  return EVP_CipherFinal_ex(opening_, nothing, &written) == 1;
}

// By hand, as HMAC is: three lines of RFC 5869.
Secret hkdf_sha256(const Secret& key, std::string_view salt, std::string_view info,
                   std::size_t size) {
  if (size > kMostDerived) fail_cipher("bad sizes");
  const Secret pseudorandom(hmac_sha256(salt, key.reveal()));
  std::string out, block;
  for (char counter = 1; out.size() < size; ++counter) {
    block = hmac_sha256(pseudorandom.reveal(), block + std::string(info) + counter);
    out += block;
  }
  out.resize(size);
  return Secret(std::move(out));
}

}  // namespace holdfast::codec
