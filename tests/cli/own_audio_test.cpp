// predict and features with a user's own recordings: many files, folders, lists and standard input, including bad
// files.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "host/io/atomic_file.h"
#include "host/io/audio.h"
#include "host/io/npy.h"
#include "tests/cli/own_audio.h"

namespace cutract::test {
namespace {

namespace fs = std::filesystem;

TEST_F(OwnAudio, TheFilesAfterABadOneAreDone) {
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"predict", "run"}, {"features"}}) {
    std::vector<std::string> args = command;
    args.insert(args.end(), {"corpus/audio/u0.wav", "bad.wav", "missing.wav", "corpus/audio/u1.wav", "--out",
                             "after_" + command[0]});
    const auto f = run(args);
    SCOPED_TRACE(f.err);
    EXPECT_EQ(f.code, 4);
    EXPECT_NE(f.err.find("error: bad.wav: "), std::string::npos);
    EXPECT_NE(f.err.find("error: missing.wav: "), std::string::npos);
    EXPECT_EQ(f.last_line(), "error: 2 of 4 files failed");
    const std::string ending = command[0] == "predict" ? "csv" : "npy";
    for (const std::string stem : {"u0.", "u1."})
      EXPECT_TRUE(fs::exists(path("after_" + command[0] + "/" + stem + ending)));
  }
  EXPECT_EQ(predict({"missing.wav", "corpus/audio/u1.wav"}).code, 5) << "no file is bad, one cannot be read";
  const auto one = predict({"bad.wav"});
  EXPECT_EQ(one.code, 4);
  EXPECT_TRUE(one.last_line().starts_with("error: bad.wav: ")) << one.err;
}

TEST_F(OwnAudio, AFolderKeepsItsSubfolders) {
  const auto f = predict({"in", "--out", "folder"});
  EXPECT_EQ(f.code, 0) << f.err;
  for (const char* name : {"a.csv", "b.csv", "sub/b.csv"}) EXPECT_TRUE(fs::exists(path(std::string("folder/") + name)));
  EXPECT_LT(f.err.find("in/a.wav"), f.err.find("in/b.wav")) << "in alphabetical order";
  EXPECT_EQ(std::distance(fs::recursive_directory_iterator(path("folder")), fs::recursive_directory_iterator()), 4)
      << "neither the hidden file nor the text";
  fs::create_directory(path("nothing"));
  const auto none = predict({"nothing"});
  EXPECT_EQ(none.code, 2);
  EXPECT_NE(none.err.find("nothing: no audio file in this folder"), std::string::npos) << none.err;
}

TEST_F(OwnAudio, AListNamesTheFiles) {
  corpus_->folder.write("list.txt",
                        "\xEF\xBB\xBF# of today\r\ncorpus/audio/u0.wav\r\n\n \t\n  # later\ncorpus/audio/u1.wav");
  EXPECT_EQ(predict({"--list", "list.txt", "--out", "listed"}).code, 0);
  for (const char* name : {"listed/u0.csv", "listed/u1.csv"}) EXPECT_TRUE(fs::exists(path(name)));
  corpus_->folder.write("empty.txt", "\n");
  EXPECT_EQ(predict({"--list", "empty.txt"}).code, 2);
  // As Windows programs save text.
  corpus_->folder.write("marked.txt",
                        "\xEF\xBB\xBF"
                        "corpus/audio/u0.wav\r\n");
  EXPECT_EQ(predict({"--list", "marked.txt", "--out", "marked"}).code, 0);
  corpus_->folder.write("utf16.txt", std::string("\xFF\xFE"
                                                 "a\0.\0w\0a\0v\0\n\0",
                                                 14));
  corpus_->folder.write("zero.txt", std::string("a.wav\nb\0.wav\n", 13));
  const auto utf16 = predict({"--list", "utf16.txt"}), zero = predict({"--list", "zero.txt"});
  EXPECT_EQ(utf16.code, 2);
  EXPECT_NE(utf16.err.find("--list utf16.txt: is UTF-16; save it as UTF-8"), std::string::npos) << utf16.err;
  EXPECT_EQ(zero.code, 2);
  EXPECT_NE(zero.err.find("--list zero.txt: line 2 holds a zero byte"), std::string::npos) << zero.err;
  EXPECT_EQ(predict({"--list", "nowhere.txt"}).code, 5);
  const auto none = predict({});
  EXPECT_EQ(none.code, 2);
  EXPECT_NE(none.err.find("AUDIO is missing"), std::string::npos) << none.err;
}

