#include "codec/tar.h"

#include <array>
#include <fmt/format.h>
#include <limits>
#include <map>

#include "base/error.h"

namespace holdfast::codec {

namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kNameSize = 100, kPrefixSize = 155, kOwnerSize = 32;
constexpr std::array<char, 2 * kBlock> kZeros{};

// Values by PAX key, in the order in which they are written.
using Records = std::map<std::string, std::string, std::less<>>;

bool is_ascii(std::string_view text) {
  for (char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) return false;
  }
  return true;
}

std::string only_ascii(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (static_cast<unsigned char>(c) < 0x80) out += c;
  }
  return out;
}

// A field of `size` bytes holds one digit less, and three bits a digit.
bool fits_octal(std::size_t size, std::int64_t value) {
  return value >= 0 && (size >= 22 || value < std::int64_t(1) << (3 * (size - 1)));
}

// "LENGTH KEY=VALUE\n", where the length counts its own digits.
std::string pax_record(std::string_view key, std::string_view value) {
  std::size_t rest = key.size() + value.size() + 3;
  std::size_t size = rest + std::to_string(rest).size();
  std::string record = fmt::format("{} {}={}\n", size, key, value);
  if (record.size() != size) record = fmt::format("{} {}={}\n", record.size(), key, value);
  return record;
}

struct SplitName {
  std::string_view prefix, name;
};

// A long name over ustar's two fields; nullopt when no slash lies where it must.
std::optional<SplitName> split_name(std::string_view name) {
  if (name.size() <= kNameSize || !is_ascii(name)) return std::nullopt;
  std::size_t slash = name.substr(0, kPrefixSize + 1).rfind('/');
  if (slash == std::string_view::npos || slash == 0) return std::nullopt;
  SplitName split{name.substr(0, slash), name.substr(slash + 1)};
  if (split.name.empty() || split.name.size() > kNameSize) return std::nullopt;
  return split;
}

// One block, filled field by field.
class HeaderBlock {
 public:
  void text(std::size_t offset, std::size_t size, std::string_view value) {
    value = value.substr(0, size);
    bytes_.replace(offset, value.size(), value);
  }

  // What does not fit is written as 0: a PAX record says it.
  void octal(std::size_t offset, std::size_t size, std::int64_t value) {
    if (!fits_octal(size, value)) value = 0;
    text(offset, size, fmt::format("{:0{}o}", value, size - 1));
  }

  std::string finish() {
    text(257, 8, std::string_view("ustar\00000", 8));
    text(148, 8, "        ");
    unsigned sum = 0;
    for (char c : bytes_) sum += static_cast<unsigned char>(c);
    text(148, 7, fmt::format("{:06o}", sum) + '\0');
    return std::move(bytes_);
  }

 private:
  std::string bytes_ = std::string(kBlock, '\0');
};

void add_number(Records& records, std::string key, std::size_t size, std::int64_t value) {
  if (!fits_octal(size, value)) records.emplace(std::move(key), std::to_string(value));
}

void add_text(Records& records, std::string key, std::size_t size, const std::string& value) {
  if (value.size() > size || !is_ascii(value)) records.emplace(std::move(key), value);
}

void check(const TarEntry& entry) {
  auto refuse = [&](std::string_view why) {
    throw InvalidArgument("write " + entry.name + " to a tar archive", std::string(why));
  };
  if (auto why = why_bad_tar_name(entry.name); !why.empty()) refuse(why);
  if ((entry.owner + entry.group).find('\0') != std::string::npos) refuse("its owner holds NUL");
  if (entry.size > std::uint64_t(std::numeric_limits<std::int64_t>::max())) refuse("too large");
  if (!fits_octal(8, entry.mode)) refuse("its mode has unknown bits");
}

Records records_of(const TarEntry& entry) {
  Records records;
  add_text(records, "path", kNameSize, entry.name);
  add_text(records, "uname", kOwnerSize, entry.owner);
  add_text(records, "gname", kOwnerSize, entry.group);
  add_number(records, "uid", 8, entry.uid);
  add_number(records, "gid", 8, entry.gid);
  add_number(records, "size", 12, std::int64_t(entry.size));
  add_number(records, "mtime", 12, entry.mtime);
  return records;
}

// The record file's own header says nothing but its size; its name is for readers that know no PAX.
std::string record_file(const TarEntry& entry, const Records& records) {
  std::string data;
  for (const auto& [key, value] : records) data += pax_record(key, value);
  std::size_t file = entry.name.rfind('/') + 1;  // 0 without a slash
  std::string name =
      only_ascii(entry.name.substr(0, file) + "PaxHeaders.0/" + entry.name.substr(file))
          .substr(0, kNameSize);
  name.erase(name.find_last_not_of('/') + 1);
  HeaderBlock block;
  block.text(0, kNameSize, name);
  for (std::size_t offset : {100, 108, 116}) block.octal(offset, 8, 0);
  block.octal(124, 12, std::int64_t(data.size()));
  block.octal(136, 12, 0);
  block.text(156, 1, "x");
  return block.finish() + data + tar_padding(data.size());
}

}  // namespace

std::string_view why_bad_tar_name(std::string_view name) {
  for (char c : name) {  // they would break the line that an error is, and no server's file has any
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      return "a name holds a control character";
  }
  if (name.starts_with("/")) {
    name.remove_prefix(1);
  } else if (name.starts_with("./")) {
    name.remove_prefix(2);
  }
  while (true) {
    std::size_t slash = name.find('/');
    std::string_view component = name.substr(0, slash);
    if (component.empty()) return "a name has an empty component";
    if (component == "." || component == "..") return "a name has the component . or ..";
    if (slash == std::string_view::npos) return {};
    name.remove_prefix(slash + 1);
  }
}

std::string tar_header(const TarEntry& entry) {
  check(entry);
  Records records = records_of(entry);
  auto split = split_name(entry.name);
  // A long name alone needs no record when ustar's two fields take it.
  if (split && records.size() == 1 && records.contains("path")) records.clear();
  HeaderBlock block;
  if (!records.empty()) {
    // The fields are what an old reader falls back to: cut, and never split.
    std::string name = only_ascii(entry.name);
    // A name cut right behind a slash would look like a folder's.
    if (name.size() > kNameSize && name[kNameSize - 1] == '/') {
      name[name.find_last_not_of('/', kNameSize - 1) + 1] = '\0';
    }
    block.text(0, kNameSize, name);
  } else if (split) {
    block.text(0, kNameSize, split->name);
    block.text(345, kPrefixSize, split->prefix);
  } else {
    block.text(0, kNameSize, entry.name);
  }
  block.octal(100, 8, entry.mode);
  block.octal(108, 8, entry.uid);
  block.octal(116, 8, entry.gid);
  block.octal(124, 12, std::int64_t(entry.size));
  block.octal(136, 12, entry.mtime);
  block.text(156, 1, "0");
  block.text(265, kOwnerSize, only_ascii(entry.owner));
  block.text(297, kOwnerSize, only_ascii(entry.group));
  block.octal(329, 8, 0);
  block.octal(337, 8, 0);
  std::string header = block.finish();
  return records.empty() ? header : record_file(entry, records) + header;
}

std::string tar_padding(std::uint64_t size) {
  return std::string(std::size_t((kBlock - size % kBlock) % kBlock), '\0');
}

std::string_view tar_end() { return {kZeros.data(), kZeros.size()}; }

}  // namespace holdfast::codec
