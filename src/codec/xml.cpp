#include "codec/xml.h"

#include <algorithm>
#include <expat.h>
#include <memory>
#include <type_traits>

#include "base/error.h"
#include "codec/text.h"

namespace holdfast::codec {

namespace {

constexpr std::size_t kDeepest = 32;
constexpr std::size_t kMostElements = 200'000;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

[[noreturn]] void malformed(std::string why) {
  throw InvalidArgument::with_code("MalformedXML", "read the XML document", std::move(why));
}

struct FreeParser {
  void operator()(XML_Parser parser) const { XML_ParserFree(parser); }
};

// Builds the tree from expat's calls. No exception may cross expat, which is C: `attempt` keeps it.
class Builder {
 public:
  explicit Builder(XML_Parser parser) : parser_(parser) {}

  void start(const char* name) {
    attempt([&] {
      if (open_.size() >= kDeepest) return stop("its elements are nested too deeply");
      if (++count_ > kMostElements) return stop("it has too many elements");
      std::string_view local = name;
      local.remove_prefix(local.rfind(':') + 1);  // npos + 1 is 0: no prefix, nothing to drop
      open_.push_back({std::string(local), "", {}});
    });
  }

  void end() {
    attempt([&] {
      XmlElement element = std::move(open_.back());
      open_.pop_back();
      if (open_.empty()) {
        root_ = std::move(element);
      } else {
        open_.back().children.push_back(std::move(element));
      }
    });
  }

  void text(std::string_view bytes) {
    attempt([&] {
      if (!open_.empty()) open_.back().text += bytes;
    });
  }

  void refuse_doctype() { stop("it has a document type declaration, which is not allowed"); }

  // Rethrows what went wrong inside a call; the reason for a stop of our own, or null.
  const char* reason() const {
    if (failure_) std::rethrow_exception(failure_);
    return reason_;
  }
  XmlElement take() { return std::move(root_); }

 private:
  template <typename Step>
  void attempt(Step step) noexcept {
    try {
      // expat may still report what it had buffered after it was stopped.
      if (!reason_ && !failure_) step();
    } catch (...) {
      failure_ = std::current_exception();
      XML_StopParser(parser_, XML_FALSE);
    }
  }

  void stop(const char* reason) noexcept {
    if (!reason_) reason_ = reason;
    XML_StopParser(parser_, XML_FALSE);
  }

  XML_Parser parser_;
  std::vector<XmlElement> open_;
  XmlElement root_;
  std::size_t count_ = 0;
  const char* reason_ = nullptr;
  std::exception_ptr failure_;
};

Builder& builder_of(void* data) { return *static_cast<Builder*>(data); }

void on_start(void* data, const XML_Char* name, const XML_Char**) { builder_of(data).start(name); }
void on_end(void* data, const XML_Char*) { builder_of(data).end(); }
void on_text(void* data, const XML_Char* text, int size) {
  builder_of(data).text({text, static_cast<std::size_t>(size)});
}
void on_doctype(void* data, const XML_Char*, const XML_Char*, const XML_Char*, int) {
  builder_of(data).refuse_doctype();
}

// The length of the well-formed UTF-8 sequence at the front of `text` that XML 1.0 may hold; 0 when
// there is none.
std::size_t xml_character(std::string_view text) {
  for (std::size_t size = 1; size <= 4 && size <= text.size(); ++size) {
    std::string_view sequence = text.substr(0, size);
    if (!is_utf8(sequence)) continue;
    return sequence == "\xEF\xBF\xBE" || sequence == "\xEF\xBF\xBF" ? 0 : size;
  }
  return 0;
}

// Stands for itself, whatever is around it.
bool is_plain(char c) {
  return c >= ' ' && static_cast<unsigned char>(c) < 0x80 && c != '&' && c != '<' && c != '>' &&
         c != '"' && c != '\'';
}

void append_escaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    // Nearly all text is plain from end to end, and pages of lists are long.
    const auto plain =
        std::size_t(std::find_if_not(text.begin(), text.end(), is_plain) - text.begin());
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) return;
    char c = text.front();
    std::size_t taken = 1;
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&apos;";
        break;
      case '\t':
        out += "&#x9;";
        break;
      case '\n':
        out += "&#xA;";
        break;
      case '\r':
        out += "&#xD;";
        break;
      default:
        if (static_cast<unsigned char>(c) < ' ') {
          out += kReplacement;
        } else if (std::size_t size = xml_character(text)) {
          out += text.substr(0, size);
          taken = size;
        } else {
          out += kReplacement;
        }
    }
    text.remove_prefix(taken);
  }
}

}  // namespace

const XmlElement* XmlElement::child(std::string_view child_name) const {
  auto found = std::find_if(children.begin(), children.end(),
                            [&](const XmlElement& element) { return element.name == child_name; });
  return found == children.end() ? nullptr : &*found;
}

std::string XmlElement::child_text(std::string_view child_name) const {
  const XmlElement* found = child(child_name);
  return found ? found->text : std::string();
}

XmlElement parse_xml(std::string_view document, std::size_t most_bytes) {
  if (document.size() > most_bytes) {
    malformed("it is larger than " + std::to_string(most_bytes >> 20) + " MiB");
  }
  // The encoding is given, so that what the document declares changes nothing; expat would still
  // change over to UTF-16 by a byte order mark or by zero bytes.
  if (!is_utf8(document) || document.find('\0') != std::string_view::npos) {
    malformed("it is not UTF-8 text");
  }
  std::unique_ptr<std::remove_pointer_t<XML_Parser>, FreeParser> parser(XML_ParserCreate("UTF-8"));
  if (!parser) throw std::bad_alloc();
  Builder builder(parser.get());
  XML_SetUserData(parser.get(), &builder);
  XML_SetElementHandler(parser.get(), on_start, on_end);
  XML_SetCharacterDataHandler(parser.get(), on_text);
  XML_SetStartDoctypeDeclHandler(parser.get(), on_doctype);
  XML_Status status =
      XML_Parse(parser.get(), document.data(), static_cast<int>(document.size()), XML_TRUE);
  if (const char* reason = builder.reason()) malformed(reason);
  if (status != XML_STATUS_OK) {
    malformed("line " + std::to_string(XML_GetCurrentLineNumber(parser.get())) + ": " +
              XML_ErrorString(XML_GetErrorCode(parser.get())));
  }
  return builder.take();
}

XmlWriter::XmlWriter(std::string_view root, std::string_view space)
    : out_("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<") {
  out_ += root;
  if (!space.empty()) {
    out_ += " xmlns=\"";
    append_escaped(out_, space);
    out_ += '"';
  }
  out_ += '>';
  open_.emplace_back(root);
}

XmlWriter& XmlWriter::open(std::string_view name) {
  out_ += '<';
  out_ += name;
  out_ += '>';
  open_.emplace_back(name);
  return *this;
}

XmlWriter& XmlWriter::close() {
  out_ += "</";
  out_ += open_.back();
  out_ += '>';
  open_.pop_back();
  return *this;
}

XmlWriter& XmlWriter::element(std::string_view name, std::string_view text) {
  out_ += '<';
  out_ += name;
  out_ += '>';
  append_escaped(out_, text);
  out_ += "</";
  out_ += name;
  out_ += '>';
  return *this;
}

XmlWriter& XmlWriter::element(std::string_view name, std::uint64_t number) {
  return element(name, std::to_string(number));
}

std::string XmlWriter::finish() {
  while (!open_.empty()) close();
  return std::move(out_);
}

std::string xml_escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  append_escaped(out, text);
  return out;
}

}  // namespace holdfast::codec
