#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "bench/floor.h"
#include "host/core/exec.h"
#include "host/core/memory.h"
#include "host/core/ragged.h"

// The frame of the bench: what a case is, random inputs, and how a result is compared before it is timed.
namespace cutract::bench {

// A problem ready to be timed.
struct Prepared {
  std::function<void()> run;
  Work work;
  std::string wrong;           // why the output is not right; empty: it is
  std::function<void()> part;  // the part of `run` that matters most, whose share of its time is shown; may be empty
  std::string left_out;        // why it cannot be run here, which is no fault; empty: it can
};
using Prepare = std::function<Prepared(Exec&)>;

enum class Device { cpu, gpu };

// `smallest` cases are for the smoke test and for an emulated GPU, `standard` ones run by default, `more` when
// --benchmark_filter asks for them.
enum class Size { smallest, standard, more };

struct Case {
  std::string name;  // op/device/B:8/T:400/H:256
  Device device = Device::cpu;
  Size size = Size::more;
  Prepare prepare;
};
using Cases = std::vector<Case>;

// Each file's cases. `op_name("lstm", device, "B:8/T:400")` is "lstm/cpu/B:8/T:400".
std::string op_name(const std::string& op, Device, const std::string& shape);
void add_lstm(Cases&);
void add_gemm(Cases&);
void add_pointwise(Cases&);
void add_features(Cases&);
void add_corpus(Cases&);
void add_step(Cases&);

// The precisions that a device computes products in, and the ending of a case's name: "/bf16"; none for fp32 on a CPU.
std::vector<Precision> precisions_of(Device);
std::string ending(Device, Precision);

// Lengths of B utterances, longest first: all T, or, ragged, evenly from 1.5 T down to 0.5 T, so that their mean is T.
std::vector<std::int32_t> lengths_of(Index B, Index T, bool ragged);
Index frames_of(const std::vector<std::int32_t>& lengths);

// Uniform in [-scale, scale], a function of (n, key) alone.
std::vector<float> random(Index n, std::uint64_t key, double scale = 1);

// The same, or zeros, where the executor computes.
Buffer<float> random_on(Exec&, Index n, std::uint64_t key, double scale = 1);
Buffer<float> zeros_on(Exec&, Index n);

// Where the utterances of a batch lie, in the executor's memory.
class RaggedOn {
 public:
  RaggedOn(Exec&, const std::vector<std::int32_t>& lengths);
  Ragged view() const { return view_; }

 private:
  RaggedOn(Exec&, RaggedBatch);
  RaggedBatch host_;
  Buffer<std::int32_t> offset_, length_;
  Ragged view_;
};

inline std::vector<double> to_double(const std::vector<float>& v) { return {v.begin(), v.end()}; }

// Empty if the relative L2 distance of `got` from `want` is within `bound`, else what was found. NaN is never within.
std::string compare(const std::string& what, const std::vector<float>& got, const std::vector<double>& want,
                    double bound);

}  // namespace cutract::bench
