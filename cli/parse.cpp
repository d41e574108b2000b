#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <functional>

#include "cli/commands.h"
#include "cli/manual.h"
#include "cli/usage.h"
#include "host/core/error.h"
#include "host/core/text.h"
#include "host/corpus/importers.h"
#include "model/version.h"

namespace cutract::cli {
namespace {

constexpr const char* kExitCodes =
    "Exit codes: 0 success, 2 usage, 3 config, 4 data, 5 input/output, 6 memory,\n"
    "7 device, 8 diverged, 70 internal error, 129 SIGHUP, 130 SIGINT, 141 SIGPIPE,\n143 SIGTERM.";

// Shown on the main page.
constexpr const char* kExitCodeTable =
    "Exit codes:\n"
    "  0    success\n"
    "  2    usage: unknown command or option, missing or bad argument\n"
    "  3    config: bad setting in the config file or in --set\n"
    "  4    data: bad corpus, audio or model\n"
    "  5    input/output: a file cannot be read or written\n"
    "  6    memory: not enough CPU or GPU memory\n"
    "  7    device: no usable GPU, or the GPU failed\n"
    "  8    diverged: training produced infinite or NaN values\n"
    "  70   internal error: a bug in cutract\n"
    "  129  hung up (SIGHUP); 130: interrupted (SIGINT); 143: terminated (SIGTERM)\n"
    "  141  the reader of standard output closed the pipe (SIGPIPE), e.g. `head`";

std::string footer(const std::string& example) { return "Example:\n  " + example + "\n\n" + kExitCodes; }

std::string version() { return fmt::format("cutract {} ({})", kVersion, std::string(kGitCommit).substr(0, 12)); }

CLI::Validator integer_in(std::int64_t lo, std::int64_t hi) {
  const auto problem = [lo, hi](const std::string& text) -> std::string {
    std::int64_t n = 0;
    const char* last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), last, n);
    if (error == std::errc{} && end == last && n >= lo && n <= hi) return "";
    return fmt::format("is \"{}\", expected an integer from {} to {}", shortened(text), lo, hi);
  };
  return {problem, ""};
}

template <HasNames E>
void take_choice(E& to, const std::string& name) {
  to = *named<E>(name);
}
template <HasNames E>
void take_choice(std::optional<E>& to, const std::string& name) {
  to = named<E>(name);
}
template <HasNames E>
CLI::IsMember one_of(const E&) {
  return CLI::IsMember(cutract::names_of<E>());
}
template <HasNames E>
CLI::IsMember one_of(const std::optional<E>&) {
  return CLI::IsMember(cutract::names_of<E>());
}

// Adds an option that takes one of the names of an enum.
template <class Choice>
CLI::Option* choice_option(CLI::App* app, const char* option, Choice& choice, const std::string& what) {
  return app
      ->add_option_function<std::string>(
          option, [&choice](const std::string& name) { take_choice(choice, name); }, what)
      ->type_name("NAME")
      ->check(one_of(choice));
}

void device_option(CLI::App* app, std::string& device) {
  app->add_option("--device", device, "auto, cpu, cuda or cuda:N (default auto: the GPU if there is a usable one)")
      ->type_name("NAME");
}

CLI::Option* seed_option(CLI::App* app, std::optional<std::int64_t>& seed) {
  return app->add_option("--seed", seed, "random seed, same as --set trainer.seed=N")
      ->type_name("N")
      ->check(integer_in(0, std::int64_t{1} << 53));
}

void config_options(CLI::App* app, std::string& config, std::vector<std::string>& set) {
  app->add_option("-c,--config", config, "TOML config file (default: built-in settings; see `cutract help config`)")
      ->type_name("FILE");
  app->add_option("--set", set, "change one setting, e.g. model.hidden=64; may be repeated")
      ->type_name("a.b=c")
      ->allow_extra_args(false);
}

void audio_options(CLI::App* app, std::vector<std::string>& audio, std::string& list) {
  app->add_option("AUDIO", audio,
                  "WAV, FLAC, OGG, MP3, AIFF, AU or NIST SPHERE files of any sample rate, folders of such files, or - "
                  "for audio from "
                  "standard input")
      ->type_name("");
  app->add_option("--list", list,
                  "text file with one audio path per line (blank lines and lines that start with # are skipped), or a "
                  "Kaldi list NAME.scp, whose ids name the results; -: standard input")
      ->type_name("FILE");
}

