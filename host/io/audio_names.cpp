#include "host/io/audio_names.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>

#include "host/core/text.h"

namespace cutract {

bool is_audio_name(const std::string& path) {
  constexpr std::array<std::string_view, 17> kEndings{".wav",  ".wave", ".flac", ".ogg", ".oga", ".opus",
                                                      ".sph",  ".nist", ".wv1",  ".wv2", ".mp3", ".aif",
                                                      ".aiff", ".aifc", ".au",   ".snd", ".w64"};
  const std::string ending = lowercase(std::filesystem::path(path).extension().string());
  return std::find(kEndings.begin(), kEndings.end(), ending) != kEndings.end();
}

}  // namespace cutract
