#include "host/io/audio_names.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <string_view>

namespace cutract {

bool is_audio_name(const std::string& path) {
  constexpr std::array<std::string_view, 17> kEndings{".wav",  ".wave", ".flac", ".ogg", ".oga", ".opus",
                                                      ".sph",  ".nist", ".wv1",  ".wv2", ".mp3", ".aif",
                                                      ".aiff", ".aifc", ".au",   ".snd", ".w64"};
  std::string ending = std::filesystem::path(path).extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(kEndings.begin(), kEndings.end(), ending) != kEndings.end();
}

}  // namespace cutract
