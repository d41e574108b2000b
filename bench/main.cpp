#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <optional>
#include <string_view>

#include "bench/bench.h"
#include "bench/clock.h"
#include "host/core/error.h"
#include "host/core/text.h"
#include "kernels/isa.h"
#include "model/version.h"

// The bench binary: registers every case with Google Benchmark, or runs one of them on demand for
// bench/peers/compare.py.
namespace cutract::bench {
namespace {

double median(std::vector<double> v) {
  std::nth_element(v.begin(), v.begin() + static_cast<std::ptrdiff_t>(v.size() / 2), v.end());
  return v[v.size() / 2];
}

constexpr double kWarmUpS = 0.3;  // run before timing a case on a GPU, so that its clocks have risen

// An executor, its peak rates, and its clock.
class Place {
 public:
  explicit Place(Exec exec) : exec_(std::move(exec)) {
    if (auto* gpu = std::get_if<GpuExec>(&exec_)) clock_.emplace(*gpu);
  }
  Exec& exec() { return exec_; }
  const Floor& floor() const { return floor_; }
  void measure_floor() { floor_ = bench::measure_floor(exec_); }
  // On a GPU the cache is flushed first; a CPU keeps its caches, as it would between two training steps.
  double seconds(const std::function<void()>& fn) {
    if (!clock_) return wall_seconds(exec_, fn);
    clock_->flush_cache();
    return clock_->seconds(fn);
  }
  void warm_up(const std::function<void()>& fn) {
    if (clock_ && !gpu_is_emulated())
      for (double spent = 0; spent < kWarmUpS;) spent += wall_seconds(exec_, fn);
  }
  // Alternates `run` and its part, so that both see the same clocks and the same other load.
  double share_of_part(const Prepared& p) {
    std::vector<double> whole, part;
    double spent = 0;
    while (whole.size() < 3 || (whole.size() < 25 && spent < 1)) {
      part.push_back(seconds(p.part));
      whole.push_back(seconds(p.run));
      spent += part.back() + whole.back();
    }
    return median(part) / median(whole);
  }

 private:
  Exec exec_;
  std::optional<GpuClock> clock_;
  Floor floor_;
};

class Bench {
 public:
  explicit Bench(int threads) : cpu_(Exec(std::in_place_type<CpuExec>, threads)) {
    if (why_no_gpu().empty()) gpu_.emplace(Exec(std::in_place_type<GpuExec>, 0));
  }

  bool has(Device device) const { return device == Device::cpu || gpu_; }
  Place& place(Device device) { return device == Device::cpu ? cpu_ : *gpu_; }
  bool failed() const { return failed_; }

  // Only one problem is kept at a time: Google Benchmark calls a case several times to find its number of iterations.
  const Prepared& prepared(const Case& c) {
    if (name_ != c.name) {
      name_.clear();
      problem_ = {};
      problem_ = c.prepare(place(c.device).exec());
      name_ = c.name;
      if (problem_.wrong.empty() && problem_.left_out.empty()) place(c.device).warm_up(problem_.run);
    }
    return problem_;
  }

  void time(benchmark::State& state, const Case& c) {
    const Prepared& p = prepared(c);
    if (!p.left_out.empty()) return state.SkipWithError(("left out: " + p.left_out).c_str());
    if (!p.wrong.empty()) {
      failed_ = true;
      state.SkipWithError(("output is wrong: " + p.wrong).c_str());
      return;
    }
    Place& on = place(c.device);
    std::vector<double> times;
    for (auto _ : state) {
      times.push_back(on.seconds(p.run));
      state.SetIterationTime(times.back());
    }
    count(state, p, on, median(times));
  }

 private:
  static void count(benchmark::State& state, const Prepared& p, Place& on, double s) {
    const Work& w = p.work;
    if (w.frames > 0) state.counters["frames/s"] = w.frames / s;
    if (w.flops > 0) state.counters["GFLOP/s"] = w.flops / s * 1e-9;
    state.counters["GB/s"] = w.bytes / s * 1e-9;
    state.counters["of_floor"] = on.floor().seconds(w) / s;
    if (w.audio_s > 0) state.counters["x_real_time"] = w.audio_s / s;
    if (p.part) state.counters["lstm_share"] = on.share_of_part(p);
  }

