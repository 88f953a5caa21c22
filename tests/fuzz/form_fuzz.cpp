// Browsers' forms: refused with one of their codes or read within the bounds, in the same way
// however the wire cuts them. Policies: refused or checked, never anything else.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "codec/form_data.h"
#include "gateway/form_policy.h"
#include "property.h"

using namespace holdfast;

namespace {

constexpr std::size_t kLimit = 2048;

class Cut : public Source {
 public:
  Cut(std::string_view text, std::size_t step) : text_(text), step_(step) {}
  std::size_t read(std::span<char> into) override {
    const std::size_t count = std::min({into.size(), step_, text_.size()});
    std::copy_n(text_.data(), count, into.data());
    text_.remove_prefix(count);
    return count;
  }

 private:
  std::string_view text_;
  std::size_t step_;
};

// The form as one text, or the code of its refusal.
std::string outcome(std::string_view text, std::size_t step) {
  Cut wire(text, step);
  std::string all;
  try {
    codec::FormData form(wire, "b", kLimit);
    std::size_t before = 0;
    for (const auto& [name, value] : form.fields()) {
      all += name + "=" + value + "\n";
      before += name.size() + value.size();
    }
    HOLDFAST_PROPERTY(before <= kLimit);
    HOLDFAST_PROPERTY(form.file_name().find('/') == std::string::npos);
    const std::string file = read_all(form, text.size());
    HOLDFAST_PROPERTY(form.size() == 0u);
    HOLDFAST_PROPERTY(file.find("\r\n--b\r\n") == std::string::npos);
    return all + form.file_name() + ":" + file;
  } catch (const InvalidArgument& error) {
    HOLDFAST_PROPERTY(error.code() == codec::kMalformedForm ||
                      error.code() == codec::kFieldsTooLarge || error.code() == codec::kNoFile);
    return std::string(error.code());
  }
}

void check_policy_text(std::string_view text) {
  try {
    gateway::check_policy(text, {{"bucket", "b"}, {"key", "k"}}, WallTime());
  } catch (const InvalidArgument& error) {
    HOLDFAST_PROPERTY(error.code() == "InvalidPolicyDocument");
  } catch (const AccessDenied& error) {
    HOLDFAST_PROPERTY(error.code() == "AccessDenied");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string whole = outcome(text, 1 << 20);
  for (std::size_t step : {1, 7, 64}) HOLDFAST_PROPERTY(outcome(text, step) == whole);
  check_policy_text(text);
  try {
    if (auto boundary = codec::form_boundary(text)) HOLDFAST_PROPERTY(boundary->size() <= 70);
  } catch (const InvalidArgument& error) {
    HOLDFAST_PROPERTY(error.code() == codec::kMalformedForm);
  }
  return 0;
}
