#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "host/core/error.h"
#include "host/core/view.h"
#include "host/io/byte_reader.h"

// The parts of a MATLAB 5 file, after MathWorks' "MAT-File Level 5 File Format". Every size is checked against the
// available bytes before anything is allocated.
namespace cutract {

constexpr std::uint32_t kMatMatrix = 14;                                                // type of an element
constexpr std::uint32_t kMatStruct = 2, kMatChar = 4, kMatDouble = 6, kMatUint64 = 15;  // classes of matrices
constexpr std::uint32_t kMatComplex = 0x0800, kMatLogical = 0x0200;                     // flags

// Thrown without the name of the file, which naming_mat adds.
struct MatDamaged {};   // an element does not fit
struct MatTooLarge {};  // elements inflate to more than mat_budget allows, or numbers take more

// The bytes to which elements of a file may inflate, and those that its numbers may take. `spare` lets small files
// inflate further.
inline std::uint64_t mat_budget(std::size_t file_bytes, std::uint64_t spare) { return 4 * file_bytes + spare; }

// Returns read(), and throws Error{data} with the name of the file if the file is damaged or takes too much memory.
template <class Read>
auto naming_mat(const std::string& path, Read read) {
  try {
    return read();
  } catch (const MatDamaged&) { fail(Fault::data, path + ": is cut off or damaged"); } catch (const MatTooLarge&) {
    fail(Fault::data, path + ": needs more than four times its size in memory; save it with save(file, '-v6')");
  }
}

template <class T>
T mat_number(std::string_view bytes, std::size_t at, bool little) {
  if (bytes.size() < sizeof(T) || at > bytes.size() - sizeof(T)) throw MatDamaged{};
  return number_at<T>(bytes, at, little);
}

struct MatElement {
  std::uint32_t type = 0;
  std::string_view data;
};

// Reads consecutive elements in `bytes`.
class MatElements {
 public:
  MatElements(std::string_view bytes, bool little) : rest_(bytes), little_(little) {}
  bool done() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }

  // Elements inside a matrix begin at multiples of 8 bytes, and up to 4 bytes of data may be inside the tag.
  MatElement inner();
  MatElement outer();

 private:
  std::string_view take(std::size_t n);

  std::string_view rest_;
  bool little_;
};

// One element of the file: a matrix, either uncompressed or inflated. Refuses to inflate to more than `most` bytes.
class MatTopLevel {
 public:
  MatTopLevel(const MatElement&, bool little, std::uint64_t most);
  std::string_view matrix() const { return bytes_; }

 private:
  std::string inflated_;
  std::string_view bytes_;
};

// One variable: its header, and where its contents are, in the bytes that it was parsed from.
struct MatVariable {
  std::string name;
  std::uint32_t flags = 0;
  std::vector<std::int32_t> dims;
  MatElement real;        // the numbers of a numeric matrix
  std::string_view rest;  // everything after the header

  std::uint32_t kind() const { return flags & 0xFF; }
};

MatVariable parse_mat_variable(std::string_view matrix, bool little);

// Returns the numbers of a matrix with two axes, whatever type they are stored in.
Matrix mat_numbers(const MatVariable&, bool little);

// Checks the header of the file, and returns its byte order. Throws Error{data} for a file that is not MATLAB 5.
bool mat_is_little(std::string_view bytes, const std::string& path);
inline constexpr std::size_t kMatHeader = 128;  // bytes

}  // namespace cutract
