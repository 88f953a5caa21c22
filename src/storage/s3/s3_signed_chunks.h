// A body that passes once, signed chunk by chunk (STREAMING-AWS4-HMAC-SHA256-PAYLOAD): each chunk's
// signature covers its bytes and the chunk before. Source: AWS "Signature calculations:
// transferring payload in multiple chunks".
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/stream.h"
#include "codec/sigv4.h"

namespace holdfast::storage {

// Borrows `inner`. One chunk is held in memory: what is signed goes before it.
class SignedChunks : public Source {
 public:
  static constexpr std::size_t kChunk = 128 * 1024;

  SignedChunks(Source& inner, std::uint64_t size, std::string name);
  // Before the first read: the request's own signature is what the first chunk's follows.
  void sign_with(codec::ChunkSigner signer) { signer_.emplace(std::move(signer)); }
  // Failed when the body is shorter or longer than announced, and what it throws.
  std::size_t read(std::span<char> into) override;
  std::optional<std::uint64_t> size() const override { return left_; }

 private:
  void next_chunk();

  Source& inner_;
  const std::string name_;
  std::optional<codec::ChunkSigner> signer_;
  std::uint64_t inner_left_;  // bytes of the object still to come
  std::uint64_t left_;        // of everything
  std::string text_;          // a chunk with its framing
  std::size_t text_from_ = 0;
  bool ended_ = false;
};

}  // namespace holdfast::storage
