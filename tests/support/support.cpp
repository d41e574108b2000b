#include "tests/support/support.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "host/io/atomic_file.h"

namespace cutract::test {

std::vector<float> Rng::normals(Index n, double scale) {
  std::vector<float> out(static_cast<std::size_t>(n));
  for (auto& v : out) v = static_cast<float>(scale * normal());
  return out;
}

Error thrown_by(const std::function<void()>& fn) {
  try {
    fn();
  } catch (const Error& e) { return e; }
  ADD_FAILURE() << "nothing was thrown";
  return {Fault::internal, "nothing was thrown"};
}

TempFolder::TempFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "cutract_XXXXXX").string();
  if (!mkdtemp(pattern.data())) fail(Fault::io, "no temporary folder");
  path_ = pattern;
}
TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}
std::string TempFolder::write(const std::string& name, const std::string& bytes) const {
  const std::string path = *this / name;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

std::string source_file(const std::string& path) {
  const char* elsewhere = std::getenv("CUTRACT_SOURCE");
  return std::string(elsewhere ? elsewhere : CUTRACT_SOURCE_DIR) + "/" + path;
}

TensorFile read_safetensors(const std::string& path) { return decode_safetensors(read_file(path), path); }

TensorFile golden(const std::string& name) { return read_safetensors(source_file("tests/golden/" + name)); }

}  // namespace cutract::test