// Results of a Kaldi wav.scp have the names of its ids.
TEST_F(OwnAudio, AWavScpNamesTheResults) {
  corpus_->folder.write("test.scp",
                        "first corpus/audio/u0.wav\r\n\ns2-x  corpus/audio/u1.wav\nagain corpus/audio/u0.wav\n");
  const auto all = predict({"--list", "test.scp", "--out", "by_id"});
  EXPECT_EQ(all.code, 0) << all.err;
  for (const char* name : {"by_id/first.csv", "by_id/s2-x.csv", "by_id/again.csv"}) EXPECT_TRUE(fs::exists(path(name)));
  EXPECT_EQ(read_file(path("by_id/first.csv")), read_file(path("by_id/again.csv")));
  corpus_->folder.write("command.scp", "a corpus/audio/u0.wav\nb touch ran; cat corpus/audio/u0.wav |\n");
  const auto command = predict({"--list", "command.scp", "--out", "commands"});
  EXPECT_EQ(command.code, 4);
  EXPECT_EQ(command.err,
            "error: command.scp:2: is a command, and cutract does not execute commands; write its output to a file and "
            "give the path\n");
  EXPECT_FALSE(fs::exists(path("ran")));
  EXPECT_FALSE(fs::exists(path("commands")));
  corpus_->folder.write("missing.scp", "a corpus/audio/u0.wav\nb nowhere.wav\nc corpus\n");
  const auto missing = predict({"--list", "missing.scp", "--out", "rest"});
  EXPECT_EQ(missing.code, 5) << missing.err;
  EXPECT_TRUE(fs::exists(path("rest/a.csv")));
  EXPECT_NE(missing.err.find("error: nowhere.wav: cannot read: No such file"), std::string::npos) << missing.err;
  corpus_->folder.write("empty.scp", "\n");
  EXPECT_EQ(predict({"--list", "empty.scp"}).last_line(), "error: empty.scp:1: lists no utterances");
  EXPECT_EQ(predict({"--list", "nowhere.scp"}).code, 5);
}

TEST_F(OwnAudio, StandardInputIsAudioOrAList) {
  const std::string command = std::string("'") + CUTRACT_BINARY + "' predict run --device cpu --out - ";
  const std::string dir = "cd '" + corpus_->folder.path() + "' && ";
  ASSERT_EQ(std::system((dir + command + "- < corpus/audio/u0.wav > piped.csv 2> err").c_str()), 0);
  EXPECT_EQ(read_file(path("piped.csv")), predict({"corpus/audio/u0.wav", "--out", "-"}).out);
  ASSERT_EQ(std::system((dir + "echo corpus/audio/u0.wav | " + command + "--list - > listed.csv 2> err").c_str()), 0);
  EXPECT_EQ(read_file(path("listed.csv")).substr(0, 7), "time_s,");
  EXPECT_EQ(predict({"-", "-"}).code, 2) << "it can be read once";
  EXPECT_EQ(predict({"-", "--list", "-"}).code, 2);
}

TEST_F(OwnAudio, SeveralFilesOnStandardOutputAreOneTable) {
  const auto f = predict({"corpus/audio/u0.wav", "bad.wav", "corpus/audio/u1.wav", "--out", "-"});
  EXPECT_EQ(f.code, 4);
  const std::vector<std::string> rows = lines(f.out);
  EXPECT_EQ(rows[0], "time_s,height_mm,opening_mm,file");
  EXPECT_EQ(std::count_if(rows.begin(), rows.end(), [](const auto& r) { return r.starts_with("time_s"); }), 1);
  EXPECT_TRUE(rows[1].ends_with(",corpus/audio/u0.wav"));
  EXPECT_TRUE(rows.back().ends_with(",corpus/audio/u1.wav"));
  const std::vector<std::string> alone = lines(predict({"corpus/audio/u0.wav", "--out", "-"}).out);
  for (std::size_t i = 1; i < alone.size(); ++i) EXPECT_EQ(rows[i], alone[i] + ",corpus/audio/u0.wav");
  EXPECT_EQ(alone[0], "time_s,height_mm,opening_mm");

  const auto json = predict({"in", "--out", "-", "--format", "json"});
  EXPECT_EQ(json.code, 0) << json.err;
  const std::vector<std::string> objects = lines(json.out);
  ASSERT_EQ(objects.size(), 3u);
  EXPECT_EQ(nlohmann::json::parse(objects[0])["audio"], "in/a.wav");
  EXPECT_EQ(predict({"in", "--out", "-", "--format", "npz"}).code, 2);
}

// As for any program of a pipeline: no message, and the exit code of one that SIGPIPE ended.
TEST_F(OwnAudio, AReaderThatClosesThePipeEndsTheProgramQuietly) {
  const std::string command = "cd '" + corpus_->folder.path() + "' && bash -c '\"" + CUTRACT_BINARY + "\" ";
  const auto code = [&](const std::string& args) {
    const int status = std::system((command + args + " 2> closed | true; exit ${PIPESTATUS[0]}'").c_str());
    return WEXITSTATUS(status);
  };
  std::string many;
  for (int i = 0; i < 40; ++i) many += "corpus/audio/u0.wav\n";
  corpus_->folder.write("many.txt", many);
  EXPECT_EQ(code("predict run --device cpu --list many.txt --out -"), 141);
  EXPECT_EQ(read_file(path("closed")).find("error"), std::string::npos) << read_file(path("closed"));
  EXPECT_EQ(run({"help", "predict"}).code, 0);
}

