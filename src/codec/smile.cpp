#include "codec/smile.h"

#include <bit>
#include <cmath>
#include <fmt/format.h>
#include <vector>

#include "base/error.h"
#include "codec/text.h"

namespace holdfast::codec {

namespace {

using Json = nlohmann::json;

constexpr std::string_view kHeader = ":)\n";
constexpr unsigned kSharesNames = 1, kSharesValues = 2, kRawBinary = 4;
constexpr std::size_t kMostShared = 1024;
constexpr std::uint8_t kEndOfArray = 0xF9, kEndOfObject = 0xFB, kEndOfText = 0xFC,
                       kEndOfContent = 0xFF;
constexpr std::size_t kLongestNumber = 4096;  // bytes of a BigInteger or BigDecimal

std::int64_t from_zigzag(std::uint64_t value) {
  return std::int64_t(value >> 1) ^ -std::int64_t(value & 1);
}

// Texts that later bytes name by their place. A full table is begun anew.
class SharedTexts {
 public:
  void add(std::string_view text) {
    if (texts_.size() == kMostShared) texts_.clear();
    texts_.push_back(text);
  }
  const std::string_view* find(std::size_t index) const {
    return index < texts_.size() ? &texts_[index] : nullptr;
  }

 private:
  std::vector<std::string_view> texts_;  // pieces of the document
};

class SmileReader {
 public:
  SmileReader(std::string_view bytes, const std::string& what, const SmileLimits& limits)
      : rest_(bytes), size_(bytes.size()), what_(what), limits_(limits) {}

  Json document() {
    if (!rest_.starts_with(kHeader)) fail("it is not SMILE");
    rest_.remove_prefix(kHeader.size());
    flags_ = byte();
    if (flags_ >> 4 != 0) fail("it is a SMILE of another version");
    Json value = this->value(byte(), 0);
    if (!rest_.empty() && std::uint8_t(rest_.front()) == kEndOfContent) rest_.remove_prefix(1);
    if (!rest_.empty()) fail("there are bytes behind the SMILE document");
    return value;
  }

 private:
  [[noreturn]] void fail(std::string_view why) const {
    throw Corrupt(what_, fmt::format("{} (byte {} of {})", why, size_ - rest_.size(), size_));
  }

  std::uint8_t byte() {
    if (rest_.empty()) fail("the SMILE document is cut off");
    std::uint8_t value = std::uint8_t(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }

  std::string_view take(std::size_t count) {
    if (count > rest_.size()) fail("the SMILE document is cut off");
    std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }

  void spend(std::size_t bytes) {
    if (limits_.values == 0 || bytes > limits_.bytes) fail("the SMILE document is too large");
    --limits_.values;
    limits_.bytes -= bytes;
  }

  std::string text(std::string_view bytes) {
    if (!is_utf8(bytes)) fail("a text is not UTF-8");
    spend(bytes.size());
    return std::string(bytes);
  }

  // Seven bits a byte, the last one six and a mark.
  std::uint64_t variable(unsigned bits) {
    std::uint64_t value = 0;
    for (;;) {
      std::uint8_t next = byte();
      const bool is_last = (next & 0x80) != 0;
      const unsigned width = is_last ? 6 : 7;
      if (is_last && (next & 0x40) != 0) fail("a number is malformed");
      if (value >> (bits - width) != 0) fail("a number is too large");
      value = value << width | (next & 0x7F);
      if (is_last) return value;
    }
  }

  std::size_t length() {
    std::uint64_t value = variable(64);
    if (value > size_) fail("a length leads behind the end");
    return std::size_t(value);
  }

  std::string_view long_text() {
    std::size_t end = rest_.find(char(kEndOfText));
    if (end == rest_.npos) fail("the SMILE document is cut off");
    std::string_view taken = take(end);
    rest_.remove_prefix(1);
    return taken;
  }

  // Eight bytes hold seven; what is left over lies at the low end of the last byte.
  std::string seven_bits() {
    std::size_t left = length();
    std::string out;
    out.reserve(left);
    while (left > 0) {
      const std::size_t count = std::min<std::size_t>(left, 7);
      std::uint64_t group = 0;
      for (std::size_t i = 0; i < count; ++i) group = group << 7 | seven();
      group = group << count | seven();
      for (std::size_t i = count; i-- > 0;) out += char(group >> (8 * i));
      left -= count;
    }
    return out;
  }

  std::uint8_t seven() {
    std::uint8_t value = byte();
    if ((value & 0x80) != 0) fail("a byte of seven bits has eight");
    return value;
  }

  std::uint64_t fixed(unsigned bytes) {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < bytes; ++i) value = value << 7 | seven();
    return value;
  }

  std::string number_bytes() {
    std::string bytes = seven_bits();
    if (bytes.empty() || bytes.size() > kLongestNumber) fail("a number is malformed");
    return bytes;
  }

  // Two's complement, the highest byte first.
  Json big_integer() {
    const std::string bytes = number_bytes();
    const bool is_negative = (bytes.front() & 0x80) != 0;
    std::string_view digits = bytes;
    while (digits.size() > 1 && digits.front() == (is_negative ? '\xFF' : '\0')) {
      digits.remove_prefix(1);
    }
    std::uint64_t value = is_negative ? ~0ull : 0;
    for (char c : digits.substr(digits.size() - std::min<std::size_t>(digits.size(), 8))) {
      value = value << 8 | std::uint8_t(c);
    }
    if (digits.size() > 8) return text("0x" + to_hex(bytes));
    if (!is_negative) return value;
    if (value >> 63 == 0) return text("0x" + to_hex(bytes));
    return std::int64_t(value);
  }

