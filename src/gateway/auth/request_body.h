// The body of a request as operations see it: aws-chunked framing undone, chunk signatures checked,
// and the digests that the client promised compared while the bytes pass. A body that turns out
// wrong throws from read() at its end at the latest, before the last bytes are handed out, so that
// no storage publishes it.
//
// Errors, by their S3 codes: MissingContentLength, InvalidRequest, InvalidArgument (the headers);
// XAmzContentSHA256Mismatch, BadDigest, IncompleteBody, SignatureDoesNotMatch (the bytes).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/stream.h"
#include "codec/aws_chunked.h"
#include "codec/digest.h"
#include "gateway/auth/authenticator.h"
#include "http/server.h"
#include "storage/storage.h"

namespace holdfast::gateway {

// What a body is, which decides what its digests are compared with.
enum class BodyUse {
  kObject,      // bytes to store: the storage computes their MD5 anyway and compares it
  kRelayed,     // bytes to store, by a storage that leaves their MD5 to others: the body compares
  kDocument,    // XML: nobody but the body compares
  kCompletion,  // XML of a Complete: x-amz-checksum-* is the finished object's, not the document's
};

// kObject or kRelayed.
BodyUse use_of_object(const storage::Storage& storage);

class RequestBody : public Source {
 public:
  // Borrows the request. Throws when the headers contradict themselves or the length is missing.
  RequestBody(http::ServerRequest& request, const Identity& identity, BodyUse use);
  RequestBody(const RequestBody&) = delete;
  RequestBody& operator=(const RequestBody&) = delete;

  std::size_t read(std::span<char> into) override;
  std::optional<std::uint64_t> size() const override { return length_ - delivered_; }

  // Raw digests that the client gave for the whole body.
  const std::optional<std::string>& md5() const { return md5_; }
  const std::optional<std::string>& sha256() const { return sha256_; }
  // The checksum of the headers; that of a trailer once the body is read.
  const std::optional<storage::Checksum>& checksum() const { return checksum_; }
  // Tells a write what the client told of the body: its digests, and of a trailer the algorithm
  // now and the value at the end. Borrowed by `put`.
  void describe(storage::PutRequest& put) const;

 private:
  void frame(http::ServerRequest& request, const Identity& identity);
  void add_digest(codec::DigestAlgorithm algorithm);
  void take_trailer();
  void finish();

  Source* wire_;
  std::unique_ptr<codec::AwsChunkedSource> chunked_;
  std::uint64_t length_ = 0;
  std::uint64_t delivered_ = 0;
  bool finished_ = false;
  std::optional<std::string> md5_, sha256_;
  std::optional<storage::Checksum> checksum_;
  std::optional<codec::DigestAlgorithm> trailer_;
  std::vector<codec::Digest> digests_;
};

}  // namespace holdfast::gateway
