#pragma once

#include <string>

namespace cutract {

// Whether a name ends like that of an audio file that read_audio can read: .wav, .FLAC, .sph and so on.
bool is_audio_name(const std::string& path);

}  // namespace cutract
