#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <string_view>

#include "bench/bench.h"
#include "host/core/error.h"
#include "kernels/isa.h"
#include "train/version.h"

// The bench binary: registers every case with Google Benchmark, or serves one of them to bench/peers/compare.py.
namespace cutract::bench {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_of(const std::function<void()>& fn) {
  const auto began = Clock::now();
  fn();
  return std::chrono::duration<double>(Clock::now() - began).count();
}

double median(std::vector<double> v) {
  std::nth_element(v.begin(), v.begin() + static_cast<std::ptrdiff_t>(v.size() / 2), v.end());
  return v[v.size() / 2];
}

// `run` and its part in turn, so that both see the same clocks and neighbours.
double share_of_part(const Prepared& p) {
  std::vector<double> whole, part;
  double spent = 0;
  while (whole.size() < 3 || (whole.size() < 25 && spent < 1)) {
    part.push_back(seconds_of(p.part));
    whole.push_back(seconds_of(p.run));
    spent += part.back() + whole.back();
  }
  return median(part) / median(whole);
}

class Bench {
 public:
  explicit Bench(int threads) : exec_(std::in_place_type<CpuExec>, threads) {}

  const CpuExec& cpu() const { return std::get<CpuExec>(exec_); }
  void measure_floor() { floor_ = bench::measure_floor(cpu()); }
  const Floor& floor() const { return floor_; }
  bool failed() const { return failed_; }

  // One problem is kept at a time: Google Benchmark calls a case several times to find its number of iterations.
  const Prepared& prepared(const Case& c) {
    if (name_ != c.name) {
      name_.clear();
      problem_ = {};
      problem_ = c.prepare(exec_);
      name_ = c.name;
    }
    return problem_;
  }

  void time(benchmark::State& state, const Case& c) {
    const Prepared& p = prepared(c);
    if (!p.wrong.empty()) {
      failed_ = true;
      state.SkipWithError(("output is wrong: " + p.wrong).c_str());
      return;
    }
    std::vector<double> times;
    for (auto _ : state) {
      times.push_back(seconds_of(p.run));
      state.SetIterationTime(times.back());
    }
    count(state, p, median(times));
  }

 private:
  void count(benchmark::State& state, const Prepared& p, double s) {
    const Work& w = p.work;
    if (w.frames > 0) state.counters["frames/s"] = w.frames / s;
    if (w.flops > 0) state.counters["GFLOP/s"] = w.flops / s * 1e-9;
    state.counters["GB/s"] = w.bytes / s * 1e-9;
    state.counters["of_floor"] = floor_.seconds(w.flops, w.bytes) / s;
    if (w.audio_s > 0) state.counters["x_real_time"] = w.audio_s / s;
    if (p.part) state.counters["lstm_share"] = share_of_part(p);
  }

  Exec exec_;
  Floor floor_;
  std::string name_;
  Prepared problem_;
  bool failed_ = false;
};

// Filtered in, but never run by default: the test that a wrong output is not timed.
Case wrong_case() {
  return {"selftest/cpu/wrong_output", Device::cpu, false, [](Exec&) {
            return Prepared{[] {}, {}, compare("selftest", {1.0f, 2.0f}, {1.0, 2.1}, 1e-6), {}};
          }};
}

Cases all_cases() {
  Cases cases;
  add_lstm(cases);
  add_step(cases);
  add_pointwise(cases);
  add_features(cases);
  cases.push_back(wrong_case());
  return cases;
}

std::string no_gpu_cases() {
  const std::string why = why_no_gpu();
  return why.empty() ? "the bench has no device buffers yet" : why;
}

// Prepares the case, runs it once, then once more for every line of stdin, answering with the seconds it took.
int serve(Bench& bench, const Cases& cases, std::string_view name) {
  const auto it = std::find_if(cases.begin(), cases.end(), [&](const Case& c) { return c.name == name; });
  if (it == cases.end()) fail(Fault::usage, fmt::format("--serve={}: no such case; --list names them", name));
  if (it->device == Device::gpu) fail(Fault::device, fmt::format("{}: {}", name, no_gpu_cases()));
  const Prepared& p = bench.prepared(*it);
  if (!p.wrong.empty()) fail(Fault::internal, fmt::format("{}: output is wrong: {}", name, p.wrong));
  p.run();
  fmt::print("ready {}\n", p.work.audio_s > 0 ? p.work.audio_s : p.work.frames);
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line);) {
    fmt::print("{:.9g}\n", seconds_of(p.run));
    std::fflush(stdout);
  }
  return 0;
}

void describe(const Bench& bench) {
  benchmark::AddCustomContext("commit", std::string(kGitCommit) + (kGitDirty ? " with changes" : ""));
  benchmark::AddCustomContext("compiler", kCompiler);
  benchmark::AddCustomContext("isa", name_of(cpu_isa()));
  benchmark::AddCustomContext("threads", std::to_string(bench.cpu().threads()));
  for (const auto& [isa, rate] : bench.floor().fma)
    benchmark::AddCustomContext("floor GFLOP/s " + isa, fmt::format("{:.1f}", rate * 1e-9));
  benchmark::AddCustomContext("floor GB/s", fmt::format("{:.1f}", bench.floor().bytes_per_s * 1e-9));
}

void register_cases(Bench& bench, const Cases& cases, bool every) {
  int gpu = 0, more = 0;
  for (const Case& c : cases) {
    if (c.device == Device::gpu) {
      ++gpu;
    } else if (!every && !c.standard) {
      ++more;
    } else {
      const auto run = [&bench, c](benchmark::State& state) { bench.time(state, c); };
      benchmark::RegisterBenchmark(c.name.c_str(), run)->UseManualTime()->Unit(benchmark::kMillisecond);
    }
  }
  if (gpu > 0) fmt::print(stderr, "{} GPU cases left out: {}\n", gpu, no_gpu_cases());
  if (more > 0) fmt::print(stderr, "{} more cases with --benchmark_filter; --list names them\n", more);
}

// Takes --NAME=VALUE (or --NAME) out of argv and returns VALUE; `missing` if it is not there.
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
  fail(Fault::usage, fmt::format("--threads={}: expected a number, 0 for every core", text));
}

int run(int argc, char** argv) {
  const Cases cases = all_cases();
  if (take(argc, argv, "--list", "no") != "no") {
    for (const Case& c : cases) fmt::print("{}{}\n", c.name, c.standard ? "  (default)" : "");
    return 0;
  }
  Bench bench(threads_of(take(argc, argv, "--threads", "0")));
  if (const std::string name = take(argc, argv, "--serve", ""); !name.empty()) return serve(bench, cases, name);
  const bool every = std::any_of(argv, argv + argc, [](std::string_view arg) {
    return arg.starts_with("--benchmark_filter") || arg.starts_with("--benchmark_list_tests");
  });
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return static_cast<int>(Fault::usage);
  bench.measure_floor();
  describe(bench);
  register_cases(bench, cases, every);
  const std::size_t ran = benchmark::RunSpecifiedBenchmarks();
  if (ran == 0) fail(Fault::usage, "--benchmark_filter: no case of that name; --list names them");
  return bench.failed() ? static_cast<int>(Fault::internal) : 0;
}

}  // namespace
}  // namespace cutract::bench

int main(int argc, char** argv) {
  try {
    return cutract::bench::run(argc, argv);
  } catch (const cutract::Error& e) {
    fmt::print(stderr, "{}\n", e.what());
    return static_cast<int>(e.fault());
  }
}
