// Notifications: a template is refused or makes JSON whatever the event holds, which reads back as
// it was; a mail has the headers that it should have and no other. The input is a template, a zero
// byte and a text.
#include <algorithm>
#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/error.h"
#include "codec/text.h"
#include "http/mail.h"
#include "job/notify/message.h"
#include "property.h"

using namespace holdfast;

namespace {

job::Event event_of(const std::string& text) {
  job::Event event;
  event.store = event.task = event.run = event.outcome = event.error = text;
  event.lateness = std::chrono::seconds(text.size());
  return event;
}

bool is_wanted(std::string_view pattern) {
  try {
    job::check_template(pattern);
    return true;
  } catch (const InvalidArgument&) {
    return false;
  }
}

void check_templates(std::string_view pattern, const std::string& text) {
  const auto usual =
      nlohmann::json::parse(job::render(job::kUsualTemplate, event_of(text)), nullptr, false);
  HOLDFAST_PROPERTY(usual.is_object());
  if (codec::is_utf8(text) && text.size() <= 2000) HOLDFAST_PROPERTY(usual["error"] == text);
  if (is_wanted(pattern)) {
    HOLDFAST_PROPERTY(nlohmann::json::accept(job::render(pattern, event_of(text))));
  }
}

void check_mail(const std::string& text) {
  const std::string mail = http::format_mail(
      {.from = "a@b", .to = {"c@d"}, .subject = text, .text = text, .id = "1"}, WallTime());
  const std::size_t end = mail.find("\r\n\r\n");
  HOLDFAST_PROPERTY(end != std::string::npos);
  constexpr std::array<std::string_view, 9> kNames = {
      "Date",         "Message-ID",   "From",
      "To",           "Subject",      "Auto-Submitted",
      "MIME-Version", "Content-Type", "Content-Transfer-Encoding"};
  std::size_t headers = 0;
  for (std::size_t from = 0; from < end;) {
    const std::string_view line =
        std::string_view(mail).substr(from, mail.find("\r\n", from) - from);
    HOLDFAST_PROPERTY(line.size() < 998);
    HOLDFAST_PROPERTY(
        std::all_of(line.begin(), line.end(), [](char c) { return c >= ' ' && c < 0x7f; }));
    if (line.front() != ' ') {
      HOLDFAST_PROPERTY(headers < kNames.size());
      HOLDFAST_PROPERTY(line.starts_with(std::string(kNames[headers++]) + ": "));
    }
    from += line.size() + 2;
  }
  HOLDFAST_PROPERTY(headers == kNames.size());
  std::string body;
  for (std::size_t from = end + 4; from < mail.size();) {
    const std::size_t next = mail.find("\r\n", from);
    HOLDFAST_PROPERTY(next != std::string::npos && next - from <= 76);
    const auto part = codec::from_base64(std::string_view(mail).substr(from, next - from));
    HOLDFAST_PROPERTY(part.has_value());
    body += *part;
    from = next + 2;
  }
  HOLDFAST_PROPERTY(body == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const std::size_t cut = std::min(input.find('\0'), input.size());
  const std::string text = cut < input.size() ? input.substr(cut + 1) : input;
  check_templates(std::string_view(input).substr(0, cut), text);
  check_mail(text);
  return 0;
}
