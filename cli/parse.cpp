#include <CLI/CLI.hpp>
#include <functional>

#include "cli/commands.h"
#include "host/core/error.h"
#include "host/core/fields.h"
#include "train/version.h"

namespace cutract::cli {
namespace {

constexpr const char* kExitCodes =
    "Exit codes: 0 done, 2 usage, 3 config, 4 data, 5 input/output, 6 memory,\n"
    "7 device, 8 diverged, 70 internal, 130 SIGINT, 143 SIGTERM.";

std::string footer(const std::string& example) { return "Example:\n  " + example + "\n\n" + kExitCodes; }

void device_option(CLI::App* app, std::string& device) {
  app->add_option("--device", device, "auto, cpu or cuda[:N]")->capture_default_str()->type_name("D");
}

void audio_options(CLI::App* app, std::vector<std::string>& audio, std::string& list) {
  app->add_option("AUDIO", audio,
                  "wav, flac, ogg or sph files at any rate, folders\nof such files, or - for audio from stdin")
      ->type_name("");
  app->add_option("--list", list, "text file with one audio path per line; -: stdin")->type_name("FILE");
}

void statistics_option(CLI::App* app, std::string& statistics) {
  app->add_option("--feature-statistics", statistics,
                  "of an unknown speaker's features: audio (the\nspeaker's own) or training")
      ->capture_default_str()
      ->type_name("S")
      ->check(CLI::IsMember({"audio", "training"}));
}

// Builds the parser; `chosen` receives the command that was given.
class Parser {
 public:
  Parser() {
    app_.name("cutract");
    app_.description("Acoustic-to-articulatory inversion: speech in, movement of tongue, lips and\njaw out.");
    app_.set_version_flag("--version",
                          std::string("cutract ") + kVersion + " (" + std::string(kGitCommit).substr(0, 12) + ")");
    app_.require_subcommand(1);
    app_.get_formatter()->column_width(28);
    app_.footer(footer("cutract train -c configs/baseline.toml --out runs/baseline\n  cutract eval runs/baseline"));
    train();
    eval();
    predict();
    features();
    corpus();
    command("doctor", "Print versions, processors, and why no GPU is used", DoctorArgs{}, "cutract doctor");
    CLI::App* help = app_.add_subcommand("help", "More help: `cutract help config` lists every setting");
    help->require_subcommand(1);
    help->add_subcommand("config", "Every setting of a config file with default, range and meaning")->callback([this] {
      chosen = HelpConfigArgs{};
    });
  }

  Command operator()(int argc, const char* const* argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::Success& e) {  // --help and --version
      return Printed{app_.exit(e)};
    } catch (const CLI::ParseError& e) {
      std::vector<std::string> words(argv + 1, argv + argc);
      if (auto unknown = first_unknown(words); !unknown.empty()) fail(Fault::usage, unknown);
      std::string text = e.what();
      fail(Fault::usage,
           text + "; see `cutract " + (words.empty() || words[0].starts_with("-") ? "" : words[0] + " ") + "--help`");
    }
    return chosen;
  }

 private:
  template <class Args>
  CLI::App* command(const std::string& name, const std::string& what, Args defaults, const std::string& example,
                    CLI::App* parent = nullptr) {
    auto args = std::make_shared<Args>(std::move(defaults));
    CLI::App* app = (parent ? parent : &app_)->add_subcommand(name, what);
    app->footer(footer(example));
    app->callback([this, args] { chosen = *args; });
    options_of(app, args);
    return app;
  }

  template <class Args>
  static void options_of(CLI::App* app, const std::shared_ptr<Args>& args) {
    options(app, *args);
    keep(args);
  }
  // The callbacks and options refer to the argument structs, which live as long as the process parses.
  static void keep(std::shared_ptr<void> args) {
    static std::vector<std::shared_ptr<void>> kept;
    kept.push_back(std::move(args));
  }

