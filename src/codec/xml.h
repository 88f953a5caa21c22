// The small XML that S3 and Azure speak. Reading: no DTD, no entities but the five, bounded depth
// (32), size (4 MiB) and element count (200,000); namespaces are dropped from names. Writing: a
// stream of elements with escaped text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::codec {

struct XmlElement {
  std::string name;
  std::string text;  // the element's own character data, joined
  std::vector<XmlElement> children;

  const XmlElement* child(std::string_view child_name) const;  // the first one, or nullptr
  std::string child_text(std::string_view child_name) const;   // empty when absent
};

inline constexpr std::size_t kLargestXml = 4 << 20;

// Throws InvalidArgument (code MalformedXML) for anything else than one well-formed document within
// the bounds. `most_bytes` is for answers of a service that may rightly be larger.
XmlElement parse_xml(std::string_view document, std::size_t most_bytes = kLargestXml);

class XmlWriter {
 public:
  // Starts with the declaration and <root xmlns="space"> (no attribute when space is empty).
  XmlWriter(std::string_view root, std::string_view space);
  // That about so many bytes come now: memory for all at once.
  void expect(std::size_t bytes) { out_.reserve(out_.size() + bytes); }
  XmlWriter& open(std::string_view name);
  XmlWriter& close();
  XmlWriter& element(std::string_view name, std::string_view text);
  XmlWriter& element(std::string_view name, std::uint64_t number);
  // Closes everything and returns the document.
  std::string finish();

 private:
  std::string out_;
  std::vector<std::string> open_;
};

// Text with & < > " ' escaped; characters that XML 1.0 cannot hold become &#xN; for the few it
// allows (tab, CR, LF) and U+FFFD otherwise.
std::string xml_escape(std::string_view text);

}  // namespace holdfast::codec