CLI::Option* statistics_option(CLI::App* app, std::optional<FeatureStatistics>& statistics) {
  return choice_option(app, "--feature-statistics", statistics,
                       "statistics that normalise an unknown speaker's features: audio (the speaker's own) or training "
                       "(default audio)");
}

// Builds the parser; `chosen` receives the given command.
class Parser {
 public:
  Parser() {
    use_plain_help(app_);
    app_.name("cutract");
    app_.description("Acoustic-to-articulatory inversion: speech in, movement of tongue, lips and\njaw out.");
    app_.set_help_flag("-h,--help", "print this help");
    app_.set_version_flag("-V,--version", version(), "print the version");
    app_.require_subcommand(1);
    app_.footer(std::string("Example:\n"
                            "  cutract train -c configs/baseline.toml --out runs/baseline\n"
                            "  cutract eval runs/baseline\n"
                            "  cutract help train\n\n") +
                kExitCodeTable);
    train();
    eval();
    compare();
    cv();
    predict();
    features();
    corpus();
    command("doctor", "Show version, hardware, and whether a GPU can be used", DoctorArgs{}, "cutract doctor");
    CLI::App* help = app_.add_subcommand("help", "Print help about a command, or `help config` about settings");
    help->add_option("SUBJECT", help_subject_, "command, or config [SECTION or KEY]")->type_name("");
    help->footer(
        "Example:\n  cutract help corpus import\n  cutract help config            every setting\n"
        "  cutract help config optim      the settings of a section\n"
        "  cutract help config optim.lr   one setting\n\n" +
        std::string(kExitCodes));
    app_.add_subcommand("version", "Print the version")->footer(footer("cutract version"));
    // For packages, so not on the help page.
    app_.add_subcommand("manual", "Print the manual page, cutract(1)")
        ->group("")
        ->footer(footer("cutract manual | man -l -"));
    app_.add_subcommand("completions", "Print the script that completes command lines")
        ->group("")
        ->footer(footer("cutract completions bash > ~/.local/share/bash-completion/completions/cutract"))
        ->add_option_function<std::string>(
            "SHELL", [this](const std::string& name) { take_choice(shell_, name); }, "bash, zsh or fish")
        ->required()
        ->type_name("")
        ->check(one_of(shell_));
  }

  Command operator()(int argc, const char* const* argv) {
    const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
    if (!words.empty() && words[0] == "help") return help({words.begin() + 1, words.end()});
    if (words.empty()) std::fputs((app_.help() + "\n").c_str(), stderr);
    try {
      app_.parse(argc, argv);
    } catch (const CLI::Success& e) {  // --help and --version
      return Printed{app_.exit(e)};
    } catch (const CLI::ParseError& e) { fail_usage(app_, words, e); }
    if (app_.got_subcommand("version")) {
      print_result(version() + "\n");
      return Printed{};
    }
    if (app_.got_subcommand("manual") || app_.got_subcommand("completions")) {
      print_result(shell_ ? completions(app_, *shell_) : manual_page(app_, version()));
      return Printed{};
    }
    return chosen;
  }

 private:
  // `cutract help SUBJECT...`, where SUBJECT is a command or config [SECTION|KEY].
  Command help(std::vector<std::string> subject) {
    std::erase(subject, "--help");
    std::erase(subject, "-h");
    if (!subject.empty() && subject[0] == "config") {
      const std::vector<std::string> rest(subject.begin() + 1, subject.end());
      return HelpConfigArgs{fmt::format("{}", fmt::join(rest, "."))};
    }
    print_result(help_page(app_, subject));
    return Printed{};
  }

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

