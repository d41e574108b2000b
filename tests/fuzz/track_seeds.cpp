#include "tests/fuzz/track_seeds.h"

#include "tests/io/est_bytes.h"

namespace cutract::fuzz {
namespace {

using test::est_file;

void add_est(std::vector<TrackSeed>& seeds) {
  const std::vector<float> frames{0, 1, 1, 2, 0.005F, 0, 3, 4, 0.01F, 1, 5, 6};
  seeds.push_back({"est", "little", est_file({"tt_x", "****"}, frames)});
  seeds.push_back({"est", "big", est_file({"tt_x", "tt_y"}, frames, false)});
  seeds.push_back({"est", "ascii",
                   "EST_File Track\nDataType ascii\nNumFrames 2\nNumChannels 1\nBreaksPresent true\nFrameShift 0.01\n"
                   "CommentChar ;\nChannel_0 a\nEST_Header_End\n; x\n0 1 -2.5\n0.01 0 nan\n"});
  seeds.push_back(
      {"est", "no_breaks", "EST_File Track\nDataType ascii\nNumFrames 1\nNumChannels 1\nEST_Header_End\n0 7\n"});
}

}  // namespace

std::vector<TrackSeed> track_seeds() {
  std::vector<TrackSeed> seeds;
  add_est(seeds);
  return seeds;
}

}  // namespace cutract::fuzz
