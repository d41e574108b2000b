// Runs fuzz targets without a fuzzer, on files and on simple mutations of them.
//
// fuzz_replay TARGET SEEDS           every file of the folder SEEDS, cut at many places and with many bytes changed
//
// fuzz_replay --file TARGET FILE...  these files as they are, each named before it is parsed
//
// fuzz_replay --write-seeds FOLDER   the files that tests/fuzz/seeds began with, in a folder for each target
#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/fuzz/parsers.h"
#include "tests/fuzz/seeds.h"
#include "tests/fuzz/target.h"

namespace cutract::fuzz {
namespace {

namespace fs = std::filesystem;

// Places in one file at which it is cut or changed. A longer file is visited at equal distances.
constexpr std::size_t kPlaces = 128;

constexpr Target kTargets[] = {
    with_limits("audio", parse_audio),
    with_limits("audio_container", parse_audio_container),
    with_limits("file_text", parse_file_text),
    with_limits("npy", parse_npy),
    with_limits("npz_names", parse_npz_names),
    with_limits("mat", parse_mat),
    with_limits("safetensors", parse_safetensors),
    with_limits("config", parse_config),
    with_limits("corpus_toml", parse_corpus_toml),
    with_limits("manifest_tsv", parse_manifest_tsv),
    with_limits("recording", parse_recording),
    with_limits("stem_manifest", parse_stem_manifest),
    with_limits("wav_scp", parse_wav_scp),
    with_limits("table_csv", parse_table_csv),
    with_limits("table_npz", parse_table_npz),
    with_limits("est", parse_est),
    with_limits("xrmb", parse_xrmb),
    with_limits("mocha", parse_mocha),
    with_limits("ag501", parse_ag501),
    with_limits("ssff", parse_ssff),
    with_limits("mview", parse_mview),
    with_limits("checkpoint_manifest", parse_checkpoint_manifest),
    with_limits("model", parse_model),
    with_limits("state", parse_state),
    with_limits("model_metadata", parse_model_metadata),
    with_limits("metrics_csv", parse_metrics_csv),
    with_limits("audio_list", parse_audio_list),
};
static_assert(std::size(kTargets) == std::size(kLimits), "a target is missing here");

std::string bytes_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::vector<fs::path> files_of(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(fs::absolute(folder))) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  if (files.empty()) throw std::runtime_error(folder.string() + ": holds no seeds");
  return files;
}

class Replay {
 public:
  explicit Replay(const Target& target) : target_(target) {}

  void seed(const fs::path& path) {
    const std::string bytes = bytes_of(path);
    const std::string name = path.filename().string();
    run(bytes, name);
    const std::size_t step = std::max<std::size_t>(1, bytes.size() / kPlaces);
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      const std::string where = std::to_string(at);
      run(bytes.substr(0, at), name + " cut to " + where + " bytes");
      for (const auto& [label, changed] : changes(bytes[at])) {
        std::string mutated = bytes;
        mutated[at] = changed;
        run(mutated, name + " with byte " + where + " " + label);
      }
    }
  }
  void run(const std::string& bytes, const std::string& what) {
    ++runs_;
    const Outcome outcome = parse(target_, bytes);
    if (outcome.accepted) ++accepted_;
    if (outcome.finding.empty()) return;
    ++findings_;
    std::printf("%s: %s: %s\n", target_.name.data(), what.c_str(), outcome.finding.c_str());
  }
  std::size_t accepted() const { return accepted_; }
  int finish() const {
    std::printf("%s: %zu inputs, %zu accepted, %zu findings, largest heap %s\n", target_.name.data(), runs_, accepted_,
                findings_, largest_heap().c_str());
    return findings_ == 0 ? 0 : 1;
  }

 private:
  static std::array<std::pair<const char*, char>, 4> changes(char byte) {
    const auto flipped = [byte](int bits) { return static_cast<char>(static_cast<unsigned char>(byte) ^ bits); };
    return {{{"with its lowest bit flipped", flipped(1)},
             {"with its highest bit flipped", flipped(0x80)},
             {"replaced by zero", '\0'},
             {"replaced by FF", '\xff'}}};
  }

  const Target& target_;
  std::size_t runs_ = 0, accepted_ = 0, findings_ = 0;
};

const Target& target_named(const std::string& name) {
  std::string known;
  for (const Target& t : kTargets) {
    if (t.name == name) return t;
    known += " " + std::string(t.name);
  }
  throw std::runtime_error("no target \"" + name + "\"; expected one of" + known);
}

int run(const std::vector<std::string>& args) {
  if (args.size() == 2 && args[0] == "--write-seeds") {
    write_seeds(args[1]);
    return 0;
  }
  if (args.size() >= 3 && args[0] == "--file") {
    Replay replay(target_named(args[1]));
    for (std::size_t i = 2; i < args.size(); ++i) {
      std::printf("%s\n", args[i].c_str());
      std::fflush(stdout);
      replay.run(bytes_of(args[i]), args[i]);
    }
    return replay.finish();
  }
  if (args.size() != 2)
    throw std::runtime_error("expected TARGET SEEDS, --file TARGET FILE..., or --write-seeds FOLDER");
  Replay replay(target_named(args[0]));
  for (const fs::path& path : files_of(args[1])) replay.seed(path);
  // If every seed were refused at its first byte, nothing would be tested.
  if (replay.accepted() == 0) throw std::runtime_error(args[1] + ": no input is accepted");
  return replay.finish();
}

}  // namespace
}  // namespace cutract::fuzz

int main(int argc, char** argv) {
  try {
    return cutract::fuzz::run({argv + 1, argv + argc});
  } catch (const std::exception& e) {
    std::fprintf(stderr, "fuzz_replay: %s\n", e.what());
    return 2;
  }
}
