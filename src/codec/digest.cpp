#include "codec/digest.h"

#include <array>
#include <openssl/evp.h>
#include <utility>
#include <vector>

#include "base/error.h"
#include "codec/crc.h"

namespace holdfast::codec {

namespace {

constexpr std::size_t kHmacBlock = 64;  // of SHA-1 and SHA-256 alike

[[noreturn]] void fail_digest(std::string_view step) {
  throw Failed("compute a digest", std::string(step), "check the system's OpenSSL configuration");
}

constexpr bool is_crc(DigestAlgorithm algorithm) { return algorithm >= DigestAlgorithm::kCrc32; }

CrcKind crc_kind(DigestAlgorithm algorithm) {
  if (algorithm == DigestAlgorithm::kCrc32) return CrcKind::kCrc32;
  return algorithm == DigestAlgorithm::kCrc32c ? CrcKind::kCrc32c : CrcKind::kCrc64Nvme;
}

std::uint64_t crc_start(DigestAlgorithm algorithm) {
  return digest_size(algorithm) == 8 ? ~0ull : 0xFFFFFFFFull;
}

// Looked up once: a lookup by name in OpenSSL 3 costs more than the digest of a small object.
const EVP_MD* method_of(DigestAlgorithm algorithm) {
  static const std::array<const EVP_MD*, 3> methods = {EVP_MD_fetch(nullptr, "MD5", nullptr),
                                                       EVP_MD_fetch(nullptr, "SHA1", nullptr),
                                                       EVP_MD_fetch(nullptr, "SHA256", nullptr)};
  const EVP_MD* method = methods[static_cast<std::size_t>(algorithm)];
  if (!method) fail_digest("OpenSSL does not offer " + std::string(name_of(algorithm)));
  return method;
}

// Contexts that ended, kept by thread and algorithm: taking one up again costs no allocation.
class ContextPool {
 public:
  ~ContextPool() {
    gone_ = true;
    for (auto& list : free_) {
      for (EVP_MD_CTX* context : list) EVP_MD_CTX_free(context);
    }
  }

  static EVP_MD_CTX* take(DigestAlgorithm algorithm) {
    if (!gone_) {
      auto& list = here().free_[static_cast<std::size_t>(algorithm)];
      if (!list.empty()) {
        EVP_MD_CTX* context = list.back();
        list.pop_back();
        return context;
      }
    }
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    if (!context) throw std::bad_alloc();
    return context;
  }

  static void give_back(DigestAlgorithm algorithm, EVP_MD_CTX* context) noexcept {
    if (!gone_) {
      auto& list = here().free_[static_cast<std::size_t>(algorithm)];
      if (list.size() < kMost) {
        list.push_back(context);
        return;
      }
    }
    EVP_MD_CTX_free(context);
  }

 private:
  static constexpr std::size_t kMost = 8;

  ContextPool() {
    for (auto& list : free_) list.reserve(kMost);
  }
  static ContextPool& here() {
    thread_local ContextPool pool;
    return pool;
  }

  // Set when the thread's pool is destroyed, for digests that outlive it.
  static thread_local bool gone_;
  std::array<std::vector<EVP_MD_CTX*>, 3> free_;
};

thread_local bool ContextPool::gone_ = false;

// A pooled context, started anew.
class HashContext {
 public:
  explicit HashContext(DigestAlgorithm algorithm)
      : algorithm_(algorithm),
        method_(method_of(algorithm)),
        context_(ContextPool::take(algorithm)) {
    start();
  }
  HashContext(const HashContext&) = delete;
  HashContext& operator=(const HashContext&) = delete;
  ~HashContext() { ContextPool::give_back(algorithm_, context_); }

  void start() {
    if (EVP_DigestInit_ex2(context_, method_, nullptr) != 1) fail_digest("it cannot be started");
  }
  void update(std::string_view bytes) {
    if (EVP_DigestUpdate(context_, bytes.data(), bytes.size()) != 1) fail_digest("it broke off");
  }
  // Writes digest_size() bytes.
  void finish(unsigned char* out) {
    if (EVP_DigestFinal_ex(context_, out, nullptr) != 1) fail_digest("it cannot be ended");
  }

