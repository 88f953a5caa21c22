#include "gateway/auth/request_body.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "codec/text.h"
#include "gateway/checksums.h"
#include "gateway/text.h"

namespace holdfast::gateway {

using codec::DigestAlgorithm;

namespace {

[[noreturn]] void refuse(std::string_view code, std::string why) {
  throw InvalidArgument::with_code(code, "read the body", std::move(why));
}

std::uint64_t decoded_length(const http::ServerRequest& request) {
  auto header = request.header("x-amz-decoded-content-length");
  if (!header) refuse("MissingContentLength", "x-amz-decoded-content-length is missing");
  auto number = parse_number(trim(*header));
  if (!number) refuse("InvalidArgument", "x-amz-decoded-content-length is not a number");
  return *number;
}

}  // namespace

BodyUse use_of_object(const storage::Storage& storage) {
  return storage.capabilities().compares_md5 ? BodyUse::kObject : BodyUse::kRelayed;
}

RequestBody::RequestBody(http::ServerRequest& request, const Identity& identity, BodyUse use)
    : wire_(request.body), md5_(content_md5(request)) {
  if (use != BodyUse::kCompletion) checksum_ = checksum_of_headers(request);
  frame(request, identity);
  if (checksum_ && checksum_->composite) {
    refuse("InvalidRequest", "a composite checksum is of a multipart upload only");
  }
  if (trailer_ && checksum_) refuse("InvalidRequest", "a checksum header and a checksum trailer");
  if (md5_ && use != BodyUse::kObject) add_digest(DigestAlgorithm::kMd5);
  if (sha256_) add_digest(DigestAlgorithm::kSha256);
  if (checksum_) add_digest(checksum_->algorithm);
  if (trailer_) add_digest(*trailer_);
}

void RequestBody::frame(http::ServerRequest& request, const Identity& identity) {
  const std::string& payload = identity.claim.payload_hash;
  const bool signed_trailer = payload == codec::kStreamingSignedTrailer;
  const bool is_signed = payload == codec::kStreamingSigned || signed_trailer;
  if (is_signed || payload == codec::kStreamingUnsignedTrailer) {
    length_ = decoded_length(request);
    trailer_ = announced_trailer(request);
    std::optional<codec::ChunkSigner> signer;
    if (is_signed) {
      signer.emplace(identity.signing_key, identity.claim.timestamp, identity.claim.scope,
                     identity.claim.signature);
    }
    const bool has_trailer = signed_trailer || !is_signed;
    chunked_ =
        std::make_unique<codec::AwsChunkedSource>(*wire_, std::move(signer), has_trailer, length_);
    return;
  }
  if (payload != codec::kUnsignedPayload) sha256_ = codec::from_hex(payload);
  if (!request.content_length) refuse("MissingContentLength", "content-length is missing");
  length_ = *request.content_length;
}

void RequestBody::add_digest(DigestAlgorithm algorithm) {
  // One pass an algorithm, whoever asks for it.
  for (const codec::Digest& digest : digests_) {
    if (digest.algorithm() == algorithm) return;
  }
  digests_.emplace_back(algorithm);
}

std::size_t RequestBody::read(std::span<char> into) {
  if (into.empty() || finished_) return 0;
  Source& source = chunked_ ? *chunked_ : *wire_;
  const std::uint64_t left = length_ - delivered_;
  const std::size_t want = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), left));
  const std::size_t got = want == 0 ? 0 : source.read(into.first(want));
  if (got == 0 && left > 0) refuse("IncompleteBody", "the body ended before its announced length");
  for (codec::Digest& digest : digests_) digest.update({into.data(), got});
  delivered_ += got;
  // Checked before the last bytes are handed out: a reader that stops at size() is safe too.
  if (delivered_ == length_) finish();
  return got;
}

void RequestBody::describe(storage::PutRequest& put) const {
  put.md5 = md5_;
  put.sha256 = sha256_;
  put.attributes.checksum = checksum_;
  if (!trailer_) return;
  put.attributes.checksum = storage::Checksum{.algorithm = *trailer_};
  put.checksum_at_end = [this] { return checksum_; };
}

void RequestBody::take_trailer() {
  const std::string name = checksum_header(*trailer_);
  const codec::Headers& trailers = chunked_->trailers();
  auto found = std::find_if(trailers.begin(), trailers.end(),
                            [&](const auto& t) { return t.first == name; });
  if (found == trailers.end()) refuse("MalformedTrailerError", "the announced trailer is missing");
  checksum_ = parse_checksum(*trailer_, trim(found->second));
  if (!checksum_ || checksum_->composite) {
    refuse("InvalidRequest", "the value of trailer " + name + " is malformed");
  }
}

void RequestBody::finish() {
  finished_ = true;
  if (chunked_) {
    // Only the end of the framing tells whether the last signature and the trailers are there.
    std::array<char, 1> beyond{};
    if (chunked_->read(beyond) != 0) refuse("IncompleteBody", "the body is longer than announced");
    if (trailer_) take_trailer();
  }
  for (codec::Digest& digest : digests_) {
    const std::string found = digest.finish();
    const DigestAlgorithm algorithm = digest.algorithm();
    if (algorithm == DigestAlgorithm::kMd5 && found != *md5_) {
      refuse(storage::kBadDigest, "its MD5 is not that of content-md5");
    }
    if (algorithm == DigestAlgorithm::kSha256 && sha256_ && found != *sha256_) {
      refuse("XAmzContentSHA256Mismatch", "its SHA-256 is not that of x-amz-content-sha256");
    }
    if (checksum_ && checksum_->algorithm == algorithm && found != checksum_->value) {
      refuse(storage::kBadDigest, "its checksum is not that of " + checksum_header(algorithm));
    }
  }
}

}  // namespace holdfast::gateway
