// The aws-chunked framing. The input's first two bytes choose what is done with the rest: bytes as
// they came, unsigned or signed; or a body that is rightly signed and then changed in one place,
// which must not go unnoticed.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "codec/aws_chunked.h"
#include "codec/digest.h"
#include "property.h"

using namespace holdfast::codec;

namespace {

ChunkSigner make_signer() {
  static const std::string key(32, 'k');
  return ChunkSigner(key, "20130524T000000Z", {"20130524", "us-east-1", "s3"}, "seed");
}

struct Decoded {
  bool accepted = false;
  std::string bytes;
  Headers trailers;
};

Decoded decode(std::string_view framed, bool is_signed, bool trailer, std::uint64_t length,
               std::size_t piece) {
  holdfast::MemorySource source(framed);
  AwsChunkedSource chunked(source, is_signed ? std::optional(make_signer()) : std::nullopt, trailer,
                           length);
  Decoded out;
  std::string buffer(piece, '\0');
  try {
    while (std::size_t count = chunked.read(buffer)) out.bytes.append(buffer, 0, count);
    out.accepted = true;
    out.trailers = chunked.trailers();
  } catch (const holdfast::InvalidArgument&) {
  } catch (const holdfast::AccessDenied& error) {
    HOLDFAST_PROPERTY(is_signed && error.code() == "SignatureDoesNotMatch");
  }
  HOLDFAST_PROPERTY(out.bytes.size() <= length);
  HOLDFAST_PROPERTY(!out.accepted || out.bytes.size() == length);
  return out;
}

std::string hash_of(std::string_view bytes) {
  return to_hex(digest_of(DigestAlgorithm::kSha256, bytes));
}

std::string hex_number(std::size_t value) {
  std::string out;
  do {
    out.insert(out.begin(), "0123456789abcdef"[value % 16]);
    value /= 16;
  } while (value > 0);
  return out;
}

std::string signed_body(std::string_view bytes, std::size_t chunk) {
  ChunkSigner signer = make_signer();
  std::string out;
  while (true) {
    std::string_view part = bytes.substr(0, chunk);
    bytes.remove_prefix(part.size());
    out +=
        hex_number(part.size()) + ";chunk-signature=" + signer.next_chunk(hash_of(part)) + "\r\n";
    if (part.empty()) break;
    out += std::string(part) + "\r\n";
  }
  return out + "a:b\r\nx-amz-trailer-signature:" + signer.trailer(hash_of("a:b\n")) + "\r\n\r\n";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  std::uint8_t mode = data[0], number = data[1], change = data[2];
  std::string_view rest(reinterpret_cast<const char*>(data) + 3, size - 3);
  bool trailer = (mode & 1) != 0;
  bool is_signed = (mode & 2) != 0;
  std::size_t piece = 1 + (mode >> 3);
  if ((mode & 4) == 0) {
    Decoded slow = decode(rest, is_signed, trailer, number, piece);
    Decoded fast = decode(rest, is_signed, trailer, number, 1000);
    HOLDFAST_PROPERTY(slow.accepted == fast.accepted && slow.trailers == fast.trailers);
    HOLDFAST_PROPERTY(!slow.accepted || slow.bytes == fast.bytes);
    return 0;
  }
  // Few chunks, so that most of the time goes into reading them.
  std::string framed = signed_body(rest, rest.size() / 8 + 1 + number);
  Decoded whole = decode(framed, true, true, rest.size(), piece);
  HOLDFAST_PROPERTY(whole.accepted && whole.bytes == rest);
  std::size_t place = (std::size_t(number) << 8 | change) % framed.size();
  framed[place] = static_cast<char>(framed[place] ^ (1 << (change % 8)));
  Decoded changed = decode(framed, true, true, rest.size(), piece);
  // Some changes mean the same: a digit of a size in upper case, a trailer's name likewise.
  HOLDFAST_PROPERTY(!changed.accepted || changed.bytes == rest);
  HOLDFAST_PROPERTY(!changed.accepted || changed.trailers == whole.trailers);
  return 0;
}