  Place cpu_;
  std::optional<Place> gpu_;
  std::string name_;
  Prepared problem_;
  bool failed_ = false;
};

// Never runs unless the filter selects it; used to test that a wrong output is not timed.
Case wrong_case() {
  return {"selftest/cpu/wrong_output", Device::cpu, Size::more, [](Exec&) {
            return Prepared{[] {}, {}, compare("selftest", {1.0f, 2.0f}, {1.0, 2.1}, 1e-6), {}};
          }};
}

Cases all_cases() {
  Cases cases;
  add_lstm(cases);
  add_gemm(cases);
  add_step(cases);
  add_pointwise(cases);
  add_attention(cases);
  add_conformer(cases);
  add_features(cases);
  add_corpus(cases);
  cases.push_back(wrong_case());
  return cases;
}

// Prepares the case and runs it once. Then, for every line on stdin, runs it once more and answers with its wall-clock
// seconds until all work is done, as the peers do.
int serve(Bench& bench, const Cases& cases, std::string_view name) {
  const auto it = std::find_if(cases.begin(), cases.end(), [&](const Case& c) { return c.name == name; });
  if (it == cases.end()) fail(Fault::usage, fmt::format("--serve={}: no such case; see --list", name));
  if (!bench.has(it->device)) fail(Fault::device, fmt::format("{}: no GPU: {}", name, why_no_gpu()));
  const Prepared& p = bench.prepared(*it);
  if (!p.left_out.empty()) fail(Fault::device, fmt::format("{}: {}", name, p.left_out));
  if (!p.wrong.empty()) fail(Fault::internal, fmt::format("{}: output is wrong: {}", name, p.wrong));
  p.run();
  fmt::print("ready {}\n", p.work.audio_s > 0 ? p.work.audio_s : p.work.frames);
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line);) {
    fmt::print("{:.9g}\n", wall_seconds(bench.place(it->device).exec(), p.run));
    std::fflush(stdout);
  }
  return 0;
}

// The cases selected by the options; --benchmark_filter then selects among `every` case.
struct Wanted {
  enum { standard, smallest, every } size = standard;
  std::optional<Device> device;  // empty: both
};

bool wanted(const Case& c, const Wanted& what) {
  if (what.device && c.device != *what.device) return false;
  if (what.size == Wanted::every) return true;
  const bool smallest = what.size == Wanted::smallest || (c.device == Device::gpu && gpu_is_emulated());
  return c.size == (smallest ? Size::smallest : Size::standard);
}

// Compares the output of each case with the oracle's, running it once and timing nothing, for memory checkers.
int check(Bench& bench, const Cases& cases, const Wanted& what) {
  int passed = 0, failed = 0;
  for (const Case& c : cases) {
    if (!wanted(c, what) || !bench.has(c.device)) continue;
    const Prepared& p = bench.prepared(c);
    if (!p.left_out.empty()) {
      fmt::print("skipped {}: {}\n", c.name, p.left_out);
      continue;
    }
    if (p.wrong.empty()) wall_seconds(bench.place(c.device).exec(), p.run);
    fmt::print("{} {}{}\n", p.wrong.empty() ? "ok     " : "FAILED ", c.name, p.wrong.empty() ? "" : ": " + p.wrong);
    ++(p.wrong.empty() ? passed : failed);
  }
  if (passed + failed == 0) fail(Fault::usage, "--check: none of the cases can run; see --list");
  fmt::print("{} passed, {} failed\n", passed, failed);
  return failed == 0 ? 0 : static_cast<int>(Fault::internal);
}

void describe(Bench& bench) {
  benchmark::AddCustomContext("commit", std::string(kGitCommit) + (kGitDirty ? " with changes" : ""));
  benchmark::AddCustomContext("compiler", kCompiler);
  benchmark::AddCustomContext("isa", name_of(cpu_isa()));
  for (const Device device : {Device::cpu, Device::gpu}) {
    if (!bench.has(device)) continue;
    Place& on = bench.place(device);
    on.measure_floor();
    benchmark::AddCustomContext(device == Device::cpu ? "cpu" : "gpu", describe(on.exec()));
    const std::string floor = device == Device::cpu ? "floor cpu " : "floor gpu ";
    for (const auto& [name, rate] : on.floor().peaks)
      benchmark::AddCustomContext(floor + "GFLOP/s " + name, fmt::format("{:.1f}", rate * 1e-9));
    benchmark::AddCustomContext(floor + "GB/s", fmt::format("{:.1f}", on.floor().bytes_per_s * 1e-9));
  }
}

