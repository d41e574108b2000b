#include "tests/fuzz/track_seeds.h"

#include "tests/io/mview_bytes.h"
#include "tests/io/track_bytes.h"

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

void add_mview(std::vector<TrackSeed>& seeds) {
  const test::MviewComposer little(true), big(false);
  const std::vector<std::string> fields{"NAME", "SRATE", "SIGNAL"};
  const auto one = [&](const test::MviewComposer& m) { return m.structure("F01", {1, 1}, fields, m.sensor(3, 2)); };
  seeds.push_back({"mview", "little", little.file(one(little))});
  seeds.push_back({"mview", "big", big.file(one(big))});
  seeds.push_back({"mview", "compressed", little.file(little.compressed(little.mview()))});
}

// Rows of a table of numbers: the time, and as many values.
std::string rows(int n, const std::string& step, int values, const std::string& value) {
  std::string text;
  for (int k = 0; k < n; ++k) {
    text += std::to_string(k) + step;
    for (int c = 0; c < values; ++c) text += "\t" + value;
    text += "\n";
  }
  return text;
}

}  // namespace

std::vector<TrackSeed> track_seeds() {
  std::vector<TrackSeed> seeds;
  add_est(seeds);
  seeds.push_back({"xrmb", "three_rows", rows(3, "000", 16, "-13765")});
  seeds.push_back({"xrmb", "mistracked", rows(2, "000", 16, "1000000")});
  seeds.push_back({"mocha", "three_rows", rows(3, ".5 1", 20, "-1e2")});
  seeds.push_back({"mocha", "a_break", rows(1, " 0", 20, "5") + "\r\n" + rows(1, ".25\t1 ", 20, "nan")});
  seeds.push_back({"ag501", "two_sensors", test::pos_file(2, 2)});
  seeds.push_back({"ag501", "one_sensor", test::pos_file(1, 1)});
  seeds.push_back({"ssff", "little", test::ssff_file({"tt_posx", "tt_posz"}, 2)});
  seeds.push_back({"ssff", "big", test::ssff_file({"jaw"}, 1, false)});
  seeds.push_back({"ssff", "types",
                   "SSFF -- (c) SHLRC\nMachine SPARC\nRecord_Freq 200\nStart_Time 0.0025\nColumn fm SHORT 4\nColumn a "
                   "CHAR 1\nColumn b BYTE 1\nColumn c DOUBLE 1\nColumn d LONG 1\nOriginal_Freq DOUBLE 20000.0\n"
                   "-----------------\n" +
                       std::string(22, '\7')});
  seeds.push_back({"ssff", "long_name",
                   "SSFF -- (c) SHLRC\nMachine IBM-PC\nRecord_Freq 200\nStart_Time 0\nColumn " +
                       std::string(2000, 'x') + " CHAR 1024\n-----------------\n" + std::string(1024, '\1')});
  add_mview(seeds);
  return seeds;
}

}  // namespace cutract::fuzz
