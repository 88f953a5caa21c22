// JSON without a tree: a cursor over bytes in memory that checks what it passes and gives spans of
// them. For documents too large to hold as nlohmann::json, such as the lines of a graph file. Pure;
// not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace holdfast::codec {

// Where bytes come from, for errors. Everything is borrowed.
struct JsonOrigin {
  std::string_view what;   // the errors' subject: "read graph file x"
  std::uint64_t line = 0;  // from 1; 0: the bytes are not a line of a file
  // The line or document, at whose front columns begin; none: it is what is scanned.
  std::string_view document = {};
};

// Strict JSON as RFC 8259 has it, UTF-8, no text beyond the value. Every error is Corrupt and says
// where: "(line 3, column 17)", or "(byte 16)" without a line. Duplicate names are the caller's to
// find. A span of a text is its raw JSON, as it stands between the quotes: well-formed, but with
// its escapes.
class JsonScanner {
 public:
  // How deep arrays and objects may lie in each other.
  static constexpr std::size_t kDepth = 100;

  JsonScanner(std::string_view bytes, const JsonOrigin& origin)
      : next_(bytes.data()), end_(bytes.data() + bytes.size()), origin_(origin) {
    if (!origin_.document.data()) origin_.document = bytes;
  }

  // First byte of the value, name or bracket to come; 0 at the end.
  char peek() {
    if (next_ < end_ && *next_ > ' ') return *next_;
    blanks();
    return next_ < end_ ? *next_ : '\0';
  }
  // Passes `bracket`, which is '{' or '['; `expected` is what the error says else: "the vertex is
  // not an object".
  void open(char bracket, std::string_view expected);
  // The next member's name, raw, with the cursor before its value; false when the object has ended.
  // `first` is true before the first one, and set.
  bool next_member(bool& first, std::string_view& name);
  // Whether another element follows, with the cursor before it; false when the array has ended.
  bool next_element(bool& first);
  // A text, raw.
  std::string_view text(std::string_view expected);
  // A number or one of the words true, false, null.
  std::string_view plain(std::string_view expected);
  // Any value, with all that is in it.
  std::string_view skip();
  // Passes `literal` when exactly these bytes follow, without any blanks. (Writers repeat
  // themselves: one comparison instead of many steps.)
  bool pass(std::string_view literal) {
    if (std::size_t(end_ - next_) < literal.size()) return false;
    if (std::string_view(next_, literal.size()) != literal) return false;
    next_ += literal.size();
    return true;
  }
  // Throws unless only blanks are left.
  void end();

  [[noreturn]] void fail(std::string_view why) const { fail_here(next_, why); }
  // Where `span` begins, which is a piece of the document.
  [[noreturn]] void fail_at(std::string_view span, std::string_view why) const {
    fail_here(std::to_address(span.begin()), why);
  }
  // For scanners over spans of this one: with the place of the whole document.
  const JsonOrigin& origin() const { return origin_; }

 private:
  [[noreturn]] void fail_here(const char* at, std::string_view why) const;
  void blanks();
  std::string_view quoted();
  const char* escape(const char* at);
  const char* multibyte(const char* at);
  void number();
  void word(std::string_view word);
  void scalar();
  bool pass_typed_scalar();

  const char* next_;
  const char* end_;
  JsonOrigin origin_;
};

// The text that a raw span means, UTF-8, appended to `out`. `raw` comes from a JsonScanner. Corrupt
// for half of a surrogate pair, which is no character.
void append_json_text(std::string_view raw, const JsonOrigin& origin, std::string& out);
std::string json_text(std::string_view raw, const JsonOrigin& origin);
// The other way: `text` as JSON between quotes, escaped as TinkerPop's writer does it (quotes,
// backslashes and control characters only). `text` is UTF-8.
void append_json_quoted(std::string_view text, std::string& out);

}  // namespace holdfast::codec
