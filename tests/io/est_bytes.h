#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

namespace cutract::test {

// The four bytes of a float in either order.
inline std::string float_bytes(float v, bool little = true) {
  char raw[4];
  std::memcpy(raw, &v, 4);
  if (!little) std::reverse(raw, raw + 4);
  return {raw, 4};
}

inline std::string float_bytes(const std::vector<float>& values, bool little = true) {
  std::string out;
  for (const float v : values) out += float_bytes(v, little);
  return out;
}

// An EST track whose frames are these numbers: time, break flag, and the values of these channels.
inline std::string est_file(const std::vector<std::string>& channels, const std::vector<float>& frames,
                            bool little = true) {
  std::string out = "EST_File Track\nDataType binary\nNumFrames " +
                    std::to_string(frames.size() / (channels.size() + 2)) + "\nByteOrder " + (little ? "01" : "10") +
                    "\nNumChannels " + std::to_string(channels.size()) +
                    "\nEqualSpace 1\nBreaksPresent true\nCommentChar ;\n\n";
  for (std::size_t c = 0; c < channels.size(); ++c) out += "Channel_" + std::to_string(c) + " " + channels[c] + "\n";
  return out + "EST_Header_End\n" + float_bytes(frames, little);
}

}  // namespace cutract::test
