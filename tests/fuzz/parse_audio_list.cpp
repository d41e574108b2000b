#include <unistd.h>

#include <string>
#include <vector>

#include "cli/audio_inputs.h"
#include "tests/fuzz/parsers.h"
#include "tests/fuzz/scratch.h"

namespace cutract::fuzz {

// Lists whose paths lead out of the scratch folder are left out: a folder such as / would be searched for audio.
void parse_audio_list(std::string_view bytes) {
  if (bytes.find("..") != std::string_view::npos || bytes.starts_with('/') ||
      bytes.find("\n/") != std::string_view::npos)
    return;
  static const std::string folder = [] {
    const std::string below = make_scratch_folder("recordings/session");
    write_scratch("recordings/a.wav", "");
    write_scratch("recordings/session/b.FLAC", "");
    write_scratch("recordings/session/notes.txt", "");
    return below;
  }();
  static const int entered = ::chdir(scratch_folder().c_str());
  expect(entered == 0, "the scratch folder cannot be entered");
  const cli::AudioInputs inputs = cli::audio_inputs({}, write_scratch("list.txt", bytes));
  expect(inputs.several && !inputs.files.empty(), "a list gives no files");
  const std::vector<std::string> paths = cli::output_paths(inputs.files, "out", "csv");
  expect(paths.size() == inputs.files.size(), "a file has no path for its result");
  for (const std::string& path : paths) {
    expect(path.starts_with("out/"), "a result would be written outside the output folder");
    expect(("/" + path + "/").find("/../") == std::string::npos, "a result would be written above the output folder");
  }
}

}  // namespace cutract::fuzz
