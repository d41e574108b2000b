#pragma once

#include <string>
#include <string_view>
#include <vector>

// The lists of a Kaldi data folder: one line for each utterance, with its id, white space and a value.
namespace cutract {

struct KaldiLine {
  std::string id, value;
  int line = 0;  // in the file, from 1
};

// wav.scp: the path of each utterance's audio. Kaldi also allows commands there, which end with |, and places in its
// archives; both are refused, as are duplicate ids and ids that cannot name a file. Throws Error{data} with all
// problems, each as origin:line: what.
std::vector<KaldiLine> parse_wav_scp(std::string_view text, const std::string& origin);

// utt2spk: the speaker of each utterance, which is one word.
std::vector<KaldiLine> parse_utt2spk(std::string_view text, const std::string& origin);

// text: what is said in each utterance.
std::vector<KaldiLine> parse_kaldi_text(std::string_view text, const std::string& origin);

}  // namespace cutract
