#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "host/core/error.h"
#include "host/corpus/corpus.h"
#include "host/io/atomic_file.h"
#include "host/io/audio.h"
#include "host/io/npy.h"

// report_corpus SRC OUT: makes a corpus with the size of the one in an earlier project's report (50 utterances for
// training and 12 each for validation and test, of 2,481 frames each) by joining recordings of SRC end to end. Only the
// size is realistic: the same speech recurs.
namespace cutract::bench {
namespace {

constexpr Index kFrames = 2481;  // at 10 ms per frame
constexpr int kTrain = 50, kVal = 12, kTest = 12;

// Takes the recordings of one split in turn, repeating them as needed.
class Tape {
 public:
  Tape(const Corpus& corpus, const std::string& split) {
    hop_ = static_cast<Index>(corpus.sample_rate / corpus.articulation_rate_hz);
    for (const Utterance* u : corpus.split(split)) recordings_.push_back(read_recording(corpus, *u));
  }
  // The next kFrames frames of the track and the corresponding samples.
  Recording next() {
    Recording out;
    out.track.values = Matrix(kFrames, recordings_.front().track.values.cols);
    for (Index have = 0; have < kFrames;) {
      const Recording& r = recordings_[at_];
      const Index whole = std::min(r.track.values.rows, static_cast<Index>(r.samples.size()) / hop_);
      const Index take = std::min(whole - frame_, kFrames - have);
      std::copy(r.track.values.row(frame_), r.track.values.row(frame_ + take), out.track.values.row(have));
      out.samples.insert(out.samples.end(), r.samples.begin() + frame_ * hop_,
                         r.samples.begin() + (frame_ + take) * hop_);
      have += take;
      frame_ += take;
      if (frame_ == whole) {
        at_ = (at_ + 1) % recordings_.size();
        frame_ = 0;
      }
    }
    return out;
  }

 private:
  std::vector<Recording> recordings_;
  Index hop_ = 0, frame_ = 0;
  std::size_t at_ = 0;
};

void write_corpus(const std::string& from, const std::string& to) {
  const Corpus corpus = read_corpus(from);
  make_folder(to + "/audio");
  make_folder(to + "/articulation");
  std::string manifest = "id\tspeaker\tsplit\taudio\tarticulation\n";
  for (const auto& [split, count] : {std::pair{"train", kTrain}, {"val", kVal}, {"test", kTest}}) {
    Tape tape(corpus, split);
    for (int i = 0; i < count; ++i) {
      const std::string id = fmt::format("{}{:02}", split, i);
      const Recording r = tape.next();
      write_audio(fmt::format("{}/audio/{}.flac", to, id), {corpus.sample_rate, r.samples});
      save_atomically(real_file_system(), fmt::format("{}/articulation/{}.npy", to, id),
                      encode_npy(r.track.values.view()));
      manifest += fmt::format("{0}\tjoined\t{1}\taudio/{0}.flac\tarticulation/{0}.npy\n", id, split);
    }
  }
  save_atomically(real_file_system(), to + "/manifest.tsv", manifest);
  save_atomically(real_file_system(), to + "/corpus.toml", read_file(from + "/corpus.toml"));
}

}  // namespace
}  // namespace cutract::bench

int main(int argc, char** argv) {
  using namespace cutract;
  try {
    if (argc != 3) fail(Fault::usage, "report_corpus: expected two folders: the source corpus and the new one");
    bench::write_corpus(argv[1], argv[2]);
    return 0;
  } catch (const Error& e) {
    fmt::print(stderr, "{}\n", e.what());
    return static_cast<int>(e.fault());
  }
}
