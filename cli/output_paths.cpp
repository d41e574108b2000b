#include <fmt/format.h>

#include <filesystem>
#include <map>

#include "cli/commands.h"
#include "host/core/error.h"

namespace cutract::cli {

std::vector<std::string> output_paths(const std::vector<std::string>& audio, const std::string& dir,
                                      const std::string& ending) {
  std::map<std::string, std::string> taken;
  std::vector<std::string> out;
  for (const auto& input : audio) {
    const std::string path = fmt::format("{}/{}.{}", dir, std::filesystem::path(input).stem().string(), ending);
    if (const auto [it, fresh] = taken.emplace(path, input); !fresh)
      fail(Fault::usage,
           fmt::format("{} and {} would both be written to {}; use two folders", it->second, input, path));
    out.push_back(path);
  }
  return out;
}

}  // namespace cutract::cli
