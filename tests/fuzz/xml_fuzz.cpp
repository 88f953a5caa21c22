// XML from clients and servers: refused with MalformedXML or read within the bounds; any text that
// we write is read back.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "codec/text.h"
#include "codec/xml.h"
#include "property.h"

using namespace holdfast::codec;

namespace {

void check_tree(const XmlElement& element, int depth) {
  HOLDFAST_PROPERTY(depth <= 32);
  HOLDFAST_PROPERTY(element.name.find(':') == std::string::npos);
  HOLDFAST_PROPERTY(is_utf8(element.text));
  std::string written = XmlWriter("a", "").element("b", element.text).finish();
  HOLDFAST_PROPERTY(parse_xml(written).child_text("b") == element.text);
  for (const XmlElement& child : element.children) check_tree(child, depth + 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    check_tree(parse_xml(text), 1);
  } catch (const holdfast::InvalidArgument& error) {
    HOLDFAST_PROPERTY(error.code() == "MalformedXML");
  }
  // Whatever the bytes, what we write is well-formed, and escaping what was read back changes
  // nothing more.
  std::string held = parse_xml(XmlWriter("a", text).element("b", text).finish()).child_text("b");
  HOLDFAST_PROPERTY(xml_escape(held) == xml_escape(text));
  return 0;
}