  static void options(CLI::App* app, DoctorArgs& a) { app->add_flag("--json", a.json, "print a JSON object"); }
  static void options(CLI::App* app, TrainArgs& a) {
    config_options(app, a.config, a.set);
    app->add_option("--out", a.out, "run folder (default runs/CONFIG-seedN)")->type_name("DIR");
    app->add_option("--resume", a.resume,
                    "auto (resume if DIR has checkpoints), never, or a checkpoint or run folder (default auto)")
        ->type_name("HOW");
    app->add_option("--init-from", a.init_from,
                    "start a new run from the weights of this model (run folder, checkpoint or file)")
        ->type_name("MODEL");
    auto* seed = seed_option(app, a.seed);
    auto* seeds = app->add_option("--seeds", a.seeds,
                                  "train a run for each of these seeds, in DIR/runs/seed-N, score them, and print mean "
                                  "and standard deviation")
                      ->type_name("N,N,...")
                      ->delimiter(',')
                      ->check(integer_in(0, std::int64_t{1} << 53))
                      ->excludes(seed);
    device_option(app, a.device);
    app->add_option("--check-device", a.check_device, "compare one training step with the CPU before training")
        ->check(CLI::IsMember({"cpu"}))
        ->type_name("cpu");
    app->add_option("--fast-dev-run", a.fast_dev_run,
                    "train and validate on N batches (default 1), longest first, and write nothing")
        ->expected(0, 1)
        ->default_str("1")
        ->type_name("[=N]")
        ->check(integer_in(1, 1000000))
        ->excludes(seeds);
    app->add_flag("--print-config", a.print_config, "print the complete config and exit")->excludes(seeds);
    app->add_flag("--skip-bad", a.skip_bad, "skip bad utterances and list them in DIR/skipped.tsv");
    app->add_flag("--end-with-parent", a.end_with_parent, "save and stop when the process that started this one ends");
    app->add_flag("-q,--quiet", a.quiet, "print warnings and errors only");
  }
  static void options(CLI::App* app, EvalArgs& a) {
    app->add_option("MODEL", a.model, "run folder, checkpoint folder or .safetensors file")->required()->type_name("");
    app->add_option("--corpus", a.corpus, "corpus folder (default: the corpus the model was trained on)")
        ->type_name("DIR");
    app->add_option("--split", a.split, "split to score (default: data.test_split of the model's config)")
        ->type_name("NAME");
    statistics_option(app, a.statistics);
    device_option(app, a.device);
    app->add_flag("--skip-bad", a.skip_bad, "skip bad utterances with a warning for each");
    app->add_option("--json", a.json,
                    "also write the scores as JSON; -: write JSON to standard output instead of the table")
        ->type_name("FILE");
    app->add_option("--report", a.report,
                    "also write DIR/eval-SPLIT.html: scores, learning curves, predicted and measured movement")
        ->type_name("DIR");
    app->add_option(
           "--predictions", a.predictions,
           "also write DIR/ID.npz for each utterance: times, predicted and measured movement in the channels' units")
        ->type_name("DIR");
  }
  static void options(CLI::App* app, CompareArgs& a) {
    app->add_option("SCORES", a.scores,
                    "files that `cutract eval --json` wrote: one of each model, or, with --with, several of model A")
        ->required()
        ->type_name("");
    app->add_option("--with", a.with, "files of model B, e.g. one for each seed; then all of SCORES are of model A")
        ->type_name("FILE...");
    app->add_option("--samples", a.samples, "random samples for intervals and p (default 10000)")
        ->type_name("N")
        ->check(integer_in(100, 1000000));
    app->add_option("--seed", a.seed, "random seed of these samples (default 1)")
        ->type_name("N")
        ->check(integer_in(0, std::int64_t{1} << 53));
    app->add_option("--json", a.json,
                    "also write the comparison as JSON; -: write JSON to standard output instead of the table")
        ->type_name("FILE");
  }
  static void options(CLI::App* app, CvArgs& a) {
    config_options(app, a.config, a.set);
    auto* folds =
        app->add_option("--folds", a.folds, "number of folds (default 5)")->type_name("K")->check(integer_in(2, 1000));
    auto* by = choice_option(app, "--by", a.by,
                             "what stays together in one fold: sentence (utterances with equal text), speaker or "
                             "utterance (default sentence)");
    app->add_option("--leave-out", a.leave_out, "one fold for each speaker, instead of --folds")
        ->type_name("speaker")
        ->check(CLI::IsMember({"speaker"}))
        ->excludes(folds)
        ->excludes(by);
    app->add_option("--out", a.out, "folder for a run of each fold, cv.json and cv.html")->required()->type_name("DIR");
    app->add_option("--val", a.val, "share of the other folds' utterances to validate on (default 0.1)")
        ->type_name("SHARE")
        ->check(CLI::Range(0.01, 0.9));
    app->add_option("--split-seed", a.split_seed, "random seed of the folds (default 1)")
        ->type_name("N")
        ->check(integer_in(0, std::int64_t{1} << 53));
    seed_option(app, a.seed);
    device_option(app, a.device);
    app->add_flag("--skip-bad", a.skip_bad, "skip bad utterances and list them in each run's skipped.tsv");
    app->add_flag("-q,--quiet", a.quiet, "print warnings, errors and the table only");
  }
  static void options(CLI::App* app, CorpusSplitArgs& a) {
    app->add_option("DIR", a.dir, "corpus folder")->required()->type_name("");
    app->add_option("--out", a.out, "corpus folder to create; it shares audio and arrays with DIR")
        ->required()
        ->type_name("NEW");
    choice_option(app, "--by", a.by,
                  "what stays together in one split: sentence (utterances with equal text), speaker or utterance "
                  "(default sentence)");
    app->add_option("--shares", a.shares, "shares of the splits (default train=0.8,val=0.1,test=0.1)")
        ->type_name("SPLIT=SHARE,...");
    app->add_option("--seed", a.seed, "random seed of the division (default 1)")
        ->type_name("N")
        ->check(integer_in(0, std::int64_t{1} << 53));
  }
  static void options(CLI::App* app, PredictArgs& a) {
    app->add_option("MODEL", a.model, "run folder, checkpoint folder or .safetensors file")->required()->type_name("");
    audio_options(app, a.audio, a.list);
    app->add_option("--out", a.out, "folder for the results (default predictions); -: standard output")
        ->type_name("DIR");
    choice_option(app, "--format", a.format, "csv, npz or json (default csv)");
    app->add_flag("--plot", a.plot, "also write an HTML page next to each result that plots every channel over time");
    auto* speaker =
        app->add_option("--speaker", a.speaker, "training speaker whose statistics to use (default: unknown speaker)")
            ->type_name("NAME");
    app->add_flag("--one-speaker", a.one_speaker,
                  "treat all recordings as one unknown speaker and normalise them together")
        ->excludes(speaker);
    statistics_option(app, a.statistics)->excludes(speaker);
    app->add_flag("--centre", a.centre, "subtract each channel's mean over the recording");
    app->add_option("--features", a.features,
                    "array computed elsewhere for one recording, .npy [rows, columns] (only for models with a stream "
                    "\"file\")")
        ->type_name("FILE");
    app->add_option("--enrol", a.enrol,
                    "measured articulation of this speaker: an .npy array [frames, channels], or a corpus folder; "
                    "its mean and deviation replace those of the training speakers")
        ->type_name("PATH");
    app->add_option(
           "--channel", a.channel,
           "channel of multichannel audio to use, counted from 1; 0: the average of all (default: as in training)")
        ->type_name("N")
        ->check(integer_in(0, 64));
    device_option(app, a.device);
  }
  static void options(CLI::App* app, FeaturesArgs& a) {
    app->add_option("--channel", a.channel,
                    "channel of multichannel audio to use, counted from 1; 0: the average of all (default: "
                    "data.channel of the config, 0)")
        ->type_name("N")
        ->check(integer_in(0, 64));
    audio_options(app, a.audio, a.list);
    auto* config =
        app->add_option("-c,--config", a.config, "TOML config file with a [features] section")->type_name("FILE");
    app->add_option("--preset", a.preset, "librosa, kaldi or whisper (default librosa)")
        ->type_name("NAME")
        ->excludes(config);
    app->add_option("--set", a.set, "change one setting, e.g. features.n_mels=40; may be repeated")
        ->type_name("a.b=c")
        ->allow_extra_args(false);
    app->add_option("--out", a.out, "folder for the results, NAME.FORMAT for each file")->required()->type_name("DIR");
    choice_option(app, "--format", a.format,
                  "npy (an array [frames, features]), npz (also times and column names) or csv (default npy)");
  }
  static void repeated_or_once(CLI::Option* option, bool repeatable) {
    if (repeatable) option->delimiter(',')->multi_option_policy(CLI::MultiOptionPolicy::Join);
  }
  static void options(CLI::App* app, CorpusImportArgs& a) {
    const Importer& importer = importer_named(a.format);
    app->add_option("SRC", a.request.source, importer.source)->required()->type_name("");
    app->add_option("--out", a.request.out, "corpus folder to create")->required()->type_name("DIR");
    for (const ImportOption& o : importer.options) {
      const std::string name = o.name;
      const auto keep_value = [&a, name](const std::string& value) { a.request.options[name] = value; };
      if (*o.value == '\0')
        app->add_flag_callback(
            name, [keep_value] { keep_value(""); }, o.help);
      else
        repeated_or_once(app->add_option_function<std::string>(name, keep_value, o.help)->type_name(o.value),
                         o.repeatable);
    }
  }
  static void options(CLI::App* app, CorpusCheckArgs& a) {
    app->add_option("DIR", a.dir, "corpus folder")->required()->type_name("");
  }
  static void options(CLI::App* app, CorpusStatsArgs& a) {
    app->add_option("DIR", a.dir, "corpus folder")->required()->type_name("");
  }

