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

// A position file of an articulograph at 250 Hz: number 7 (sensor - 1) + k of frame t is 1000 t + 10 sensor + k. Its
// header has 256 bytes.
inline std::string pos_file(int sensors, int frames) {
  std::string out = "AG50xDATA_V003\n00000256\nNumberOfChannels=" + std::to_string(sensors) +
                    "\nSamplingFrequencyHz=250\nrecorded=2021-03-25T11:23:01.207\n";
  out.resize(256);
  for (int t = 0; t < frames; ++t)
    for (int s = 1; s <= sensors; ++s)
      for (int k = 0; k < 7; ++k) out += float_bytes(static_cast<float>(1000 * t + 10 * s + k));
  return out;
}

// An SSFF file at 200 Hz from 0 s with columns of floats: value c of record t is 100 t + c.
inline std::string ssff_file(const std::vector<std::string>& columns, int records, bool little = true) {
  std::string out = std::string("SSFF -- (c) SHLRC\nMachine ") + (little ? "IBM-PC" : "SPARC") +
                    "\nRecord_Freq 200.0\nStart_Time 0.0\n";
  for (const std::string& name : columns) out += "Column " + name + " FLOAT 1\n";
  out += "Original_Freq DOUBLE 20000.0\n-----------------\n";
  for (int t = 0; t < records; ++t)
    for (std::size_t c = 0; c < columns.size(); ++c)
      out += float_bytes(static_cast<float>(100 * t) + static_cast<float>(c), little);
  return out;
}

}  // namespace cutract::test
