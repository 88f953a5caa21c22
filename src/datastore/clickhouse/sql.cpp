#include "datastore/clickhouse/sql.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <vector>

#include "base/error.h"

namespace holdfast::datastore::ch {

namespace {

// A word, a quoted text or name, a number, or one other character.
struct Token {
  std::size_t begin = 0, end = 0;
  int depth = 0;  // of parentheses around it
};

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

std::vector<Token> tokens_of(std::string_view sql, const std::string& what) {
  std::vector<Token> out;
  int depth = 0;
  for (std::size_t at = 0; at < sql.size();) {
    const char c = sql[at];
    if (std::isspace(static_cast<unsigned char>(c))) {
      ++at;
      continue;
    }
    Token token{at, at + 1, depth};
    if (c == '\'' || c == '"' || c == '`') {
      while (token.end < sql.size() && sql[token.end] != c)
        token.end += sql[token.end] == '\\' ? 2 : 1;
      if (token.end >= sql.size())
        throw Corrupt("read the definition of " + what, "a quote is open");
      ++token.end;
    } else if (is_word(c)) {
      while (token.end < sql.size() && is_word(sql[token.end])) ++token.end;
    } else if (c == '(') {
      ++depth;
    } else if (c == ')') {
      token.depth = --depth;
    }
    if (depth < 0) throw Corrupt("read the definition of " + what, "a parenthesis is not opened");
    out.push_back(token);
    at = token.end;
  }
  return out;
}

// The tokens of one statement, with a cursor.
class Cursor {
 public:
  Cursor(std::string_view sql, const std::string& what)
      : sql_(sql), what_(what), tokens_(tokens_of(sql, what)) {}

  bool at_end() const { return next_ == tokens_.size(); }
  const Token& token() const { return tokens_[next_]; }
  void skip() {
    if (at_end()) corrupt("it ends too early");
    ++next_;
  }
  std::string_view text() const { return text_at(next_); }
  std::string_view text_at(std::size_t index) const {
    if (index >= tokens_.size()) return {};
    return sql_.substr(tokens_[index].begin, tokens_[index].end - tokens_[index].begin);
  }
  bool is(std::string_view word) const { return is_at(next_, word); }
  bool is_at(std::size_t index, std::string_view word) const {
    std::string_view text = text_at(index);
    return std::equal(text.begin(), text.end(), word.begin(), word.end(), [](char a, char b) {
      return std::toupper(static_cast<unsigned char>(a)) == b;
    });
  }
  bool skip_if(std::string_view word) {
    if (!is(word)) return false;
    skip();
    return true;
  }
  std::size_t index() const { return next_; }
  const std::vector<Token>& tokens() const { return tokens_; }
  std::string_view from_here() const {
    return at_end() ? std::string_view{} : sql_.substr(token().begin);
  }
  [[noreturn]] void corrupt(std::string why) const {
    throw Corrupt("read the definition of " + what_, std::move(why));
  }

