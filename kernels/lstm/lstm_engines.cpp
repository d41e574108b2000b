#include "kernels/lstm/lstm_engines.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "host/core/error.h"
#include "kernels/lstm/engine_error.h"
#include "kernels/lstm/rnn_gpu.h"

namespace cutract {
namespace {

using Where = bool (*)(const LstmRequest&);

// Whether a block can use 163 KiB of shared memory (CUDA programming guide, "Compute Capabilities").
bool large_shared(const LstmRequest& r) {
  return r.capability == 80 || r.capability == 87 || (r.capability >= 90 && r.capability < 120);
}

// The requests that each engine supports.
struct Engine {
  LstmEngine engine;
  Where takes;
  const char* what;  // the supported requests, in words
};
constexpr Engine kEngines[] = {
    {LstmEngine::cudnn,
     [](const LstmRequest& r) { return r.cudnn && (r.precision != Precision::bf16 || r.capability >= 80); },
     "cuDNN 9, and compute capability 8.0 or later for bf16"},
    {LstmEngine::cluster,
     [](const LstmRequest& r) {
       return r.capability >= 90 && r.precision == Precision::bf16 &&
              (r.H == 128 || r.H == 256 || r.H == 384 || r.H == 512);
     },
     "bf16 and H 128, 256, 384 or 512 on compute capability 9.0 or later"},
    {LstmEngine::persistent,
     [](const LstmRequest& r) {
       return r.capability >= 80 && (r.H == 64 || (r.H == 128 && (r.precision == Precision::bf16 || large_shared(r))));
     },
     "H 64 or 128 on compute capability 8.0 or later (fp32 and tf32 with H 128: not on 8.6, 8.9 and 12.x)"},
    {LstmEngine::steps, [](const LstmRequest&) { return true; }, "anything"},
};

// The choice made by `auto`: the first line whose condition holds and whose engine supports the request. Times are in
// microseconds per step of one layer and direction at H 128 and 8 rows, forward + backward. No line has been measured
// on a GPU yet: "estimated" is computed from instruction and byte counts for an H100 at 1.75 GHz; "published" comes
// from other people's measurements.
struct Line {
  LstmEngine engine;
  Where where;
  const char* why;
};
constexpr Line kTable[] = {
    {LstmEngine::cluster, [](const LstmRequest& r) { return r.H > 128; },
     "estimated 0.45 us a step forward at H 256; one block cannot hold the weights, and cuDNN reads them at each step"},
    {LstmEngine::cluster, [](const LstmRequest& r) { return r.rows <= 256; },
     "estimated 0.35 us a step forward against 0.45 of one block, while a GPU holds all clusters at once"},
    {LstmEngine::persistent, [](const LstmRequest& r) { return r.precision == Precision::bf16; },
     "estimated 0.45 + 0.55 us a step against 6.5 + 12.8 of cuDNN's STANDARD (published)"},
    {LstmEngine::persistent, [](const LstmRequest& r) { return r.precision == Precision::tf32; },
     "estimated 1.0 + 1.6 us a step against 6.5 + 12.8 of cuDNN's STANDARD (published)"},
    {LstmEngine::persistent, [](const LstmRequest&) { return true; },
     "estimated 1.5 + 1.7 us a step against 6.5 + 12.8 of cuDNN's STANDARD and 2.35 + 3.2 of SMALL_H (published)"},
    {LstmEngine::cudnn, [](const LstmRequest& r) { return !r.ragged && r.H <= 128; },
     "published 2.35 + 3.2 us a step for PERSIST_STATIC_SMALL_H, which equal lengths allow"},
    {LstmEngine::cudnn, [](const LstmRequest&) { return true; }, "published 6.5 + 12.8 us a step for STANDARD"},
    {LstmEngine::steps, [](const LstmRequest&) { return true; },
     "no faster one takes this, and cuDNN cannot be called here"},
};

const Engine& engine_of(LstmEngine e) {
  return *std::find_if(std::begin(kEngines), std::end(kEngines), [&](const Engine& is) { return is.engine == e; });
}

}  // namespace

std::string describe(const LstmRequest& r) { return fmt::format("{}, H {}", name_of(r.precision), r.H); }

LstmChoice choose_engine(const LstmRequest& r) {
  if (r.engine != LstmEngine::automatic) {
    const Engine& asked = engine_of(r.engine);
    if (!asked.takes(r))
      throw EngineRefused(
          Fault::config,
          fmt::format("lstm: engine \"{}\" needs {}; this run has {} on compute capability {}.{}, {} cuDNN",
                      name_of(r.engine), asked.what, describe(r), r.capability / 10, r.capability % 10,
                      r.cudnn ? "with" : "without"));
    return {r.engine, "as asked for"};
  }
  for (const Line& line : kTable)
    if (line.where(r) && engine_of(line.engine).takes(r)) return {line.engine, line.why};
  fail(Fault::internal, "lstm: no engine takes " + describe(r));
}

LstmChoice choose_engine(const GpuExec& ex, LstmRequest r) {
  r.capability = ex.capability();
  // On the emulated GPU the stand-in for cuDNN is used only if it is requested explicitly.
  r.cudnn = why_no_cudnn().empty() && (r.engine == LstmEngine::cudnn || !gpu_is_emulated());
  return choose_engine(r);
}

LstmChoice choose_engine(const Exec& ex, const LstmRequest& r) {
  if (const auto* gpu = std::get_if<GpuExec>(&ex)) return choose_engine(*gpu, r);
  return {LstmEngine::automatic, "the CPU has a single engine"};
}

}  // namespace cutract
