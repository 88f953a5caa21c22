// Packs what is written to a sink with zstd (RFC 8878), as one frame with its checksum. Not
// thread-safe.
#pragma once

#include <memory>
#include <string>

#include "datastore/stackgraph/graph_tool.h"

namespace holdfast::datastore::sg {

class ZstdSink {
 public:
  // `take` must outlive this.
  explicit ZstdSink(const GraphTool::Sink& take);
  ~ZstdSink();
  void add(std::string_view bytes);
  // The end of the frame. Of no bytes at all there is none.
  void finish();

 private:
  struct Packer;
  void pack(std::string_view bytes, bool is_end);

  const GraphTool::Sink& take_;
  std::unique_ptr<Packer> packer_;
  std::string out_;
  bool is_begun_ = false;
};

}  // namespace holdfast::datastore::sg
