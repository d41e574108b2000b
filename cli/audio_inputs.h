#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "host/io/audio.h"
#include "host/io/packed_audio.h"

// The recordings given to a command: files, folders, a list of paths, or standard input.
namespace cutract::cli {

struct AudioInput {
  std::string path;  // "-": standard input
  std::string name;  // used in messages and results
  std::string stem;  // base of the result's file name, with the subfolders below a given folder
};

struct AudioInputs {
  std::vector<AudioInput> files;
  bool several = false;  // more than one file, or a folder or a list, whose length the user may not know
};

// Searches folders and their subfolders, in alphabetical order, for files with an audio ending; hidden files are left
// out. `list` names a text file with one path per line ("-": standard input; "": none), which come after `given`; blank
// lines and lines that start with # are skipped. A list whose name ends with .scp is a Kaldi wav.scp: each line has an
// id, which names the result, and a path.
// Throws Error{usage} if that leaves no file or standard input is requested twice, and Error{io} for a list that cannot
// be read, and Error{data} for a bad line of a wav.scp.
AudioInputs audio_inputs(const std::vector<std::string>& given, const std::string& list);

// Reads channel `chosen` if the user chose one (-1: not), otherwise `by_default`. Logs what the reader noticed, which
// is that channels that differ were averaged, unless the user chose that.
Audio read_input(const AudioInput&, int chosen, int by_default);
PackedAudio read_packed_input(const AudioInput&, int chosen, int by_default);

// Returns DIR/STEM.ENDING for each input. Throws Error{usage} if a file is given twice, and if two inputs with the same
// stem would overwrite each other.
std::vector<std::string> output_paths(std::span<const AudioInput>, const std::string& dir, const std::string& ending);

// Calls `work` with the index of each file. A file that fails is reported and the remaining files are still processed.
// The Error that ends the batch then counts the failures, and its fault is data if any file was bad, otherwise that of
// the first failure. The error of a single file is passed on unchanged. A failing standard output ends the batch at
// once.
void for_each_input(const AudioInputs&, const std::function<void(std::size_t)>& work);

}  // namespace cutract::cli