  Json big_decimal() {
    const std::int64_t scale = from_zigzag(variable(32));
    const std::string bytes = number_bytes();
    double value = std::int8_t(bytes.front());
    for (char c : std::string_view(bytes).substr(1)) value = value * 256 + std::uint8_t(c);
    return double(value * std::pow(10.0L, -(long double)scale));
  }

  // 0x20 to 0x3F.
  Json simple(std::uint8_t token) {
    switch (token) {
      case 0x20:
        return "";
      case 0x21:
        return nullptr;
      case 0x22:
        return false;
      case 0x23:
        return true;
      case 0x24:
        return from_zigzag(variable(32));
      case 0x25:
        return from_zigzag(variable(64));
      case 0x26:
        return big_integer();
      case 0x28:
        return std::bit_cast<float>(std::uint32_t(fixed(5)));
      case 0x29:
        return std::bit_cast<double>(fixed(10));
      case 0x2A:
        return big_decimal();
      default:
        fail("there is an unknown token");
    }
  }

  Json shared_value(std::size_t index) {
    const std::string_view* found = values_.find(index);
    if (!found) fail("a text refers to one that is not there");
    return text(*found);
  }

  Json short_value(std::size_t size) {
    std::string_view bytes = take(size);
    if ((flags_ & kSharesValues) != 0) values_.add(bytes);
    return text(bytes);
  }

  // 0xE0 to 0xFF.
  Json other(std::uint8_t token, std::size_t depth) {
    switch (token) {
      case 0xE0:
      case 0xE4:
        return text(long_text());
      case 0xE8: {
        std::string bytes = seven_bits();
        spend(bytes.size());
        return Json::binary({bytes.begin(), bytes.end()});
      }
      case 0xEC:
      case 0xED:
      case 0xEE:
      case 0xEF:
        return shared_value(std::size_t(token & 3) << 8 | byte());
      case 0xF8:
        return array(depth + 1);
      case 0xFA:
        return object(depth + 1);
      case 0xFD: {
        if ((flags_ & kRawBinary) == 0)
          fail("there are raw bytes that the header did not announce");
        std::string_view bytes = take(length());
        spend(bytes.size());
        return Json::binary({bytes.begin(), bytes.end()});
      }
      default:
        fail("there is an unknown token");
    }
  }

  Json value(std::uint8_t token, std::size_t depth) {
    spend(0);
    const std::size_t low = token & 0x1F;
    switch (token >> 5) {
      case 0:
        if (low == 0) fail("there is an unknown token");
        return shared_value(low - 1);
      case 1:
        return simple(token);
      case 2:
        return short_value(low + 1);
      case 3:
        return short_value(low + 33);
      case 4:
        return short_value(low + 2);
      case 5:
        return short_value(low + 34);
      case 6:
        return from_zigzag(low);
      default:
        return other(token, depth);
    }
  }

  Json array(std::size_t depth) {
    if (depth > limits_.depth) fail("the SMILE document is nested too deeply");
    Json result = Json::array();
    for (std::uint8_t token = byte(); token != kEndOfArray; token = byte()) {
      result.push_back(value(token, depth));
    }
    return result;
  }

  Json object(std::size_t depth) {
    if (depth > limits_.depth) fail("the SMILE document is nested too deeply");
    Json result = Json::object();
    for (std::uint8_t token = byte(); token != kEndOfObject; token = byte()) {
      auto [member, is_new] = result.emplace(name(token), nullptr);
      if (!is_new) fail("an object has a name twice");
      *member = value(byte(), depth);
    }
    return result;
  }

  std::string shared_name(std::size_t index) {
    const std::string_view* found = names_.find(index);
    if (!found) fail("a name refers to one that is not there");
    return text(*found);
  }

  // Long ones too, other than the specification says: Jackson counts them, whoever writes.
  std::string shared(std::string_view name) {
    if ((flags_ & kSharesNames) != 0) names_.add(name);
    return text(name);
  }

  std::string short_name(std::size_t size) { return shared(take(size)); }

  std::string name(std::uint8_t token) {
    if (token == 0x20) return text("");
    if (token >= 0x30 && token <= 0x33) {
      return shared_name(std::size_t(token & 3) << 8 | byte());
    }
    if (token == 0x34) return shared(long_text());
    if (token >= 0x40 && token <= 0x7F) return shared_name(token & 0x3F);
    if (token >= 0x80 && token <= 0xBF) return short_name(std::size_t(token & 0x3F) + 1);
    if (token >= 0xC0 && token <= 0xF7) return short_name(std::size_t(token & 0x3F) + 2);
    fail("there is an unknown token in the place of a name");
  }

  std::string_view rest_;
  const std::size_t size_;
  const std::string& what_;
  SmileLimits limits_;  // what is left of them
  unsigned flags_ = 0;
  SharedTexts names_, values_;
};

}  // namespace

nlohmann::json decode_smile(std::string_view bytes, const std::string& what,
                            const SmileLimits& limits) {
  return SmileReader(bytes, what, limits).document();
}

}  // namespace holdfast::codec
