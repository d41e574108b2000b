#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cli/choices.h"
#include "host/core/error.h"
#include "host/corpus/folds.h"
#include "host/corpus/importers.h"
#include "host/device/exec.h"

// The commands: for each, one struct with its arguments, and the function that runs it. The function prints its result
// to stdout, returns the exit code, and throws Error for everything else.
namespace cutract::cli {

struct TrainArgs {
  std::string config, out, resume = "auto", device = "auto", check_device, init_from;
  std::vector<std::string> set;
  std::optional<std::int64_t> seed;
  std::vector<std::int64_t> seeds;  // a run for each, in out/runs/seed-N
  int fast_dev_run = 0;
  bool print_config = false, skip_bad = false, end_with_parent = false, quiet = false;
};
struct EvalArgs {
  std::string model, corpus, split, device = "auto", json, report, predictions;
  std::optional<FeatureStatistics> statistics;
  bool skip_bad = false;
  bool print = true;  // the table, or with json = "-" the object
};
struct CompareArgs {
  std::vector<std::string> scores, with;
  std::string json;
  int samples = 10000;
  std::int64_t seed = 1;
};
struct CvArgs {
  std::string config, out, device = "auto", leave_out;
  std::vector<std::string> set;
  std::optional<std::int64_t> seed;
  std::optional<GroupBy> by;
  std::optional<int> folds;
  double val = 0.1;
  std::int64_t split_seed = 1;
  bool skip_bad = false, quiet = false;
};
struct PredictArgs {
  std::string model, out = "predictions", device = "auto", speaker, list, enrol;
  PredictionFormat format = PredictionFormat::csv;
  std::string features;  // an array for the stream `file`
  std::optional<FeatureStatistics> statistics;
  std::vector<std::string> audio;
  bool plot = false, one_speaker = false, centre = false;
  int channel = -1;  // -1: as the model was trained
};
struct FeaturesArgs {
  std::string config, preset, out, list;
  FeatureFormat format = FeatureFormat::npy;
  std::vector<std::string> audio, set;
  int channel = -1;  // -1: as the config says
};
struct CorpusImportArgs {
  std::string format;
  ImportRequest request;
};
struct CorpusCheckArgs {
  std::string dir;
};
struct CorpusSplitArgs {
  std::string dir, out, shares = "train=0.8,val=0.1,test=0.1";
  GroupBy by = GroupBy::sentence;
  std::int64_t seed = 1;
};
struct CorpusStatsArgs {
  std::string dir;
};
struct DoctorArgs {
  bool json = false;
};
struct HelpConfigArgs {
  std::string subject;  // a section or a key; "" for all
};
struct Printed {  // help and version: parsing has already printed everything
  int code = 0;
};

using Command = std::variant<TrainArgs, EvalArgs, CompareArgs, CvArgs, PredictArgs, FeaturesArgs, CorpusImportArgs,
                             CorpusCheckArgs, CorpusSplitArgs, CorpusStatsArgs, DoctorArgs, HelpConfigArgs, Printed>;

// Parses the command line. Throws Error{usage}: unknown options first, with the nearest known one, and options that
// contradict each other. Without arguments the help page is first printed to stderr.
Command parse(int argc, const char* const* argv);

int run(const TrainArgs&);
int run(const EvalArgs&);
int run(const CompareArgs&);
int run(const CvArgs&);
int run(const PredictArgs&);
int run(const FeaturesArgs&);
int run(const CorpusImportArgs&);
int run(const CorpusCheckArgs&);
int run(const CorpusSplitArgs&);
int run(const CorpusStatsArgs&);
int run(const DoctorArgs&);
int run(const HelpConfigArgs&);
inline int run(const Printed& p) { return p.code; }

// Returns the executor for --device. If the GPU cannot be used, auto chooses the CPU and logs one line with the reason.
Exec choose_device(const std::string& name, int threads);

// Thrown when standard output cannot be written, because there is no point in computing more results.
class StandardOutputFailed : public Error {
  using Error::Error;
};

// Thrown when the reader of standard output closed its pipe, as `head` does. That is not an error: the program ends
// without a message, with the exit code that a shell reports for a program that SIGPIPE ended.
class ReaderGone : public StandardOutputFailed {
  using StandardOutputFailed::StandardOutputFailed;
};
constexpr int kReaderGone = 141;

// Writes results to stdout. Throws StandardOutputFailed, an Error{io}, e.g. because the disk is full, and ReaderGone.
void print_result(const std::string& text);

// The same for text meant for people: names from files are made printable. Data (csv, npz, json) are printed unchanged.
void print_text(const std::string& text);

bool colour_on_stdout();

}  // namespace cutract::cli
