#include "storage/s3/s3_payload.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

#include "codec/text.h"
#include "storage/s3/s3_headers.h"

namespace holdfast::storage {

namespace {

using codec::Digest;
using codec::DigestAlgorithm;

constexpr std::size_t kReadBuffer = 256 * 1024;

// The raw SHA-256 of the whole body, which is then back at its start.
std::string hash_and_rewind(Source& body, std::uint64_t size, const ObjectRef& ref) {
  Digest sha256(DigestAlgorithm::kSha256);
  auto buffer = std::make_unique_for_overwrite<char[]>(
      std::size_t(std::min<std::uint64_t>(size + 1, kReadBuffer)));
  std::span<char> space(buffer.get(), std::size_t(std::min<std::uint64_t>(size + 1, kReadBuffer)));
  std::uint64_t total = 0;
  while (std::size_t count = body.read(space)) {
    sha256.update({space.data(), count});
    total += count;
  }
  if (total != size || !body.rewind()) {
    throw Failed("put " + ref.text(), "the body is not what it announced");
  }
  return sha256.finish();
}

bool is_plain(const std::optional<Checksum>& checksum) {
  return checksum && !checksum->composite && !checksum->value.empty();
}

void add_checksum(codec::Headers& headers, const Checksum& checksum) {
  headers.emplace_back(checksum_header(checksum.algorithm), codec::to_base64(checksum.value));
}

std::string chunk_head(std::uint64_t size) { return fmt::format("{:x}\r\n", size); }

std::uint64_t framed_chunk(std::uint64_t size) { return chunk_head(size).size() + size + 2; }

std::uint64_t framed_size(std::uint64_t size, std::string_view name, DigestAlgorithm algorithm) {
  std::uint64_t total = size / TrailerSource::kChunk * framed_chunk(TrailerSource::kChunk);
  if (std::uint64_t rest = size % TrailerSource::kChunk) total += framed_chunk(rest);
  std::uint64_t encoded = (codec::digest_size(algorithm) + 2) / 3 * 4;
  return total + 3 + name.size() + 1 + encoded + 4;  // "0\r\n" NAME ":" VALUE "\r\n" "\r\n"
}

void use_trailer(S3Payload& payload, Source& body, const PutRequest& request,
                 const ObjectRef& ref) {
  DigestAlgorithm algorithm = DigestAlgorithm::kCrc32c;
  if (request.attributes.checksum && !request.attributes.checksum->composite) {
    algorithm = request.attributes.checksum->algorithm;
  }
  // Named, but not yet known: the body checks it, so that one pass is enough.
  const auto& named = request.attributes.checksum;
  const bool told = request.checksum_at_end && named && named->value.empty();
  payload.framed = std::make_unique<TrailerSource>(
      body, payload.size, algorithm, request.checksum_at_end,
      told ? TrailerSource::Value::kTold : TrailerSource::Value::kComputed, ref.text());
  payload.source = payload.framed.get();
  payload.hash = codec::kStreamingUnsignedTrailer;
  payload.headers.emplace_back("x-amz-decoded-content-length", std::to_string(payload.size));
  payload.headers.emplace_back("x-amz-trailer", checksum_header(algorithm));
}

void use_signed_chunks(S3Payload& payload, Source& body, const ObjectRef& ref) {
  auto chunks = std::make_unique<SignedChunks>(body, payload.size, ref.text());
  payload.to_sign = chunks.get();
  payload.framed = std::move(chunks);
  payload.source = payload.framed.get();
  payload.hash = codec::kStreamingSigned;
  payload.headers.emplace_back("x-amz-decoded-content-length", std::to_string(payload.size));
}

}  // namespace

S3Payload choose_payload(Source& body, const PutRequest& request, const ObjectRef& ref,
                         PayloadOf what) {
  auto size = body.size();
  if (!size) {
    throw InvalidArgument("put " + ref.text(), "the size of the body is not known beforehand");
  }
  S3Payload payload{.source = &body, .size = *size};
  const auto& checksum = request.attributes.checksum;
  if (request.md5) payload.headers.emplace_back("content-md5", codec::to_base64(*request.md5));
  bool known_at_end = request.checksum_at_end != nullptr;
  if (request.sha256 && !known_at_end) {
    payload.hash = codec::to_hex(*request.sha256);
    if (is_plain(checksum)) add_checksum(payload.headers, *checksum);
  } else if (is_plain(checksum) && !known_at_end) {
    payload.hash = codec::kUnsignedPayload;
    add_checksum(payload.headers, *checksum);
  } else if (request.md5 && !known_at_end) {
    payload.hash = codec::kUnsignedPayload;
  } else if (body.rewind()) {
    payload.hash = codec::to_hex(hash_and_rewind(body, *size, ref));
    auto at_end = known_at_end ? request.checksum_at_end() : std::nullopt;
    if (!is_plain(at_end)) at_end = checksum;
    if (is_plain(at_end)) add_checksum(payload.headers, *at_end);
  } else if (what == PayloadOf::kPart && !checksum && !known_at_end) {
    use_signed_chunks(payload, body, ref);
  } else {
    use_trailer(payload, body, request, ref);
  }
  return payload;
}

void S3Payload::mark_encoding(codec::Headers& attributes) const {
  if (!framed) return;
  for (auto& [name, value] : attributes) {
    if (name != "content-encoding") continue;
    value = "aws-chunked," + value;
    return;
  }
  attributes.emplace_back("content-encoding", "aws-chunked");
}

S3Payload text_payload(MemorySource& source, std::string_view text) {
  S3Payload payload{.source = &source, .size = text.size()};
  payload.hash = codec::to_hex(codec::digest_of(DigestAlgorithm::kSha256, text));
  // Endpoints of all ages want one of these for a bulk removal; this one all of them know.
  payload.headers.emplace_back("content-md5",
                               codec::to_base64(codec::digest_of(DigestAlgorithm::kMd5, text)));
  return payload;
}

TrailerSource::TrailerSource(Source& inner, std::uint64_t size, DigestAlgorithm algorithm,
                             std::function<std::optional<Checksum>()> expected, Value value,
                             std::string name)
    : inner_(inner),
      digest_(algorithm),
      expected_(std::move(expected)),
      told_(value == Value::kTold),
      name_(std::move(name)),
      inner_left_(size),
      left_(framed_size(size, checksum_header(algorithm), algorithm)) {}

void TrailerSource::next_text() {
  text_ = started_ && !ended_ ? "\r\n" : "";
  text_from_ = 0;
  if (inner_left_ > 0) {
    chunk_left_ = std::min(inner_left_, kChunk);
    text_ = (started_ ? "\r\n" : "") + chunk_head(chunk_left_);
    started_ = true;
    return;
  }
  char beyond;
  if (inner_.read({&beyond, 1}) != 0)
    throw Failed("put " + name_, "the body is longer than announced");
  auto expected = expected_ ? expected_() : std::nullopt;
  if (told_ && (!expected || expected->algorithm != digest_.algorithm())) {
    throw Failed("put " + name_, "the body does not tell the checksum that it announced");
  }
  std::string value = told_ ? expected->value : digest_.finish();
  if (expected && expected->algorithm == digest_.algorithm() && expected->value != value) {
    throw InvalidArgument::with_code(kBadDigest, "put " + name_,
                                     "the body does not match its checksum");
  }
  text_ += fmt::format("0\r\n{}:{}\r\n\r\n", checksum_header(digest_.algorithm()),
                       codec::to_base64(value));
  ended_ = true;
}

std::size_t TrailerSource::read(std::span<char> into) {
  if (into.empty()) return 0;
  if (text_from_ == text_.size() && chunk_left_ == 0 && !ended_) next_text();
  std::size_t count = std::min(into.size(), text_.size() - text_from_);
  if (count > 0) {
    std::memcpy(into.data(), text_.data() + text_from_, count);
    text_from_ += count;
  } else if (chunk_left_ > 0) {
    count = inner_.read(into.first(std::size_t(std::min<std::uint64_t>(into.size(), chunk_left_))));
    if (count == 0) throw Failed("put " + name_, "the body is shorter than announced");
    if (!told_) digest_.update({into.data(), count});
    chunk_left_ -= count;
    inner_left_ -= count;
  }
  left_ -= count;
  return count;
}

}  // namespace holdfast::storage