// Ten minutes of audio, so that the signal comes in the middle of the work.
TEST_F(OwnAudio, ASignalEndsAnyCommandSoon) {
  const Audio some = read_audio(path("corpus/audio/u0.wav"));
  Audio audio{some.sample_rate, {}};
  while (audio.samples.size() < static_cast<std::size_t>(600 * some.sample_rate))
    audio.samples.insert(audio.samples.end(), some.samples.begin(), some.samples.end());
  write_audio(path("long.wav"), audio);
  for (const std::vector<std::string>& args : std::vector<std::vector<std::string>>{
           {"predict", "run", "long.wav", "--out", "long"}, {"features", "long.wav", "--out", "long"}}) {
    const pid_t process = start_cutract(args, corpus_->folder.path(), path("long.out"), path("long.err"));
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    const auto began = std::chrono::steady_clock::now();
    kill(process, SIGTERM);
    EXPECT_EQ(wait_for(process), 143) << read_file(path("long.err"));
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(10)) << args[0];
  }
}

TEST_F(OwnAudio, AFileGivenTwiceIsNamedAsThat) {
  fs::create_directories(path("other"));
  fs::copy_file(path("corpus/audio/u3.wav"), path("other/u0.wav"), fs::copy_options::overwrite_existing);
  const struct {
    std::vector<std::string> audio;
    std::string says;
  } cases[] = {
      {{"corpus/audio/u0.wav", "corpus/audio/u0.wav"}, "corpus/audio/u0.wav: is given twice; give it once"},
      {{"corpus/audio/u0.wav", "./corpus/audio/u0.wav"}, "are the same file; give it once"},
      {{"corpus/audio/u0.wav", "other/u0.wav"}, "would both be written to twice/u0.csv; give them in two calls"},
  };
  for (const auto& c : cases) {
    std::vector<std::string> args = c.audio;
    args.insert(args.end(), {"--out", "twice"});
    const auto f = predict(args);
    EXPECT_EQ(f.code, 2);
    EXPECT_NE(f.last_line().find(c.says), std::string::npos) << f.err;
  }
}

// Two channels, the second inverted.
TEST_F(OwnAudio, AChosenAverageIsNotWarnedAbout) {
  const Audio mono = read_audio(path("corpus/audio/u0.wav"));
  std::string wav("RIFF\0\0\0\0WAVEfmt \x10\0\0\0\1\0\2\0", 24);
  const auto add = [&](std::uint32_t v, int bytes) {
    for (int i = 0; i < bytes; ++i) wav += static_cast<char>(v >> (8 * i));
  };
  const auto rate = static_cast<std::uint32_t>(mono.sample_rate),
             size = static_cast<std::uint32_t>(mono.samples.size());
  add(rate, 4);
  add(rate * 4, 4);
  add(4, 2);
  add(16, 2);
  wav += "data";
  add(size * 4, 4);
  for (const float v : mono.samples) {
    add(static_cast<std::uint32_t>(static_cast<int>(v * 20000)), 2);
    add(static_cast<std::uint32_t>(static_cast<int>(v * 10000)), 2);
  }
  wav.replace(4, 4,
              std::string{static_cast<char>(wav.size() - 8), static_cast<char>((wav.size() - 8) >> 8),
                          static_cast<char>((wav.size() - 8) >> 16), 0});
  corpus_->folder.write("stereo.wav", wav);
  const auto warned = [&](std::vector<std::string> args) {
    args.insert(args.end(), {"stereo.wav", "--out", "stereo"});
    const auto f = run(args);
    EXPECT_EQ(f.code, 0) << f.err;
    return f.err.find("its 2 channels") != std::string::npos;
  };
  EXPECT_TRUE(warned({"predict", "run"}));
  EXPECT_TRUE(warned({"features"}));
  for (const char* channel : {"0", "1", "2"}) {
    EXPECT_FALSE(warned({"predict", "run", "--channel", channel})) << channel;
    EXPECT_FALSE(warned({"features", "--channel", channel})) << channel;
  }
  EXPECT_FALSE(warned({"features", "--set", "data.channel=2"}));
}

TEST_F(OwnAudio, FeaturesTakesSettings) {
  const auto f = run({"features", "corpus/audio/u0.wav", "--preset", "kaldi", "--set", "features.kind=mfcc", "--set",
                      "features.deltas=2", "--out", "mfcc"});
  EXPECT_EQ(f.code, 0) << f.err;
  EXPECT_EQ(read_npy(path("mfcc/u0.npy")).cols, 39);
  EXPECT_NE(f.err.find("Wrote 1 file to mfcc: 39 features per 10 ms frame"), std::string::npos) << f.err;
  EXPECT_EQ(run({"features", "corpus/audio/u0.wav", "--set", "features.n_mel=3", "--out", "mfcc"}).code, 3);
}

TEST_F(OwnAudio, AReportOfScoresLeavesThatOfTheTrainingAlone) {
  const std::string before = read_file(path("run/report.html"));
  EXPECT_EQ(run({"eval", "run", "--report", "run", "--device", "cpu"}).code, 0);
  EXPECT_EQ(read_file(path("run/report.html")), before);
  EXPECT_NE(read_file(path("run/eval-test.html")).find("Scores on split test"), std::string::npos);
}

}  // namespace
}  // namespace cutract::test
