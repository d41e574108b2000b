#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "bench/floor.h"
#include "host/device/exec.h"
#include "host/device/memory.h"
#include "host/device/ragged.h"

// The framework of the bench: benchmark cases, random inputs, and the check of a result before it is timed.
namespace cutract::bench {

// A problem ready to be timed.
struct Prepared {
  std::function<void()> run;
  Work work;
  std::string wrong;           // why the output is wrong; empty if it is right
  std::function<void()> part;  // the main part of `run`, whose share of its time is shown; may be empty
  std::string left_out;        // why it cannot run here, which is not an error; empty if it can
};
using Prepare = std::function<Prepared(Exec&)>;

enum class Device { cpu, gpu };

// `smallest` cases are for the smoke test and for an emulated GPU, `standard` ones run by default, and `more` run when
// --benchmark_filter selects them.
enum class Size { smallest, standard, more };

struct Case {
  std::string name;  // op/device/B:8/T:400/H:256
  Device device = Device::cpu;
  Size size = Size::more;
  Prepare prepare;
};
using Cases = std::vector<Case>;

// The cases of each file. `op_name("lstm", device, "B:8/T:400")` is "lstm/cpu/B:8/T:400".
std::string op_name(const std::string& op, Device, const std::string& shape);
void add_lstm(Cases&);
void add_gemm(Cases&);
void add_attention(Cases&);
void add_conformer(Cases&);
void add_pointwise(Cases&);
void add_features(Cases&);
void add_corpus(Cases&);
void add_step(Cases&);

// The precisions of matrix products on a device, and the matching suffix of a case's name: "/bf16"; none for fp32 on a
// CPU.
std::vector<Precision> precisions_of(Device);
std::string ending(Device, Precision);

// Lengths of B utterances, longest first: all T, or, if ragged, evenly spread from 1.5 T down to 0.5 T with mean T.
std::vector<std::int32_t> lengths_of(Index B, Index T, bool ragged);
Index frames_of(const std::vector<std::int32_t>& lengths);

// Uniform numbers in [-scale, scale] that depend only on n and key.
std::vector<float> random(Index n, std::uint64_t key, double scale = 1);

// The same numbers, or zeros, in the executor's memory.
Buffer<float> random_on(Exec&, Index n, std::uint64_t key, double scale = 1);
Buffer<float> zeros_on(Exec&, Index n);

// The offsets and lengths of the utterances of a batch, in the executor's memory.
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

// Empty if the relative L2 distance between `got` and `want` is within `bound`; otherwise a message. NaN is never
// within it.
std::string compare(const std::string& what, const std::vector<float>& got, const std::vector<double>& want,
                    double bound);

}  // namespace cutract::bench