void register_cases(Bench& bench, const Cases& cases, const Wanted& what) {
  int gpu = 0, more = 0;
  for (const Case& c : cases) {
    if (!bench.has(c.device)) {
      ++gpu;
    } else if (!wanted(c, what)) {
      ++more;
    } else {
      const auto run = [&bench, c](benchmark::State& state) { bench.time(state, c); };
      benchmark::RegisterBenchmark(c.name.c_str(), run)->UseManualTime()->Unit(benchmark::kMillisecond);
    }
  }
  if (gpu > 0) fmt::print(stderr, "{} left out: {}\n", counted(gpu, "GPU case"), why_no_gpu());
  if (more > 0)
    fmt::print(stderr, "{} can be selected with --benchmark_filter; see --list\n", counted(more, "more case"));
}

// Removes --NAME=VALUE (or --NAME) from argv and returns VALUE; returns `missing` if it is absent.
std::string take(int& argc, char** argv, const std::string& name, std::string missing) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view arg = argv[i];
    if (!arg.starts_with(name) || (arg.size() > name.size() && arg[name.size()] != '=')) continue;
    missing = arg.size() > name.size() ? arg.substr(name.size() + 1) : "";
    std::copy(argv + i + 1, argv + argc, argv + i);
    --argc;
    break;
  }
  return missing;
}

int threads_of(const std::string& text) {
  if (!text.empty() && text.size() < 4 && text.find_first_not_of("0123456789") == std::string::npos)
    return std::stoi(text);
  fail(Fault::usage, fmt::format("--threads={}: expected a number, or 0 for all cores", text));
}

std::optional<Device> device_of(const std::string& text) {
  if (text.empty()) return std::nullopt;
  if (text != "cpu" && text != "gpu") fail(Fault::usage, fmt::format("--device={}: expected cpu or gpu", text));
  return text == "cpu" ? Device::cpu : Device::gpu;
}

int run(int argc, char** argv) {
  const Cases cases = all_cases();
  if (take(argc, argv, "--list", "no") != "no") {
    for (const Case& c : cases) fmt::print("{}{}\n", c.name, c.size == Size::standard ? "  (default)" : "");
    return 0;
  }
  Bench bench(threads_of(take(argc, argv, "--threads", "0")));
  if (const std::string name = take(argc, argv, "--serve", ""); !name.empty()) return serve(bench, cases, name);
  Wanted what{.device = device_of(take(argc, argv, "--device", ""))};
  if (what.device && !bench.has(*what.device)) fail(Fault::device, "--device=gpu: no GPU: " + why_no_gpu());
  if (take(argc, argv, "--smallest", "no") != "no")
    what.size = Wanted::smallest;
  else if (std::any_of(argv, argv + argc, [](std::string_view arg) { return arg.starts_with("--benchmark_filter"); }))
    what.size = Wanted::every;
  const bool only_check = take(argc, argv, "--check", "no") != "no";
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return static_cast<int>(Fault::usage);
  if (only_check) return check(bench, cases, what);
  describe(bench);
  register_cases(bench, cases, what);
  const std::size_t ran = benchmark::RunSpecifiedBenchmarks();
  if (ran == 0) fail(Fault::usage, "--benchmark_filter: no matching case; see --list");
  return bench.failed() ? static_cast<int>(Fault::internal) : 0;
}

}  // namespace
}  // namespace cutract::bench

int main(int argc, char** argv) {
  setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", /*overwrite=*/0);  // as the program does (cli/main.cpp)
  try {
    return cutract::bench::run(argc, argv);
  } catch (const cutract::Error& e) {
    fmt::print(stderr, "{}\n", e.what());
    return static_cast<int>(e.fault());
  }
}
