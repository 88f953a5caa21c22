// Decodes the aws-chunked framing: `HEXSIZE[;chunk-signature=SIG]\r\n BYTES \r\n ...
// 0[;chunk-signature=SIG]\r\n [trailers] \r\n`. Source: AWS "Signature calculations: transferring
// payload in multiple chunks". Bounds: a chunk head of 256 bytes, a chunk of 16 MiB when signed,
// trailers of 4 KiB. Chunk extensions other than a signature that is due are ignored.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/stream.h"
#include "codec/sigv4.h"

namespace holdfast::codec {

// A Source of the decoded bytes. `framed` is the body as sent and outlives this. With `signer`,
// every chunk's signature is checked before its last bytes are handed out: a wrong or missing one
// throws AccessDenied (code SignatureDoesNotMatch) from read(). Framing
// errors throw InvalidArgument (code IncompleteBody or InvalidChunkSizeError). `decoded_length`
// (x-amz-decoded-content-length) must match exactly, else InvalidArgument (code IncompleteBody).
// After any failure every further read() throws InvalidArgument (code IncompleteBody).
class AwsChunkedSource : public Source {
 public:
  AwsChunkedSource(Source& framed, std::optional<ChunkSigner> signer, bool has_trailer,
                   std::uint64_t decoded_length);
  ~AwsChunkedSource() override;
  std::size_t read(std::span<char> into) override;
  std::optional<std::uint64_t> size() const override;
  // Trailing headers (names lower case), complete once read() has returned 0.
  // x-amz-trailer-signature is checked and left out.
  const Headers& trailers() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace holdfast::codec
