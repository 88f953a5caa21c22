#include "storage/azure/azure_list.h"

#include <algorithm>
#include <fmt/format.h>

#include "codec/text.h"
#include "storage/azure/azure_label.h"
#include "storage/rules.h"

namespace holdfast::storage {

namespace {

constexpr unsigned kLargestPage = 1000;

// Where a list goes on: Azure's marker for the page that holds it, and the last name that was
// given. As text: the name, a zero byte (which no key holds), the marker.
struct Position {
  std::string name, marker;
  std::string text() const { return name + '\0' + marker; }
  static Position of(const std::string& cursor) {
    std::size_t zero = cursor.find('\0');
    if (zero == std::string::npos) {
      throw InvalidArgument("list", "the cursor is not one of this storage");
    }
    return {cursor.substr(0, zero), cursor.substr(zero + 1)};
  }
};

// An entry of the list as Azure has it, in the order of names.
struct Entry {
  std::string name;
  std::optional<ObjectInfo> object;  // nullopt: a common prefix
};

class AzureListing {
 public:
  AzureListing(AzureEndpoint& endpoint, const Context& context, const ListRequest& request)
      : endpoint_(endpoint), context_(context), request_(request), sent_prefix_(request.prefix) {
    // Azure takes text only: what is cut within a character is compared here.
    while (!codec::is_utf8(sent_prefix_)) sent_prefix_.pop_back();
  }

  // Entries of the page at `marker`, which then holds the next page's. `skipping`: few of them will
  // be wanted.
  std::vector<Entry> page(std::string& marker, bool skipping) {
    AzureCall call{.target = {request_.bucket, ""}, .verb = "list"};
    call.query = {{"restype", "container"}, {"comp", "list"}, {"include", "metadata"}};
    call.query.emplace_back("maxresults", std::to_string(skipping ? kLargestPage : page_size()));
    if (!sent_prefix_.empty()) call.query.emplace_back("prefix", sent_prefix_);
    if (azure_groups()) call.query.emplace_back("delimiter", request_.delimiter);
    if (!marker.empty()) call.query.emplace_back("marker", marker);
    what_ = AzureEndpoint::describe(call);
    codec::XmlElement root = endpoint_.send_for_xml(context_, call, "EnumerationResults");
    std::string next = root.child_text("NextMarker");
    if (!next.empty() && next == marker) bad("it does not say how to go on");
    marker = std::move(next);
    return entries(root);
  }

 private:
  // Azure's delimiters are single characters; others are applied here.
  bool azure_groups() const {
    return request_.delimiter.size() == 1 && codec::is_utf8(request_.delimiter) &&
           sent_prefix_ == request_.prefix;
  }
  unsigned page_size() const {
    return request_.delimiter.empty() || azure_groups() ? request_.limit : kLargestPage;
  }

  [[noreturn]] void bad(std::string_view why) const {
    throw Failed(what_, fmt::format("the storage's answer cannot be used: {}", why),
                 "check that the endpoint is Azure's Blob service");
  }

  std::vector<Entry> entries(const codec::XmlElement& root) const {
    std::vector<Entry> out;
    const codec::XmlElement* blobs = root.child("Blobs");
    if (!blobs) bad("it lists nothing");
    for (const codec::XmlElement& element : blobs->children) {
      Entry entry{.name = element.child_text("Name")};
      if (!entry.name.starts_with(sent_prefix_)) bad("it lists what was not asked for");
      if (!entry.name.starts_with(request_.prefix)) continue;
      if (element.name == "Blob") {
        auto common = azure_groups()
                          ? std::nullopt
                          : common_prefix(entry.name, request_.prefix, request_.delimiter);
        if (common) {
          entry.name = *common;
        } else {
          if (is_folder(element)) continue;
          entry.object = object(element, entry.name);
        }
      }
      out.push_back(std::move(entry));
    }
    // Azure lists blobs before prefixes or among them; each of the two kinds is in order.
    std::stable_sort(out.begin(), out.end(),
                     [](const Entry& a, const Entry& b) { return a.name < b.name; });
    return out;
  }

