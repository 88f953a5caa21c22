// How a body is protected on its way: every byte is covered by exactly one digest that the endpoint
// checks. In this order, so that each byte is hashed once in all:
//   1. the SHA-256 is known: the request is signed over it
//   2. a checksum of the body is known: x-amz-checksum-*, body unsigned
//   3. the MD5 is known: Content-MD5, body unsigned
//   4. the body can be read twice: hashed first, then as 1
//   5. else: aws-chunked without signatures, and a checksum in the trailer; but a part of an upload
//      that was begun without a checksum is signed chunk by chunk: AWS refuses such a part with one
//      ("Checksum Type mismatch occurred, expected checksum Type: null")
// A known MD5 is always sent too: the endpoint computes it anyway, for the ETag.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/stream.h"
#include "codec/digest.h"
#include "codec/sigv4.h"
#include "storage/s3/s3_signed_chunks.h"
#include "storage/storage.h"

namespace holdfast::storage {

struct S3Payload {
  std::string hash;        // for the signature
  codec::Headers headers;  // to be signed
  Source* source = nullptr;
  std::unique_ptr<Source> framed;   // what `source` is, in case 5
  SignedChunks* to_sign = nullptr;  // the same, when whoever signs the request must go on with it
  std::uint64_t size = 0;           // of the object's bytes, framing left out

  // Names the framing in Content-Encoding, before whatever the object itself is encoded with.
  void mark_encoding(codec::Headers& attributes) const;
};

enum class PayloadOf { kObject, kPart };
// Throws InvalidArgument when the body's size is not known, and what the body throws. Borrows
// `body` for as long as the result lives.
S3Payload choose_payload(Source& body, const PutRequest& request, const ObjectRef& ref,
                         PayloadOf what = PayloadOf::kObject);

// Text made here: signed over its SHA-256.
S3Payload text_payload(MemorySource& source, std::string_view text);

// The framing of case 5. `algorithm` is computed over the bytes as they pass; before the last of
// them goes out, `expected` (may be empty) is asked, and a different value of the same algorithm
// throws InvalidArgument (code kBadDigest). With kTold nothing is computed: `expected` tells the
// value, which the body has compared.
class TrailerSource : public Source {
 public:
  static constexpr std::uint64_t kChunk = 256 * 1024;

  enum class Value { kComputed, kTold };
  TrailerSource(Source& inner, std::uint64_t size, codec::DigestAlgorithm algorithm,
                std::function<std::optional<Checksum>()> expected, Value value, std::string name);
  std::size_t read(std::span<char> into) override;
  std::optional<std::uint64_t> size() const override { return left_; }

 private:
  void next_text();

  Source& inner_;
  codec::Digest digest_;
  const std::function<std::optional<Checksum>()> expected_;
  const bool told_;
  const std::string name_;
  std::uint64_t inner_left_;      // bytes of the object still to come
  std::uint64_t chunk_left_ = 0;  // of the chunk that is open
  std::uint64_t left_ = 0;        // of everything
  std::string text_;              // framing still to go out
  std::size_t text_from_ = 0;
  bool started_ = false, ended_ = false;
};

}  // namespace holdfast::storage
