#pragma once

#include <string>
#include <string_view>

namespace cutract {

std::string sha256_hex(std::string_view bytes);  // 64 lower-case hexadecimal digits

}  // namespace cutract
