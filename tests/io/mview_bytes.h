#pragma once

#include <zlib.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace cutract::test {

// Composes MATLAB 5 files with a struct array, in either byte order.
class MviewComposer {
 public:
  explicit MviewComposer(bool little = true) : little_(little) {}

  std::string number(std::uint64_t v, int bytes) const {
    std::string out;
    for (int i = 0; i < bytes; ++i) out += static_cast<char>(v >> 8 * (little_ ? i : bytes - 1 - i));
    return out;
  }
  std::string element(std::uint32_t type, std::string data) const {
    const std::size_t size = data.size();
    data.resize((size + 7) / 8 * 8);
    return number(type, 4) + number(size, 4) + data;
  }
  // The header of a matrix of this class, and what follows it.
  std::string matrix(std::uint32_t kind, const std::vector<int>& dims, const std::string& rest,
                     const std::string& name = "") const {
    std::string extents;
    for (const int d : dims) extents += number(static_cast<std::uint32_t>(d), 4);
    return element(kMatrix, element(kUint32, number(kind, 4) + number(0, 4)) + element(kInt32, extents) +
                                element(kInt8, name) + rest);
  }
  std::string text(const std::string& t) const {
    std::string units;
    for (const char c : t) units += number(static_cast<unsigned char>(c), 2);
    return matrix(kChar, {1, static_cast<int>(t.size())}, element(kUint16, units));
  }
  // Column by column.
  std::string floats(int rows, int cols, const std::vector<float>& values) const {
    std::string data;
    for (const float v : values) {
      std::uint32_t bits = 0;
      std::memcpy(&bits, &v, 4);
      data += number(bits, 4);
    }
    return matrix(kSingle, {rows, cols}, element(kFloat, data));
  }
  std::string integer(std::uint64_t v, int bytes) const {
    return matrix(kDoubleClass, {1, 1}, element(bytes == 1 ? kUint8 : kUint16, number(v, bytes)));
  }
  std::string structure(const std::string& name, const std::vector<int>& dims, const std::vector<std::string>& fields,
                        const std::string& cells) const {
    std::string names;
    for (std::string field : fields) {
      field.resize(8);
      names += field;
    }
    return matrix(kStruct, dims, number(kInt32 | 4U << 16, 4) + number(8, 4) + element(kInt8, names) + cells, name);
  }
  std::string file(const std::string& elements) const {
    std::string head = "MATLAB 5.0 MAT-file";
    head.resize(124, ' ');
    return head + number(0x100, 2) + (little_ ? "IM" : "MI") + elements;
  }
  std::string compressed(const std::string& e) const {
    std::string packed(compressBound(e.size()), '\0');
    uLongf size = packed.size();
    compress2(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(e.data()), e.size(), 9);
    packed.resize(size);
    return number(kCompressed, 4) + number(size, 4) + packed;
  }
  // Half a second: audio at 1000 Hz, and a sensor with six numbers at 10 Hz: column c of frame t is 10 c + t.
  std::string sensor(int rows = 5, int cols = 6) const {
    std::vector<float> values;
    for (int c = 0; c < cols; ++c)
      for (int t = 0; t < rows; ++t) values.push_back(static_cast<float>(10 * c + t));
    return text("TT") + integer(10, 1) + floats(rows, cols, values);
  }
  std::string audio() const {
    std::vector<float> samples;
    for (int i = 0; i < 500; ++i) samples.push_back(static_cast<float>(i % 7) / 8);
    return text("AUDIO") + integer(1000, 2) + floats(500, 1, samples);
  }
  std::string mview() const { return structure("F01", {1, 2}, {"NAME", "SRATE", "SIGNAL"}, audio() + sensor()); }

  static constexpr std::uint32_t kInt8 = 1, kUint8 = 2, kUint16 = 4, kInt32 = 5, kUint32 = 6, kFloat = 7, kMatrix = 14,
                                 kCompressed = 15;                                       // types
  static constexpr std::uint32_t kStruct = 2, kChar = 4, kDoubleClass = 6, kSingle = 7;  // classes

 private:
  bool little_;
};

}  // namespace cutract::test