 private:
  DigestAlgorithm algorithm_;
  const EVP_MD* method_;
  EVP_MD_CTX* context_;
};

}  // namespace

std::size_t digest_size(DigestAlgorithm algorithm) {
  switch (algorithm) {
    case DigestAlgorithm::kMd5:
      return 16;
    case DigestAlgorithm::kSha1:
      return 20;
    case DigestAlgorithm::kSha256:
      return 32;
    case DigestAlgorithm::kCrc32:
    case DigestAlgorithm::kCrc32c:
      return 4;
    case DigestAlgorithm::kCrc64Nvme:
      return 8;
  }
  return 0;
}

std::string_view name_of(DigestAlgorithm algorithm) {
  switch (algorithm) {
    case DigestAlgorithm::kMd5:
      return "MD5";
    case DigestAlgorithm::kSha1:
      return "SHA1";
    case DigestAlgorithm::kSha256:
      return "SHA256";
    case DigestAlgorithm::kCrc32:
      return "CRC32";
    case DigestAlgorithm::kCrc32c:
      return "CRC32C";
    case DigestAlgorithm::kCrc64Nvme:
      return "CRC64NVME";
  }
  return "";
}

std::optional<DigestAlgorithm> parse_digest_algorithm(std::string_view name) {
  std::string upper(name);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  for (auto algorithm :
       {DigestAlgorithm::kMd5, DigestAlgorithm::kSha1, DigestAlgorithm::kSha256,
        DigestAlgorithm::kCrc32, DigestAlgorithm::kCrc32c, DigestAlgorithm::kCrc64Nvme}) {
    if (upper == name_of(algorithm)) return algorithm;
  }
  return std::nullopt;
}

struct Digest::State {
  explicit State(DigestAlgorithm which) : algorithm(which) {
    if (is_crc(which)) {
      crc = crc_start(which);
    } else {
      hash.emplace(which);
    }
  }
  DigestAlgorithm algorithm;
  std::optional<HashContext> hash;  // none for a CRC
  std::uint64_t crc = 0;
};

Digest::Digest(DigestAlgorithm algorithm) : state_(std::make_unique<State>(algorithm)) {}
Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;
Digest::~Digest() = default;

void Digest::update(std::string_view bytes) {
  if (state_->hash) {
    state_->hash->update(bytes);
  } else {
    state_->crc = update_crc(crc_kind(state_->algorithm), state_->crc, bytes);
  }
}

std::string Digest::finish() {
  std::size_t size = digest_size(state_->algorithm);
  std::string out(size, '\0');
  if (state_->hash) {
    state_->hash->finish(reinterpret_cast<unsigned char*>(out.data()));
    state_->hash->start();
    return out;
  }
  std::uint64_t value = ~state_->crc;
  for (std::size_t i = 0; i < size; ++i) {
    out[size - 1 - i] = static_cast<char>(value >> (8 * i) & 0xff);
  }
  state_->crc = crc_start(state_->algorithm);
  return out;
}

DigestAlgorithm Digest::algorithm() const { return state_->algorithm; }

std::string digest_of(DigestAlgorithm algorithm, std::string_view bytes) {
  Digest digest(algorithm);
  digest.update(bytes);
  return digest.finish();
}

namespace {

// By hand from RFC 2104: OpenSSL's own HMAC looks its method up and allocates on every call.
std::string hmac(DigestAlgorithm algorithm, std::string_view key, std::string_view bytes) {
  HashContext hash(algorithm);
  std::array<unsigned char, kHmacBlock> block{};
  if (key.size() > block.size()) {
    hash.update(key);
    hash.finish(block.data());
    hash.start();
  } else {
    for (std::size_t i = 0; i < key.size(); ++i) block[i] = static_cast<unsigned char>(key[i]);
  }
  auto keyed = [&](unsigned char pad, std::string_view rest) {
    std::array<char, kHmacBlock> padded{};
    for (std::size_t i = 0; i < padded.size(); ++i) padded[i] = static_cast<char>(block[i] ^ pad);
    hash.update({padded.data(), padded.size()});
    hash.update(rest);
    std::string out(digest_size(algorithm), '\0');
    hash.finish(reinterpret_cast<unsigned char*>(out.data()));
    return out;
  };
  std::string inner = keyed(0x36, bytes);
  hash.start();
  return keyed(0x5C, inner);
}

}  // namespace

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  return hmac(DigestAlgorithm::kSha256, key, bytes);
}

std::string hmac_sha1(std::string_view key, std::string_view bytes) {
  return hmac(DigestAlgorithm::kSha1, key, bytes);
}

}  // namespace holdfast::codec
