// Predicts articulator movement for one second of a synthetic vowel and prints it: invert MODEL
#include <cutract/error.h>
#include <cutract/inverter.h>

#include <cmath>
#include <cstdio>
#include <vector>

// A vowel-like sound: harmonics of 120 Hz that get weaker with frequency, at 16 kHz, full scale 1.
static std::vector<float> vowel() {
  std::vector<float> samples(16000);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    double v = 0;
    for (int k = 1; k <= 40; ++k)
      v += 0.1 / k * std::sin(2 * 3.141592653589793 * 120 * k * static_cast<double>(i) / 16000);
    samples[i] = static_cast<float>(v);
  }
  return samples;
}

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: invert MODEL\n");
    return 2;
  }
  try {
    const cutract::Inverter invert = cutract::Inverter::load(argv[1]);  // once
    const cutract::Movement m = invert(vowel(), 16000);                 // for any number of recordings

    std::printf("time_s");
    for (const auto& channel : m.channels) std::printf(",%s_%s", channel.name.c_str(), channel.unit.c_str());
    std::printf("\n");
    for (std::size_t t = 0; t < m.frames(); ++t) {
      std::printf("%.4f", m.time_s(t));
      for (std::size_t c = 0; c < m.channels.size(); ++c) std::printf(",%.6g", m.at(t, c));
      std::printf("\n");
    }
    return 0;
  } catch (const cutract::Error& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return static_cast<int>(e.fault());
  }
}
