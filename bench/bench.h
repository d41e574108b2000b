#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "bench/floor.h"
#include "host/core/exec.h"
#include "host/core/ragged.h"

// The frame of the bench: what a case is, random inputs, and how a result is compared before it is timed.
namespace cutract::bench {

// What one run does at least: the floor is the larger of flops / peak and bytes / bandwidth.
struct Work {
  double frames = 0;   // real ones, no padding
  double flops = 0;    // of the mathematics, multiply and add apart; transcendentals not counted
  double bytes = 0;    // every input read once, every output written once
  double audio_s = 0;  // seconds of audio, of the front end
};

// A problem ready to be timed.
struct Prepared {
  std::function<void()> run;
  Work work;
  std::string wrong;           // why the output is not right; empty: it is
  std::function<void()> part;  // the part of `run` that matters most, whose share of its time is shown; may be empty
};
using Prepare = std::function<Prepared(Exec&)>;

enum class Device { cpu, gpu };

// `standard` cases run by default, the others when --benchmark_filter asks for them.
struct Case {
  std::string name;  // op/device/B:8/T:400/H:256
  Device device = Device::cpu;
  bool standard = false;
  Prepare prepare;
};
using Cases = std::vector<Case>;

// Each file's cases. `op_name("lstm", device, "B:8/T:400")` is "lstm/cpu/B:8/T:400".
std::string op_name(const std::string& op, Device, const std::string& shape);
void add_lstm(Cases&);
void add_pointwise(Cases&);
void add_features(Cases&);
void add_step(Cases&);

// Lengths of B utterances, longest first: all T, or, ragged, evenly from 1.5 T down to 0.5 T, so that their mean is T.
std::vector<std::int32_t> lengths_of(Index B, Index T, bool ragged);
Index frames_of(const std::vector<std::int32_t>& lengths);

// Uniform in [-scale, scale], a function of (n, key) alone.
std::vector<float> random(Index n, std::uint64_t key, double scale = 1);

inline std::vector<double> to_double(const std::vector<float>& v) { return {v.begin(), v.end()}; }

// Empty if the relative L2 distance of `got` from `want` is within `bound`, else what was found. NaN is never within.
std::string compare(const std::string& what, const std::vector<float>& got, const std::vector<double>& want,
                    double bound);

}  // namespace cutract::bench
