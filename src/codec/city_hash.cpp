#include "codec/city_hash.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace holdfast::codec {

namespace {

// The four odd constants of the algorithm, in its own numbering, and the multiplier of its mixer.
constexpr std::uint64_t kP0 = 0xc3a5c85c97cb3127, kP1 = 0xb492b66fbe98f273,
                        kP2 = 0x9ae16a3b2f90404f, kP3 = 0xc949d7c7509e6557,
                        kMixer = 0x9ddfea08eb382d69;
constexpr std::size_t kStride = 128;  // bytes of one round over long input
constexpr std::size_t kFileBlock = 2048;

static_assert(std::endian::native == std::endian::little, "words are read as they lie in memory");

template <typename Word>
Word word_at(const char* at) {
  Word word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

std::uint64_t u64(const char* at) { return word_at<std::uint64_t>(at); }

std::uint64_t fold_down(std::uint64_t value) { return value ^ (value >> 47); }

std::uint64_t mix(std::uint64_t low, std::uint64_t high) {
  std::uint64_t first = fold_down((low ^ high) * kMixer);
  return fold_down((high ^ first) * kMixer) * kMixer;
}

std::uint64_t hash_up_to_16(std::string_view bytes) {
  const char* at = bytes.data();
  std::size_t size = bytes.size();
  if (size > 8) {
    std::uint64_t last = u64(at + size - 8);
    return mix(u64(at), std::rotr(last + size, int(size))) ^ last;
  }
  if (size >= 4) {
    std::uint64_t first = word_at<std::uint32_t>(at);
    return mix(size + (first << 3), word_at<std::uint32_t>(at + size - 4));
  }
  if (size == 0) return kP2;
  auto byte = [&](std::size_t index) { return std::uint32_t(std::uint8_t(at[index])); };
  std::uint32_t front = byte(0) + (byte(size / 2) << 8);
  std::uint32_t back = std::uint32_t(size) + (byte(size - 1) << 2);
  return fold_down(front * kP2 ^ back * kP3) * kP2;
}

// Takes 32 bytes into a pair of words.
void absorb(const char* at, std::uint64_t first, std::uint64_t second, Hash128& pair) {
  first += u64(at);
  second = std::rotr(second + first + u64(at + 24), 21);
  std::uint64_t before = first;
  first += u64(at + 8) + u64(at + 16);
  second += std::rotr(first, 44);
  pair = {first + u64(at + 24), second + before};
}

// For input of less than one stride.
Hash128 hash_short(std::string_view bytes, Hash128 seed) {
  const char* at = bytes.data();
  std::size_t size = bytes.size();
  std::uint64_t a = seed.low, b = seed.high, c, d;
  if (size <= 16) {
    a = fold_down(a * kP1) * kP1;
    c = b * kP1 + hash_up_to_16(bytes);
    d = fold_down(a + (size >= 8 ? u64(at) : c));
  } else {
    c = mix(u64(at + size - 8) + kP1, a);
    d = mix(b + size, c + u64(at + size - 16));
    a += d;
    // The last round may begin in bytes that were read above, never beyond the end.
    for (std::size_t done = 0; done + 16 < size; done += 16) {
      a = (a ^ fold_down(u64(at + done) * kP1) * kP1) * kP1;
      b ^= a;
      c = (c ^ fold_down(u64(at + done + 8) * kP1) * kP1) * kP1;
      d ^= c;
    }
  }
  a = mix(a, c);
  b = mix(d, b);
  return {a ^ b, mix(b, a)};
}

// The state of the rounds over long input.
struct LongState {
  std::uint64_t x, y, z;
  Hash128 v, w;

  void take_64(const char* at) {
    x = std::rotr(x + y + v.low + u64(at + 16), 37) * kP1;
    y = std::rotr(y + v.high + u64(at + 48), 42) * kP1;
    x ^= w.high;
    y ^= v.low;
    z = std::rotr(z ^ w.low, 33);
    absorb(at, v.high * kP1, x + w.low, v);
    absorb(at + 32, z + w.high, y, w);
    std::swap(z, x);
  }
};

Hash128 hash_long(std::string_view bytes, Hash128 seed) {
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  LongState state{seed.low, seed.high, left * kP1, {}, {}};
  auto& [x, y, z, v, w] = state;
  v.low = std::rotr(y ^ kP1, 49) * kP1 + u64(at);
  v.high = std::rotr(v.low, 42) * kP1 + u64(at + 8);
  w.low = std::rotr(y + z, 35) * kP1 + x;
  w.high = std::rotr(x + u64(at + 88), 53) * kP1;
  for (; left >= kStride; left -= kStride, at += kStride) {
    state.take_64(at);
    state.take_64(at + 64);
  }
  y += std::rotr(w.low, 37) * kP0 + z;
  x += std::rotr(v.low + z, 49) * kP0;
  // What is left is taken from its end, 32 bytes at a time; the last time reaches back into bytes
  // that were taken already.
  for (std::size_t done = 0; done < left;) {
    done += 32;
    const char* chunk = at + left - done;
    y = std::rotr(y - x, 42) * kP0 + v.high;
    w.low += u64(chunk + 16);
    x = std::rotr(x, 49) * kP0 + w.low;
    w.low += v.low;
    absorb(chunk, v.low, v.high, v);
  }
  x = mix(x, v.low);
  y = mix(y, w.low);
  return {mix(x + v.high, w.high) + y, mix(x + w.high, y + v.high)};
}

}  // namespace

Hash128 city_hash128(std::string_view bytes, Hash128 seed) {
  return bytes.size() < kStride ? hash_short(bytes, seed) : hash_long(bytes, seed);
}

Hash128 city_hash128(std::string_view bytes) {
  const char* at = bytes.data();
  std::size_t size = bytes.size();
  if (size >= 16) return city_hash128(bytes.substr(16), {u64(at) ^ kP3, u64(at + 8)});
  if (size >= 8) return city_hash128({}, {u64(at) ^ (size * kP0), u64(at + size - 8) ^ kP1});
  return city_hash128(bytes, {kP0, kP1});
}

void ClickHouseFileHash::add(std::string_view bytes) {
  if (!block_.empty()) {
    std::size_t count = std::min(bytes.size(), kFileBlock - block_.size());
    block_.append(bytes.substr(0, count));
    bytes.remove_prefix(count);
    if (block_.size() < kFileBlock) return;
    state_ = city_hash128(block_, state_);
    block_.clear();
  }
  for (; bytes.size() >= kFileBlock; bytes.remove_prefix(kFileBlock)) {
    state_ = city_hash128(bytes.substr(0, kFileBlock), state_);
  }
  block_ = bytes;
}

Hash128 ClickHouseFileHash::finish() {
  if (!block_.empty()) state_ = city_hash128(block_, state_);
  block_.clear();
  return std::exchange(state_, {});
}

}  // namespace holdfast::codec