  static void options(CLI::App*, DoctorArgs&) {}
  static void options(CLI::App* app, TrainArgs& a) {
    app->add_option("-c,--config", a.config, "TOML file; none: the defaults")->type_name("FILE");
    app->add_option("--set", a.set, "change one setting; may be repeated")->type_name("a.b=c")->allow_extra_args(false);
    app->add_option("--out", a.out, "run folder; default runs/CONFIG-seedS")->type_name("DIR");
    app->add_option("--resume", a.resume, "auto (go on if DIR has checkpoints), never,\nor a checkpoint folder")
        ->capture_default_str()
        ->type_name("R");
    app->add_option("--seed", a.seed, "same as --set trainer.seed=N")->type_name("N");
    device_option(app, a.device);
    app->add_option("--check-device", a.check_device, "first compare a training step with that of\nthis device")
        ->check(CLI::IsMember({"cpu"}))
        ->type_name("cpu");
    app->add_option("--fast-dev-run", a.fast_dev_run, "try N batches, longest first; write nothing")
        ->expected(0, 1)
        ->default_str("1")
        ->type_name("[=N]")
        ->check(CLI::PositiveNumber);
    app->add_flag("--print-config", a.print_config, "print the resolved config and stop");
    app->add_flag("--skip-bad", a.skip_bad, "leave bad utterances out (skipped.tsv)");
    app->add_flag("-q,--quiet", a.quiet, "warnings only");
  }
  static void options(CLI::App* app, EvalArgs& a) {
    app->add_option("MODEL", a.model, "run folder, checkpoint folder or .safetensors")->required()->type_name("");
    app->add_option("--corpus", a.corpus, "default: the corpus of its training")->type_name("DIR");
    app->add_option("--split", a.split, "default: data.test_split of its config")->type_name("NAME");
    statistics_option(app, a.statistics);
    device_option(app, a.device);
    app->add_flag("--skip-bad", a.skip_bad, "leave bad utterances out, and name them");
    app->add_option("--json", a.json, "also write the scores as JSON; -: JSON to stdout\nand no table")
        ->type_name("FILE");
    app->add_option("--report", a.report,
                    "also write DIR/eval-SPLIT.html: scores, learning\ncurves, predicted and measured movement")
        ->type_name("DIR");
  }
  static void options(CLI::App* app, PredictArgs& a) {
    app->add_option("MODEL", a.model, "run folder, checkpoint folder or .safetensors")->required()->type_name("");
    audio_options(app, a.audio, a.list);
    app->add_option("--out", a.out, "folder for the results; -: stdout")->capture_default_str()->type_name("DIR");
    app->add_option("--format", a.format, "csv, npz or json")
        ->capture_default_str()
        ->type_name("F")
        ->check(CLI::IsMember({"csv", "npz", "json"}));
    app->add_flag("--plot", a.plot, "also draw every channel over time: an HTML page\nbeside each result");
    app->add_option("--speaker", a.speaker, "training speaker whose statistics to use;\ndefault: unknown speaker")
        ->type_name("NAME");
    app->add_flag("--one-speaker", a.one_speaker,
                  "all recordings are of one unknown speaker, who is\nnormalised by all of them together");
    statistics_option(app, a.statistics);
    app->add_flag("--centre", a.centre, "subtract each channel's mean over the recording");
    app->add_option("--enrol", a.enrol,
                    "measured frames [frames, channels] of this speaker:\nthey give position and range of the movement")
        ->type_name("NPY");
    device_option(app, a.device);
  }
  static void options(CLI::App* app, FeaturesArgs& a) {
    audio_options(app, a.audio, a.list);
    auto* config = app->add_option("-c,--config", a.config, "TOML file whose [features] to use")->type_name("FILE");
    app->add_option("--preset", a.preset, "librosa, kaldi or whisper")->type_name("NAME")->excludes(config);
    app->add_option("--set", a.set, "change one setting, e.g. features.n_mels=40;\nmay be repeated")
        ->type_name("a.b=c")
        ->allow_extra_args(false);
    app->add_option("--out", a.out, "folder for NAME.npy [frames, features]")->required()->type_name("DIR");
  }
  static void options(CLI::App* app, CorpusImportArgs& a) {
    app->add_option("FORMAT", a.format, "stem-e2va")->required()->type_name("");
    app->add_option("SRC", a.source, "folder of the original")->required()->type_name("");
    app->add_option("--out", a.out, "corpus folder to make")->required()->type_name("DIR");
  }
  static void options(CLI::App* app, CorpusCheckArgs& a) {
    app->add_option("DIR", a.dir, "corpus folder")->required()->type_name("");
  }
  static void options(CLI::App* app, CorpusStatsArgs& a) {
    app->add_option("DIR", a.dir, "corpus folder")->required()->type_name("");
  }

