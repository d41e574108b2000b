#include "tests/support/tiny_corpus.h"

#include <cmath>

#include "host/io/audio.h"
#include "host/io/npy.h"

namespace cutract::test {

TinyCorpus::TinyCorpus() : dir(folder / "corpus") {
  constexpr int kRate = 8000, kFrameRate = 100;
  folder.write("corpus/corpus.toml",
               "name = \"tiny\"\nsample_rate = 8000\narticulation_rate_hz = 100.0\nprovenance = \"made by a test\"\n"
               "licence = \"Apache-2.0\"\nchannels = [{name = \"height\", unit = \"mm\"}, {name = \"opening\", unit = "
               "\"mm\"}]\n");
  std::string manifest = "id\tspeaker\tsplit\taudio\tarticulation\n";
  Rng rng(7);
  for (int u = 0; u < 10; ++u) {
    const int frames = 40 + 3 * u, samples = frames * kRate / kFrameRate;
    const double turn = rng.uniform(1, 3), start = rng.uniform(0, 6);
    Matrix track(frames, 2);
    Audio audio{kRate, std::vector<float>(static_cast<std::size_t>(samples))};
    const auto height = [&](double t) { return std::sin(turn * 6.28 * t + start); };
    const auto opening = [&](double t) { return std::cos(1.7 * turn * 6.28 * t + start); };
    for (int k = 0; k < frames; ++k) {
      const double t = static_cast<double>(k) / kFrameRate;
      track.row(k)[0] = static_cast<float>(10 * height(t));
      track.row(k)[1] = static_cast<float>(5 + 2 * opening(t));
    }
    double phase = 0;
    for (int i = 0; i < samples; ++i) {
      const double t = static_cast<double>(i) / kRate;
      phase += 6.28 * (900 + 500 * height(t)) / kRate;
      audio.samples[static_cast<std::size_t>(i)] =
          static_cast<float>((0.2 + 0.1 * opening(t)) * std::sin(phase) + 0.003 * rng.normal());
    }
    const std::string id = "u" + std::to_string(u);
    folder.write("corpus/articulation/" + id + ".npy", encode_npy(track.view()));
    folder.write("corpus/audio/.keep", "");
    write_audio(dir + "/audio/" + id + ".wav", audio);
    manifest += id + "\t" + (u % 2 ? "a" : "b") + "\t" +
                (u < 6   ? "train"
                 : u < 8 ? "val"
                         : "test") +
                "\taudio/" + id + ".wav\tarticulation/" + id + ".npy\n";
  }
  folder.write("corpus/manifest.tsv", manifest);
}

std::string TinyCorpus::config(const std::string& extra) const {
  return "[data]\ncorpus = \"" + dir +
         "\"\n[features]\nsample_rate = 8000\nn_mels = 12\nn_fft = 256\nwin_samples = 256\nhop_samples = 80\nfmax_hz = "
         "4000\n"
         "[model]\nhidden = 9\nlayers = 2\ndropout = 0.2\n[optim]\nlr = 0.01\n[trainer]\nmax_epochs = 3\nbatch_size = "
         "2\n" +
         extra;
}

}  // namespace cutract::test