  // Accounts with a hierarchical namespace list their folders too.
  static bool is_folder(const codec::XmlElement& element) {
    const codec::XmlElement* metadata = element.child("Metadata");
    return metadata && metadata->child_text("hdi_isfolder") == "true";
  }

  ObjectInfo object(const codec::XmlElement& element, const std::string& name) const {
    const codec::XmlElement* properties = element.child("Properties");
    if (!properties) bad("a blob has no properties");
    AzureBlob blob;
    auto lower = [](std::string text) {
      for (char& c : text) {
        if (c >= 'A' && c <= 'Z') c = char(c - 'A' + 'a');
      }
      return text;
    };
    for (const auto& property : properties->children) {
      blob.properties[lower(property.name)] = property.text;
    }
    if (const codec::XmlElement* metadata = element.child("Metadata")) {
      for (const auto& each : metadata->children) blob.metadata[lower(each.name)] = each.text;
    }
    auto size = parse_number(blob.properties["content-length"]);
    if (!size) bad("a blob has no size");
    blob.size = *size;
    try {
      blob.modified = parse_http_date(blob.properties["last-modified"]);
    } catch (const InvalidArgument&) {
      bad("a blob has no time");
    }
    return info_of(name, blob);
  }

  AzureEndpoint& endpoint_;
  const Context& context_;
  const ListRequest& request_;
  std::string sent_prefix_;
  std::string what_;
};

}  // namespace

std::string MarkerCache::key_of(const ListRequest& request, const std::string& name) {
  std::string key;
  for (const std::string* text : {&request.bucket, &request.prefix, &request.delimiter, &name}) {
    key.append(*text).push_back('\0');
  }
  return key;
}

void MarkerCache::keep(const ListRequest& request, const std::string& name,
                       const std::string& marker) {
  std::string key = key_of(request, name);
  std::lock_guard lock(mutex_);
  auto known = by_key_.find(key);
  if (known != by_key_.end()) entries_.erase(known->second);
  entries_.emplace_front(key, marker);
  by_key_[key] = entries_.begin();
  if (entries_.size() <= most_) return;
  by_key_.erase(entries_.back().first);
  entries_.pop_back();
}

std::string MarkerCache::find(const ListRequest& request, const std::string& name) {
  std::lock_guard lock(mutex_);
  auto known = by_key_.find(key_of(request, name));
  if (known == by_key_.end()) return "";
  entries_.splice(entries_.begin(), entries_, known->second);
  return known->second->second;
}

ListPage AzureLister::list(const Context& context, const ListRequest& request) {
  check_list_request(request);
  Position at;
  if (!request.cursor.empty()) {
    at = Position::of(request.cursor);
  } else if (!request.after.empty()) {
    at = {request.after, markers_.find(request, request.after)};
  }
  AzureListing listing(endpoint_, context, request);
  ListPage page;
  unsigned count = 0;
  std::string newest;  // of Azure's own order, to check it
  while (true) {
    const std::string here = at.marker;
    const bool skipping = here.empty() && !at.name.empty();
    std::vector<Entry> entries = listing.page(at.marker, skipping);
    for (Entry& entry : entries) {
      if (entry.name < newest) {
        throw Failed("list " + request.bucket, "Azure's list is not sorted by the keys' bytes",
                     "avoid keys beyond U+FFFF beside keys from U+E000 on");
      }
      newest = entry.name;
      if (entry.name <= at.name) continue;
      if (count == request.limit) {
        page.next = Position{at.name, here}.text();
        markers_.keep(request, at.name, here);
        return page;
      }
      at.name = entry.name;
      ++count;
      if (entry.object) {
        page.objects.push_back(std::move(*entry.object));
      } else {
        page.prefixes.push_back(std::move(entry.name));
      }
    }
    if (at.marker.empty()) return page;
    if (count == request.limit) {
      page.next = at.text();
      markers_.keep(request, at.name, at.marker);
      return page;
    }
  }
}

}  // namespace holdfast::storage
