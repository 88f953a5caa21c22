// Identifiers that nobody can guess, from the kernel's generator. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace holdfast {

std::string random_bytes(std::size_t count);
std::string random_hex(std::size_t bytes);  // 2 characters a byte, lower case
std::uint64_t random_number();

}  // namespace holdfast
