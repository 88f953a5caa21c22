// Heads of sealed bytes and the headers that bring keys. The first byte of the input says which:
// h HTTP headers (`name: value LF` each), else sealed bytes whose head is given a right sum.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "codec/digest.h"
#include "gateway/encryption.h"
#include "property.h"
#include "storage/seal/opening_source.h"

using namespace holdfast;

namespace {

void read_headers(std::string_view text) {
  http::ServerRequest request;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t colon = std::min(line.find(':'), line.size());
    request.headers.emplace_back(line.substr(0, colon),
                                 line.substr(std::min(colon + 1, line.size())));
  }
  for (std::string_view prefix : {gateway::kObjectKey, gateway::kSourceKey}) {
    try {
      const Secret key = gateway::parse_customer_key(request, prefix);
      HOLDFAST_PROPERTY(key.empty() || key.reveal().size() == 32);
    } catch (const InvalidArgument&) {
    }
  }
}

void read_sealed(std::string bytes) {
  constexpr std::size_t kSum = 4;
  if (bytes.size() >= storage::kSegmentHeader) {
    const std::string_view head(bytes.data(), storage::kSegmentHeader - kSum);
    const std::string sum = codec::digest_of(codec::DigestAlgorithm::kCrc32c, head);
    bytes.replace(head.size(), kSum, sum);
  }
  auto size = storage::plain_size(bytes.size());
  HOLDFAST_PROPERTY(!size || storage::sealed_size(*size) == bytes.size());
  if (!size) return;
  storage::SealedBytes sealed;
  sealed.segments = {bytes.size()};
  sealed.what = "fuzz";
  sealed.read_at = [&](std::uint64_t offset, std::span<char> into) {
    HOLDFAST_PROPERTY(offset <= bytes.size() && into.size() <= bytes.size() - offset);
    bytes.copy(into.data(), into.size(), offset);
  };
  const Secret key(std::string(32, 'k'));
  for (storage::Damage damage : {storage::Damage::kThrows, storage::Damage::kComesAsItLies}) {
    try {
      storage::OpeningSource source(
          sealed, [&](const storage::SegmentHeader&) { return key; }, {0, *size}, damage);
      HOLDFAST_PROPERTY(read_all(source, 1 << 24).size() == *size);
    } catch (const Corrupt&) {
      HOLDFAST_PROPERTY(damage == storage::Damage::kThrows);
    } catch (const AccessDenied&) {
    } catch (const Unsupported&) {
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.starts_with('h')) {
    read_headers(input.substr(1));
  } else if (!input.empty()) {
    read_sealed(std::string(input.substr(1)));
  }
  return 0;
}