  void train() {
    command("train", "Train a model on a corpus", TrainArgs{},
            "cutract train -c configs/baseline.toml --set model.hidden=64 --seed 42");
  }
  void eval() {
    command("eval", "Score a model on a split: RMSE, Pearson, MAE, loss", EvalArgs{},
            "cutract eval runs/baseline --split test_speaker");
  }
  void compare() {
    command("compare", "Compare the scores of two models on the same utterances", CompareArgs{},
            "cutract compare baseline.json conformer.json\n"
            "  cutract compare a17.json a42.json --with b17.json b42.json");
  }
  void cv() {
    command("cv", "Cross-validate: train and score a model for each fold of a corpus", CvArgs{},
            "cutract cv -c configs/baseline.toml --leave-out speaker --out runs/cv\n"
            "  cutract cv -c configs/baseline.toml --folds 5 --by sentence --out runs/cv5\n"
            "  (see docs/evaluate.md)");
  }
  void predict() {
    command("predict", "Predict articulation for audio files", PredictArgs{},
            "cutract predict runs/baseline my.wav --format csv --out -");
  }
  void features() {
    command("features", "Write features of audio files", FeaturesArgs{},
            "cutract features --preset kaldi --out feats data/corpus/audio/*.flac");
  }
  void corpus() {
    CLI::App* app = app_.add_subcommand("corpus", "Import, check or describe a corpus");
    app->require_subcommand(1);
    app->footer(footer("cutract corpus check data/corpus"));
    CLI::App* import = app->add_subcommand("import", "Convert a corpus from another format");
    import->require_subcommand(1);
    import->footer(footer(importers().front().example));
    for (const Importer& i : importers())
      command(i.name, i.what, CorpusImportArgs{i.name, {}}, std::string(i.example) + "\n  (see docs/" + i.page + ")",
              import)
          ->group(kFormats);
    command("check", "Read all files and list every bad utterance", CorpusCheckArgs{},
            "cutract corpus check data/corpus", app);
    command("split", "Divide a corpus into splits anew", CorpusSplitArgs{},
            "cutract corpus split data/corpus --by speaker --shares train=0.75,test=0.25 --out corpora/by-speaker",
            app);
    command("stats", "Print minutes, speakers, splits and channel ranges", CorpusStatsArgs{},
            "cutract corpus stats data/corpus", app);
  }

  CLI::App app_;
  Command chosen;
  std::optional<Shell> shell_;             // of completions
  std::vector<std::string> help_subject_;  // for the help page of help: operator() reads the words itself
};

}  // namespace

Command parse(int argc, const char* const* argv) { return Parser()(argc, argv); }

}  // namespace cutract::cli
