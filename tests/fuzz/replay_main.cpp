// Runs a fuzz target over its corpus without libFuzzer: NAME_fuzz [FILE|FOLDER...]. Every input is
// also tried cut off after each of its bytes. A property that does not hold aborts the program, as
// under libFuzzer.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> inputs_of(int count, char** arguments) {
  std::vector<fs::path> out;
  for (int i = 1; i < count; ++i) {
    if (fs::is_regular_file(arguments[i])) out.emplace_back(arguments[i]);
    if (!fs::is_directory(arguments[i])) continue;
    for (const auto& entry : fs::directory_iterator(arguments[i])) out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

int main(int count, char** arguments) {
  std::size_t runs = 0;
  std::vector<fs::path> inputs = inputs_of(count, arguments);
  for (const fs::path& path : inputs) {
    std::ifstream file(path, std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    for (std::size_t size = 0; size <= bytes.size(); ++size, ++runs) {
      // A copy of its own size, so that a sanitizer sees a read beyond the end.
      std::vector<std::uint8_t> input(bytes.begin(),
                                      bytes.begin() + static_cast<std::ptrdiff_t>(size));
      LLVMFuzzerTestOneInput(input.data(), input.size());
    }
  }
  std::printf("%zu inputs, %zu runs\n", inputs.size(), runs);
  return 0;
}
