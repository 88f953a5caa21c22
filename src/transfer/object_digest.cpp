#include "transfer/object_digest.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "codec/digest.h"
#include "codec/text.h"

namespace holdfast::transfer {

namespace {

constexpr std::string_view kPlain = "sha256";
constexpr std::string_view kTree = "sha256-tree-";

std::optional<std::uint64_t> parse_piece_size(std::string_view text) {
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value == 0 || text[0] == '0') {
    return std::nullopt;
  }
  return value;
}

}  // namespace

std::uint64_t piece_count(std::uint64_t size, std::uint64_t piece_size) {
  return size == 0 ? 1 : (size - 1) / piece_size + 1;
}

std::string ObjectDigest::text() const {
  std::string hex = codec::to_hex(sha256);
  if (size <= piece_size) return fmt::format("{}:{}", kPlain, hex);
  return fmt::format("{}{}:{}", kTree, piece_size, hex);
}

bool operator==(const ObjectDigest& a, const ObjectDigest& b) {
  bool both_plain = a.size <= a.piece_size && b.size <= b.piece_size;
  return a.size == b.size && (both_plain || a.piece_size == b.piece_size) && a.sha256 == b.sha256;
}

std::optional<ObjectDigest> parse_object_digest(std::string_view text, std::uint64_t size) {
  std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view kind = text.substr(0, colon), hex = text.substr(colon + 1);
  ObjectDigest digest{.size = size, .piece_size = std::max(kDigestPiece, size)};
  if (kind.starts_with(kTree)) {
    auto piece_size = parse_piece_size(kind.substr(kTree.size()));
    if (!piece_size || size <= *piece_size || piece_count(size, *piece_size) > kMaxPieces) {
      return std::nullopt;
    }
    digest.piece_size = *piece_size;
  } else if (kind != kPlain) {
    return std::nullopt;
  }
  auto raw = codec::from_hex(hex);
  if (!raw || raw->size() != codec::digest_size(codec::DigestAlgorithm::kSha256)) {
    return std::nullopt;
  }
  digest.sha256 = *raw;
  return digest;
}

ObjectDigest object_digest_of(std::string_view bytes, std::uint64_t piece_size) {
  PieceDigests pieces(bytes.size(), piece_size);
  for (std::uint64_t i = 0; i < pieces.count(); ++i) {
    std::string_view piece =
        bytes.substr(std::size_t(pieces.offset(i)), std::size_t(pieces.length(i)));
    pieces.set(i, codec::digest_of(codec::DigestAlgorithm::kSha256, piece));
  }
  return pieces.finish();
}

PieceDigests::PieceDigests(std::uint64_t size, std::uint64_t piece_size)
    : size_(size), piece_size_(piece_size), raw_(std::size_t(piece_count(size, piece_size))) {}

std::uint64_t PieceDigests::length(std::uint64_t index) const {
  return std::min(piece_size_, size_ - offset(index));
}

ObjectDigest PieceDigests::finish() const {
  ObjectDigest digest{.size = size_, .piece_size = piece_size_};
  if (raw_.size() == 1) {
    digest.sha256 = raw_[0];
    return digest;
  }
  codec::Digest all(codec::DigestAlgorithm::kSha256);
  for (const std::string& piece : raw_) all.update(piece);
  digest.sha256 = all.finish();
  return digest;
}

ObjectDigest object_digest_of(const Context& context, Source& source, std::uint64_t piece_size) {
  constexpr std::size_t kBuffer = 256 << 10;
  std::string buffer(std::size_t(std::min<std::uint64_t>(kBuffer, piece_size)), '\0');
  std::string last;
  std::uint64_t size = 0;
  std::uint64_t pieces = 0;
  codec::Digest whole(codec::DigestAlgorithm::kSha256);
  for (bool more = true; more;) {
    codec::Digest piece(codec::DigestAlgorithm::kSha256);
    std::uint64_t length = 0;
    while (length < piece_size) {
      context.check("hash a stream");
      const std::size_t wanted =
          std::size_t(std::min<std::uint64_t>(buffer.size(), piece_size - length));
      const std::size_t count = read_full(source, std::span(buffer.data(), wanted));
      piece.update(std::string_view(buffer.data(), count));
      length += count;
      if (count < wanted) {
        more = false;
        break;
      }
    }
    // A stream that ends with a piece has no empty one after it.
    if (length == 0 && pieces > 0) break;
    size += length;
    last = piece.finish();
    whole.update(last);
    ++pieces;
  }
  return {.size = size, .piece_size = piece_size, .sha256 = pieces == 1 ? last : whole.finish()};
}

}  // namespace holdfast::transfer