  void train() {
    command("train", "Train a Bi-LSTM on a corpus", TrainArgs{},
            "cutract train -c configs/baseline.toml --set model.hidden=64 --seed 42");
  }
  void eval() {
    command("eval", "Score a model on a split: RMSE, Pearson, MAE, loss", EvalArgs{},
            "cutract eval runs/baseline --split test_speaker");
  }
  void predict() {
    command("predict", "Predict articulation for audio files", PredictArgs{},
            "cutract predict runs/baseline my.wav --format csv --out -");
  }
  void features() {
    command("features", "Write features of audio files as .npy", FeaturesArgs{},
            "cutract features --preset kaldi --out feats data/corpus/audio/*.flac");
  }
  void corpus() {
    CLI::App* app = app_.add_subcommand("corpus", "Import, check or describe a corpus");
    app->require_subcommand(1);
    app->footer(footer("cutract corpus check data/corpus"));
    command("import", "Make a corpus folder from another format", CorpusImportArgs{},
            "cutract corpus import stem-e2va STEM-E2VA --out corpora/stem", app);
    command("check", "Read all files and list every bad utterance", CorpusCheckArgs{},
            "cutract corpus check data/corpus", app);
    command("stats", "Minutes, speakers, splits and channels", CorpusStatsArgs{}, "cutract corpus stats data/corpus",
            app);
  }

  // CLI11 reports a missing argument before an unknown option; the typo is what the user wants to hear of.
  std::string first_unknown(const std::vector<std::string>& words) {
    CLI::App* app = &app_;
    std::size_t i = 0;
    for (; i < words.size() && !words[i].starts_with("-"); ++i) {
      const auto subs = app->get_subcommands([&](const CLI::App* sub) { return sub->get_name() == words[i]; });
      if (subs.empty()) break;
      app = subs.front();
    }
    if (i < words.size() && !words[i].starts_with("-") && !app->get_subcommands({}).empty()) {
      std::vector<std::string> names;
      for (const auto* s : app->get_subcommands({})) names.push_back(s->get_name());
      return unknown("command", words[i], names);
    }
    std::vector<std::string> known;
    for (const CLI::Option* o : app->get_options()) {
      for (const auto& n : o->get_lnames()) known.push_back("--" + n);
      for (const auto& n : o->get_snames()) known.push_back("-" + n);
    }
    for (; i < words.size() && words[i] != "--"; ++i) {
      const std::string name = words[i].substr(0, words[i].find('='));
      if (!name.starts_with("--") || std::find(known.begin(), known.end(), name) != known.end()) continue;
      return unknown("option", name, known);
    }
    return "";
  }
  static std::string unknown(const std::string& what, const std::string& word, const std::vector<std::string>& known) {
    const std::string near = did_you_mean(word, known);
    return "unknown " + what + " \"" + word + "\"" +
           (near.empty() ? "; see `cutract --help`" : " (did you mean \"" + near + "\"?)");
  }

  CLI::App app_;
  Command chosen;
};

}  // namespace

Command parse(int argc, const char* const* argv) { return Parser()(argc, argv); }

}  // namespace cutract::cli
