#include "tests/fuzz/mat_seeds.h"

#include <zlib.h>

#include <cstdint>
#include <initializer_list>
#include <stdexcept>

namespace cutract::fuzz {
namespace {

constexpr std::uint32_t kUint8 = 2, kInt32 = 5, kUint32 = 6, kDouble = 9, kMatrix = 14, kCompressed = 15;

// Elements in one byte order.
class Composer {
 public:
  explicit Composer(bool little) : little_(little) {}

  std::string number(std::uint64_t v, int bytes) const {
    std::string out;
    for (int i = 0; i < bytes; ++i) out += static_cast<char>(v >> 8 * (little_ ? i : bytes - 1 - i));
    return out;
  }
  std::string tag(std::uint32_t type, std::size_t size) const { return number(type, 4) + number(size, 4); }
  std::string element(std::uint32_t type, std::string data) const {
    const std::size_t size = data.size();
    data.resize((size + 7) / 8 * 8);
    return tag(type, size) + data;
  }
  std::string matrix(const std::string& name, std::initializer_list<int> dims, std::uint32_t type,
                     const std::string& data) const {
    constexpr std::uint32_t kDoubleClass = 6, kInt8 = 1;
    std::string extents;
    for (const int d : dims) extents += number(static_cast<std::uint64_t>(d), 4);
    const std::string body = element(kUint32, number(kDoubleClass, 4) + number(0, 4)) + element(kInt32, extents) +
                             element(kInt8, name) + element(type, data);
    return tag(kMatrix, body.size()) + body;
  }
  std::string file(const std::string& elements) const {
    std::string head = "MATLAB 5.0 MAT-file";
    head.resize(124, ' ');
    return head + number(0x100, 2) + (little_ ? "IM" : "MI") + elements;
  }
  std::string compressed(const std::string& element) const {
    std::string packed(compressBound(element.size()), '\0');
    uLongf size = packed.size();
    if (compress2(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(element.data()),
                  element.size(), 9) != Z_OK)
      throw std::runtime_error("zlib: cannot compress");
    packed.resize(size);
    return tag(kCompressed, size) + packed;
  }

 private:
  bool little_;
};

}  // namespace

std::map<std::string, std::string> mat_seeds() {
  const Composer little(true), big(false);
  const std::string bytes{"\1\2\3\4\5\6", 6};
  const std::string doubles(6 * 8, '\x3f');
  const std::string matrix = little.matrix("x", {3, 2}, kUint8, bytes);
  return {{"u8_little", little.file(matrix)},
          {"double_big", big.file(big.matrix("x", {3, 2}, kDouble, doubles))},
          {"compressed", little.file(little.compressed(matrix))},
          {"two", little.file(matrix + little.matrix("y", {1, 1}, kDouble, std::string(8, '\0')))},
          {"empty_matrix", little.file(little.matrix("x", {0, 2}, kDouble, ""))},
          {"three_axes", little.file(little.matrix("x", {1, 1, 2}, kUint8, bytes.substr(0, 2)))},
          {"no_variable", little.file("")}};
}

}  // namespace cutract::fuzz
