#include "storage/s3/s3_signed_chunks.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

#include "base/error.h"
#include "codec/digest.h"
#include "codec/text.h"

namespace holdfast::storage {

namespace {

constexpr std::string_view kSignature = ";chunk-signature=";
constexpr std::uint64_t kSignatureSize = 64;

std::uint64_t framed_chunk(std::uint64_t size) {
  return fmt::formatted_size("{:x}", size) + kSignature.size() + kSignatureSize + 2 + size + 2;
}

std::uint64_t framed_size(std::uint64_t size) {
  std::uint64_t total = size / SignedChunks::kChunk * framed_chunk(SignedChunks::kChunk);
  if (std::uint64_t rest = size % SignedChunks::kChunk) total += framed_chunk(rest);
  return total + framed_chunk(0);
}

}  // namespace

SignedChunks::SignedChunks(Source& inner, std::uint64_t size, std::string name)
    : inner_(inner), name_(std::move(name)), inner_left_(size), left_(framed_size(size)) {}

void SignedChunks::next_chunk() {
  if (!signer_) throw Failed("put " + name_, "the body was not signed");
  const auto size = std::size_t(std::min<std::uint64_t>(inner_left_, kChunk));
  std::string bytes(size, '\0');
  if (read_full(inner_, bytes) < size) {
    throw Failed("put " + name_, "the body is shorter than announced");
  }
  inner_left_ -= size;
  if (size == 0) {
    // The end is read before the last chunk goes out: the body's own checks throw there.
    char beyond;
    if (inner_.read({&beyond, 1}) != 0) {
      throw Failed("put " + name_, "the body is longer than announced");
    }
    ended_ = true;
  }
  const std::string signature =
      signer_->next_chunk(codec::to_hex(codec::digest_of(codec::DigestAlgorithm::kSha256, bytes)));
  text_ = fmt::format("{:x}{}{}\r\n", size, kSignature, signature);
  text_ += bytes;
  text_ += "\r\n";
  text_from_ = 0;
}

std::size_t SignedChunks::read(std::span<char> into) {
  if (into.empty()) return 0;
  if (text_from_ == text_.size() && !ended_) next_chunk();
  const std::size_t count = std::min(into.size(), text_.size() - text_from_);
  std::memcpy(into.data(), text_.data() + text_from_, count);
  text_from_ += count;
  left_ -= count;
  return count;
}

}  // namespace holdfast::storage
