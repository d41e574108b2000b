#include "cli/audio_inputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <map>
#include <optional>
#include <sstream>
#include <system_error>

#include "cli/commands.h"
#include "host/core/error.h"
#include "host/core/log.h"
#include "host/core/text.h"
#include "host/corpus/kaldi_lists.h"
#include "host/io/atomic_file.h"
#include "host/io/audio_names.h"

namespace cutract::cli {
namespace {

namespace fs = std::filesystem;

bool is_hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

// Returns the audio files of a folder and its subfolders, sorted. Folders that are symbolic links are not followed, so
// that a link to a parent cannot make the search endless.
std::vector<fs::path> audio_below(const std::string& folder) {
  std::vector<fs::path> found;
  try {
    for (auto it = fs::recursive_directory_iterator(folder); it != fs::recursive_directory_iterator(); ++it) {
      if (is_hidden(it->path()))
        it.disable_recursion_pending();
      else if (std::error_code broken; is_audio_name(it->path().string()) && !it->is_directory(broken))
        found.push_back(it->path());
    }
  } catch (const fs::filesystem_error& e) {
    fail(Fault::io, fmt::format("{}: cannot be searched for audio files: {}", folder, e.code().message()));
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::string read_standard_input(const char* what) {
  std::string bytes;
  std::array<char, 65536> block{};
  for (std::size_t n = block.size(); n == block.size();) {
    n = std::fread(block.data(), 1, block.size(), stdin);
    bytes.append(block.data(), n);
  }
  if (std::ferror(stdin) != 0) fail(Fault::io, fmt::format("standard input: cannot read {}", what));
  return bytes;
}

std::vector<std::string> listed(const std::string& list) {
  const std::string text = list == "-" ? read_standard_input("the list of audio files") : read_file(list);
  if (const std::string wrong = wrong_encoding(text); !wrong.empty())
    fail(Fault::usage, fmt::format("--list {}: {}", list, wrong));
  std::istringstream lines{std::string(without_mark(text))};
  std::vector<std::string> paths;
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.find('\0') != std::string::npos)
      fail(Fault::usage, fmt::format("--list {}: line {} holds a zero byte; expected one path per line", list, number));
    const auto start = line.find_first_not_of(" \t");
    if (start != std::string::npos && line[start] != '#') paths.push_back(line);
  }
  if (paths.empty()) fail(Fault::usage, fmt::format("--list {}: lists no files; expected one path per line", list));
  return paths;
}

// Results of a Kaldi wav.scp are named by its ids.
void add_wav_scp(const std::string& list, AudioInputs& to) {
  for (const KaldiLine& l : parse_wav_scp(read_file(list), list))
    to.files.push_back({l.value, l.value == "-" ? "standard input" : l.value, l.id});
}

void add(const std::string& given, AudioInputs& to) {
  std::error_code ignored;
  if (given == "-") {
    to.files.push_back({given, "standard input", "stdin"});
  } else if (fs::is_directory(given, ignored)) {
    to.several = true;
    const std::vector<fs::path> found = audio_below(given);
    if (found.empty())
      fail(Fault::usage, fmt::format("{}: no audio file in this folder; expected names ending in .wav, .flac, .ogg, "
                                     ".sph or the like",
                                     given));
    for (const fs::path& path : found)
      to.files.push_back({path.string(), path.string(), path.lexically_relative(given).replace_extension().string()});
  } else {
    to.files.push_back({given, given, fs::path(given).stem().string()});
  }
}

// Two inputs have the same result file.
[[noreturn]] void fail_twice(const std::string& first, const std::string& second, const std::string& result) {
  if (first == second) fail(Fault::usage, first + ": is given twice; give it once");
  std::error_code ignored;
  if (fs::equivalent(first, second, ignored))
    fail(Fault::usage, fmt::format("{} and {} are the same file; give it once", first, second));
  fail(Fault::usage, fmt::format("{} and {} would both be written to {}; give them in two calls with different --out "
                                 "folders",
                                 first, second, result));
}

// Reads audio of either kind. Notes are about channels that were averaged, which is what a user who gave --channel
// asked for.
template <class A>
A read_with(A (*read)(const std::string&, const AudioOptions&),
            A (*decode)(std::string_view, const std::string&, const AudioOptions&), const AudioInput& input, int chosen,
            int by_default) {
  const AudioOptions options{.channel = chosen >= 0 ? chosen : by_default};
  A audio = input.path != "-" ? read(input.path, options) : decode(read_standard_input("audio"), input.name, options);
  if (chosen >= 0) return audio;
  for (const std::string& note : audio.notes)
    log::warn(input.name + ": " + note + "; use --channel N for one channel, --channel 0 if the average is wanted");
  return audio;
}

struct Failures {
  std::size_t count = 0;
  std::optional<Fault> fault;
  void add(Fault f, const std::string& text) {
    ++count;
    if (!fault || f == Fault::data) fault = f;
    std::fprintf(stderr, "error: %s\n", text.c_str());
  }
};

}  // namespace

AudioInputs audio_inputs(const std::vector<std::string>& given, const std::string& list) {
  AudioInputs inputs;
  for (const std::string& path : given) add(path, inputs);
  const auto from_stdin = [&] {
    return std::count_if(inputs.files.begin(), inputs.files.end(), [](const auto& f) { return f.path == "-"; }) +
           (list == "-" ? 1 : 0);
  };
  if (from_stdin() > 1) fail(Fault::usage, "standard input (-) is given twice; it can be read once");
  if (!list.empty()) {
    inputs.several = true;
    if (list.ends_with(".scp"))
      add_wav_scp(list, inputs);
    else
      for (const std::string& path : listed(list)) add(path, inputs);
    if (from_stdin() > 1) fail(Fault::usage, "standard input (-) is given twice; it can be read once");
  }
  if (inputs.files.empty())
    fail(Fault::usage, "AUDIO is missing; give audio files, folders, - for standard input, or --list FILE");
  inputs.several = inputs.several || inputs.files.size() > 1;
  return inputs;
}

Audio read_input(const AudioInput& input, int chosen, int by_default) {
  return read_with<Audio>(read_audio, decode_audio, input, chosen, by_default);
}

PackedAudio read_packed_input(const AudioInput& input, int chosen, int by_default) {
  return read_with<PackedAudio>(read_packed_audio, decode_packed_audio, input, chosen, by_default);
}

std::vector<std::string> output_paths(std::span<const AudioInput> inputs, const std::string& dir,
                                      const std::string& ending) {
  std::map<std::string, std::string> taken;
  std::vector<std::string> out;
  for (const AudioInput& input : inputs) {
    const std::string path = fmt::format("{}/{}.{}", dir, input.stem, ending);
    if (const auto [it, fresh] = taken.emplace(path, input.name); !fresh) fail_twice(it->second, input.name, path);
    out.push_back(path);
  }
  return out;
}

void for_each_input(const AudioInputs& inputs, const std::function<void(std::size_t)>& work) {
  if (inputs.files.size() == 1) return work(0);
  Failures failures;
  for (std::size_t i = 0; i < inputs.files.size(); ++i) {
    try {
      work(i);
    } catch (const StandardOutputFailed&) { throw; } catch (const Error& e) {
      if (e.fault() != Fault::data && e.fault() != Fault::io && e.fault() != Fault::memory) throw;
      failures.add(e.fault(), e.what());
    }
  }
  if (failures.count > 0)
    fail(*failures.fault, fmt::format("{} of {} files failed", failures.count, inputs.files.size()));
}

}  // namespace cutract::cli