 private:
  std::string_view sql_;
  const std::string& what_;
  std::vector<Token> tokens_;
  std::size_t next_ = 0;
};

std::string join(std::string a, std::string_view b) {
  if (!a.empty()) a += ' ';
  return a + std::string(b);
}

// Words between CREATE and the name.
std::string read_kind(Cursor& cursor) {
  std::string kind;
  for (int words = 0; words < 4 && !cursor.at_end(); ++words) {
    if (cursor.skip_if("OR")) {
      if (!cursor.skip_if("REPLACE")) cursor.corrupt("OR without REPLACE");
      continue;
    }
    std::string word(cursor.text());
    std::transform(word.begin(), word.end(), word.begin(),
                   [](unsigned char c) { return char(std::toupper(c)); });
    cursor.skip();
    kind = join(kind, word);
    if (word == "TABLE" || word == "VIEW" || word == "DICTIONARY") return kind;
  }
  cursor.corrupt("it creates neither a table nor a view nor a dictionary");
}

// What `keyword` = NAME[(ARGUMENTS)] of a table is, outside of any parentheses.
struct EngineSpan {
  std::size_t name = 0;                    // token
  std::optional<std::size_t> open, close;  // tokens of its parentheses
};

std::optional<EngineSpan> find_engine(const Cursor& cursor) {
  const auto& tokens = cursor.tokens();
  for (std::size_t i = 0; i + 2 < tokens.size(); ++i) {
    if (tokens[i].depth != 0 || !cursor.is_at(i, "ENGINE") || cursor.text_at(i + 1) != "=")
      continue;
    EngineSpan span{i + 2, {}, {}};
    if (cursor.text_at(i + 3) == "(") {
      span.open = i + 3;
      for (std::size_t k = i + 4; k < tokens.size(); ++k) {
        if (cursor.text_at(k) == ")" && tokens[k].depth == 0) {
          span.close = k;
          return span;
        }
      }
      cursor.corrupt("a parenthesis is open");
    }
    return span;
  }
  return std::nullopt;
}

bool is_text(std::string_view token) { return token.starts_with('\''); }

// Where the arguments behind the path and the name of the replica begin.
std::size_t behind_replica(const Cursor& cursor, const EngineSpan& span) {
  std::size_t at = *span.open + 1;
  if (is_text(cursor.text_at(at)) && cursor.text_at(at + 1) == "," &&
      is_text(cursor.text_at(at + 2))) {
    at += 3;
    if (cursor.text_at(at) == ",") ++at;
  }
  return at;
}

}  // namespace

std::string plain_engine(const std::string& engine) {
  for (std::string_view prefix : {"Replicated", "Shared"}) {
    if (engine.starts_with(prefix)) return engine.substr(prefix.size());
  }
  return engine;
}

CreateStatement parse_create(std::string_view query, const std::string& what) {
  Cursor cursor(query, what);
  if (!cursor.skip_if("CREATE") && !cursor.skip_if("ATTACH")) cursor.corrupt("it is no CREATE");
  CreateStatement out;
  out.kind = read_kind(cursor);
  if (cursor.skip_if("IF")) {
    cursor.skip_if("NOT");
    cursor.skip_if("EXISTS");
  }
  if (cursor.at_end()) cursor.corrupt("it names nothing");
  cursor.skip();
  if (cursor.skip_if(".")) cursor.skip();
  while (!cursor.at_end()) {
    if (cursor.is("UUID")) {
      cursor.skip();
      cursor.skip();
    } else if (cursor.is("ON") && cursor.is_at(cursor.index() + 1, "CLUSTER")) {
      for (int i = 0; i < 3; ++i) cursor.skip();
    } else if (cursor.is("TO") && cursor.is_at(cursor.index() + 1, "INNER")) {
      for (int i = 0; i < 4; ++i) cursor.skip();  // TO INNER UUID '...'
    } else {
      break;
    }
  }
  out.rest = std::string(cursor.from_here());
  const Cursor rest(out.rest, what);
  if (auto span = find_engine(rest)) out.engine = std::string(rest.text_at(span->name));
  return out;
}

std::string create_as(const CreateStatement& statement, const TableName& name) {
  return "CREATE " + statement.kind + " " + quote_name(name) + " " + statement.rest;
}

std::string create_plain(const CreateStatement& statement, const TableName& name) {
  const std::string what = name.text();
  const Cursor rest(statement.rest, what);
  std::string text = statement.rest;
  const auto span = find_engine(rest);
  const std::string plain = plain_engine(statement.engine);
  if (span && plain != statement.engine) {
    const auto& tokens = rest.tokens();
    if (span->open) {
      const std::size_t keep = behind_replica(rest, *span);
      text.erase(tokens[*span->open].end, tokens[keep].begin - tokens[*span->open].end);
    }
    text.replace(tokens[span->name].begin, tokens[span->name].end - tokens[span->name].begin,
                 plain);
  }
  return "CREATE TABLE " + quote_name(name) + " " + text;
}

}  // namespace holdfast::datastore::ch
