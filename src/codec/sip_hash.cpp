#include "codec/sip_hash.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace holdfast::codec {

namespace {

static_assert(std::endian::native == std::endian::little, "words are read as they lie in memory");

// The state for the key zero: the paper's "somepseudorandomlygeneratedbytes".
struct State {
  std::uint64_t a = 0x736f6d6570736575, b = 0x646f72616e646f6d, c = 0x6c7967656e657261,
                d = 0x7465646279746573;

  void round() {
    a += b;
    c += d;
    b = std::rotl(b, 13) ^ a;
    d = std::rotl(d, 16) ^ c;
    a = std::rotl(a, 32) + d;
    c += b;
    d = std::rotl(d, 21) ^ a;
    b = std::rotl(b, 17) ^ c;
    c = std::rotl(c, 32);
  }

  void take(std::uint64_t word) {
    d ^= word;
    round();
    round();
    a ^= word;
  }
};

}  // namespace

Hash128 clickhouse_sip_hash(std::string_view bytes) {
  State state;
  std::uint64_t last = std::uint64_t(bytes.size()) << 56;
  while (bytes.size() >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), sizeof word);
    state.take(word);
    bytes.remove_prefix(8);
  }
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    last |= std::uint64_t(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  state.take(last);
  state.c ^= 0xff;
  for (int i = 0; i < 4; ++i) state.round();
  return {state.a ^ state.b, state.c ^ state.d};
}

}  // namespace holdfast::codec
