#include "datastore/victoria_metrics/file_digest.h"

#include <algorithm>
#include <vector>

#include "codec/digest.h"

namespace holdfast::datastore::vm {

namespace {

constexpr std::size_t kReadAtOnce = 256 << 10;

}  // namespace

transfer::ObjectDigest digest_of_file(const Context& context, const fs::path& path,
                                      std::uint64_t offset, std::uint64_t size,
                                      std::uint64_t piece_size) {
  Descriptor file = open_for_reading(path);
  FileSource source({file.get(), offset, size}, path.string());
  codec::Digest piece(codec::DigestAlgorithm::kSha256), whole(codec::DigestAlgorithm::kSha256);
  std::vector<char> buffer(std::size_t(std::min<std::uint64_t>(kReadAtOnce, size + 1)));
  std::uint64_t in_piece = 0;
  const bool tree = size > piece_size;
  while (true) {
    std::size_t want = std::size_t(std::min<std::uint64_t>(buffer.size(), piece_size - in_piece));
    std::size_t count = source.read({buffer.data(), want});
    if (count == 0) break;
    piece.update({buffer.data(), count});
    in_piece += count;
    if (tree && in_piece == piece_size) {
      context.check("check " + path.string());
      whole.update(piece.finish());
      in_piece = 0;
    }
  }
  if (tree && in_piece > 0) whole.update(piece.finish());
  return {size, piece_size, tree ? whole.finish() : piece.finish()};
}

}  // namespace holdfast::datastore::vm
