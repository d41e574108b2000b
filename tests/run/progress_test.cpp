#include "host/run/progress.h"

#include <unistd.h>

#include <atomic>
#include <thread>

#include "host/core/log.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

using std::chrono::milliseconds;

// A terminal, as far as the progress line uses one: printable ASCII, \r, \n, erase to the end of the line, colours.
struct Screen {
  std::vector<std::string> rows{""};
  std::size_t column = 0, widest = 0;
  int colours = 0;
  void write(const std::string& bytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      std::string& row = rows.back();
      if (bytes[i] == '\r') {
        column = 0;
      } else if (bytes[i] == '\n') {
        rows.emplace_back();
        column = 0;
      } else if (bytes[i] == '\x1b') {
        const std::size_t end = bytes.find_first_not_of("[0123456789;", i + 1);
        ASSERT_NE(end, std::string::npos);
        if (bytes[end] == 'K') row.resize(std::min(row.size(), column));
        ASSERT_TRUE(bytes[end] == 'K' || bytes[end] == 'm') << "unknown escape";
        colours += bytes[end] == 'm';
        i = end;
      } else {
        if (column == row.size()) row += ' ';
        row[column++] = bytes[i];
        widest = std::max(widest, column);
      }
    }
  }
};

// A Progress on a simulated terminal with a simulated clock.
struct Bench {
  Progress::Clock::time_point time{};
  std::vector<std::string> writes;
  Screen screen;
  int columns = 200;
  std::unique_ptr<Progress> progress;

  explicit Bench(bool terminal, bool quiet = false, bool colour = false) {
    Progress::Options o;
    o.terminal = terminal;
    o.quiet = quiet;
    o.colour = colour;
    o.columns = [this] { return columns; };
    o.write = [this](const std::string& text) {
      writes.push_back(text);
      screen.write(text);
    };
    o.now = [this] { return time; };
    progress = std::make_unique<Progress>(o);
  }
  void step(milliseconds took, long frames, double loss = 1, double lr = 0) {
    time += took;
    progress->step(frames, loss, lr);
  }
  // The line after a step a tenth of a second later, which redraws it.
  std::string line() const { return screen.rows.back(); }
  bool shows(const std::string& part) const { return line().find(part) != std::string::npos; }
};

// The line of the guide: epoch 12 of 80, 61 % done, 24.1 kframes/s.
void bring_to_the_example(Bench& b) {
  b.progress->start(11, 80, 3000);
  b.step(milliseconds(1), 3000);
  b.progress->epoch_done({0.4521, 0.4498, 9, ""});
  for (int i = 0; i < 2; ++i) b.step(milliseconds(38), 915, 0.4312, 8e-4);
  b.step(milliseconds(100), 0, 0, 8e-4);  // brings the line up to date
}

TEST(Progress, ShowsTheWholeLineWhereItFits) {
  Bench b(true);
  b.columns = 121;
  bring_to_the_example(b);
  EXPECT_EQ(b.line(),
            "epoch 12/80  [=========>.....]  61 %  loss 0.4312  val 0.4521 (best 0.4498 @ 9)  24.1 kframes/s  "
            "lr 8.0e-4  ETA 00:09");
}

TEST(Progress, ShowsTheLearningRate) {
  Bench b(true);
  b.progress->start(1, 2, 100);
  for (const auto& [lr, text] : std::vector<std::pair<double, std::string>>{
           {8e-4, "lr 8.0e-4 "}, {1.25e-12, "lr 1.2e-12 "}, {1, "lr 1.0e+0 "}, {3e-5, "lr 3.0e-5 "}}) {
    b.step(milliseconds(200), 1, 1, lr);
    EXPECT_TRUE(b.shows(text)) << b.line();
  }
  b.step(milliseconds(200), 1, 1, 0);
  EXPECT_FALSE(b.shows("lr")) << b.line();
}

TEST(Progress, DropsPartsInANarrowTerminal) {
  const auto at = [](int columns) {
    Bench b(true);
    b.columns = columns;
    b.progress->start(11, 80, 3000);
    b.step(milliseconds(1), 3000);
    b.progress->epoch_done({0.4521, 0.4498, 9, ""});
    for (int i = 0; i < 2; ++i) b.step(milliseconds(138), 915, 0.4312, 8e-4);
    return b.line();
  };
  const std::string full = at(200);
  const int wide = static_cast<int>(full.size());
  EXPECT_EQ(full,
            "epoch 12/80  [=========>.....]  61 %  loss 0.4312  val 0.4521 (best 0.4498 @ 9)  6.6 kframes/s  "
            "lr 8.0e-4  ETA 00:31");
  EXPECT_LT(wide, 120);
  EXPECT_EQ(at(120), full);
  EXPECT_EQ(at(wide + 1), full);
  EXPECT_EQ(at(wide),
            "epoch 12/80  [=========>.....]  61 %  loss 0.4312  val 0.4521 (best 0.4498 @ 9)  6.6 kframes/s  "
            "ETA 00:31");
  EXPECT_EQ(at(80), "epoch 12/80  [==>.]  61 %  loss 0.4312  val 0.4521 (best 0.4498 @ 9)  ETA 00:31");
  EXPECT_EQ(at(79), "epoch 12/80  61 %  loss 0.4312  val 0.4521 (best 0.4498 @ 9)  ETA 00:31");
  EXPECT_EQ(at(60), "epoch 12/80  61 %  loss 0.4312  val 0.4521  ETA 00:31");
  EXPECT_EQ(at(45), "epoch 12/80  61 %  loss 0.4312  ETA 00:31");
  EXPECT_EQ(at(40), "epoch 12/80  61 %  loss 0.4312");
  EXPECT_EQ(at(5), "epoc");
}

TEST(Progress, NeverReachesTheLastColumn) {
  for (int columns = 2; columns < 160; ++columns) {
    Bench b(true, false, true);
    b.columns = columns;
    bring_to_the_example(b);
    b.progress->finish();
    EXPECT_LT(b.screen.widest, static_cast<std::size_t>(columns));
  }
}

TEST(Progress, FollowsAWindowThatChanges) {
  Bench b(true);
  b.progress->start(1, 2, 100);
  b.step(milliseconds(200), 10);
  const std::size_t wide = b.line().size();
  b.columns = 30;
  b.step(milliseconds(200), 10);
  EXPECT_LT(b.line().size(), 30u);
  b.columns = 200;
  b.step(milliseconds(200), 10);
  EXPECT_EQ(b.line().size(), wide);
}

TEST(Progress, RedrawsAtMostTenTimesASecond) {
  Bench b(true);
  b.progress->start(1, 1, 100000);
  for (int i = 0; i < 10000; ++i) b.step(milliseconds(1), 10);
  EXPECT_LE(b.writes.size(), 101u);
  EXPECT_GE(b.writes.size(), 99u);
  b.writes.clear();
  for (int i = 0; i < 20; ++i) b.step(milliseconds(500), 10);  // slow steps are all shown
  EXPECT_EQ(b.writes.size(), 20u);
  b.writes.clear();
  for (int i = 0; i < 100; ++i) b.progress->epoch_done({1.0, 1.0, 1, ""});  // each leaves its line
  EXPECT_EQ(b.writes.size(), 100u);
}

TEST(Progress, EtaIsTimePerFrameTimesFramesLeft) {
  Bench b(true);
  b.progress->start(1, 10, 1000);
  EXPECT_FALSE(b.shows("ETA")) << b.line();
  b.step(milliseconds(2000), 100);  // 20 ms per frame, 9900 frames left
  EXPECT_TRUE(b.shows("ETA 03:18")) << b.line();
  b.step(milliseconds(6000), 300);  // as fast, three times as long
  EXPECT_TRUE(b.shows("ETA 03:12")) << b.line();
  b.step(milliseconds(60000), 100);  // a delay of one minute changes only the frames left
  EXPECT_TRUE(b.shows("ETA 03:10")) << b.line();
  EXPECT_TRUE(b.shows("  50 %")) << b.line();
  EXPECT_TRUE(b.shows("  50 frames/s")) << b.line();
}

TEST(Progress, EtaCountsWhatFollowsTheLastStepOfAnEpoch) {
  Bench b(true);
  b.progress->start(5, 8, 100);
  b.step(milliseconds(1000), 100);
  EXPECT_TRUE(b.shows("ETA 00:03")) << b.line();  // three more epochs; the time of validation is not known yet
  b.time += milliseconds(10000);
  b.progress->epoch_done({1.0, 1.0, 5, ""});
  EXPECT_TRUE(b.shows("epoch 5/8") && b.shows("100 %") && b.shows("ETA 00:33")) << b.line();
  b.step(milliseconds(600), 60);
  EXPECT_TRUE(b.shows("epoch 6/8") && b.shows(" 60 %") && b.shows("ETA 00:32")) << b.line();
}

TEST(Progress, EtaForgetsOldSpeeds) {
  Bench b(true);
  b.progress->start(1, 1, 10000);
  for (int i = 0; i < 200; ++i) b.step(milliseconds(1000), 1);
  EXPECT_TRUE(b.shows("ETA 2:43:20")) << b.line();  // 9800 s
  for (int i = 0; i < 64; ++i) b.step(milliseconds(100), 1);
  EXPECT_TRUE(b.shows("ETA 16:14")) << b.line();  // 973.6 s
}

TEST(Progress, LongTimesAndHighRatesAreReadable) {
  const auto after_one_step = [](milliseconds took, long frames, long frames_per_epoch) {
    Bench b(true);
    b.progress->start(1, 1, frames_per_epoch);
    b.step(took, frames);
    b.progress->finish();
    return b.screen.rows[b.screen.rows.size() - 2];
  };
  const auto has = [](const std::string& line, const char* part) { return line.find(part) != std::string::npos; };
  EXPECT_TRUE(has(after_one_step(milliseconds(1000), 1310000, 2000000), "1.31 Mframes/s"));
  EXPECT_TRUE(has(after_one_step(milliseconds(1000), 999960, 2000000), "1.00 Mframes/s"));
  EXPECT_TRUE(has(after_one_step(milliseconds(1000), 999, 2000), "  999 frames/s"));
  EXPECT_TRUE(has(after_one_step(milliseconds(1000), 1, 3601), "ETA 1:00:00"));
  EXPECT_TRUE(has(after_one_step(milliseconds(1000), 1, 3600), "ETA 59:59"));
  EXPECT_TRUE(has(after_one_step(milliseconds(1000), 1, 86400 * 2 + 3 * 3600 + 1), "ETA 2d 03:00h"));
}

TEST(Progress, LossIsTheMeanOverTheFramesOfTheEpoch) {
  Bench b(true);
  b.progress->start(1, 3, 40);
  b.step(milliseconds(200), 10, 1.0);
  b.step(milliseconds(200), 30, 2.0);
  EXPECT_TRUE(b.shows("loss 1.7500")) << b.line();
  b.step(milliseconds(200), 10, std::nan(""));  // a skipped step does not count
  EXPECT_TRUE(b.shows("loss 1.7500")) << b.line();
  EXPECT_TRUE(b.shows("100 %")) << b.line();  // more frames than announced
  b.progress->epoch_done({});
  b.step(milliseconds(200), 10, 5.0);
  EXPECT_TRUE(b.shows("loss 5.0000") && b.shows("epoch 2/3") && b.shows(" 25 %")) << b.line();
}

TEST(Progress, LogLinesStandAboveTheLine) {
  Bench b(true);
  log::set_level(log::Level::normal);
  b.progress->start(1, 2, 100);
  b.step(milliseconds(200), 50);
  const std::string line = b.line();
  log::info("short");
  log::warn("a line that is a good deal longer than the line of progress has been up to this point in the run " +
            std::string(60, '!'));
  log::info("x");
  ASSERT_EQ(b.screen.rows.size(), 4u);
  EXPECT_EQ(b.screen.rows[0], "short");
  EXPECT_TRUE(b.screen.rows[1].starts_with("warning: a line") && b.screen.rows[1].ends_with("!!!"));
  EXPECT_EQ(b.screen.rows[2], "x");
  EXPECT_EQ(b.line(), line);
  b.step(milliseconds(200), 50);
  EXPECT_EQ(b.screen.rows.size(), 4u) << "redrawn in place";
  b.progress->finish();
  const std::size_t writes = b.writes.size();
  testing::internal::CaptureStderr();
  log::info("afterwards");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "afterwards\n") << "stderr is the log's own again";
  EXPECT_EQ(b.writes.size(), writes);
}

// A log line holds the log and then needs the line of progress; its start and its end need both too.
TEST(Progress, StartsAndEndsWhileAnotherThreadLogs) {
  Bench b(true);
  log::set_level(log::Level::normal);
  testing::internal::CaptureStderr();
  std::atomic<bool> over = false;
  std::thread other([&] {
    while (!over) log::info("x");
  });
  for (int i = 0; i < 300; ++i) {
    b.progress->start(1, 2, 100);
    b.progress->finish();
  }
  over = true;
  other.join();
  testing::internal::GetCapturedStderr();
}

TEST(Progress, FinishLeavesTheLastStateAndAFreeLine) {
  Bench b(true);
  b.progress->start(1, 1, 100);
  for (int i = 0; i < 10; ++i) b.step(milliseconds(1), 10);  // only the first is drawn
  b.progress->epoch_done({0.5, 0.5, 1, ""});
  b.progress->finish();
  ASSERT_EQ(b.screen.rows.size(), 2u);
  EXPECT_EQ(b.screen.rows[0], "epoch 1/1  train 1.0000  val 0.5000 *");
  EXPECT_EQ(b.line(), "");
  b.progress->finish();
  EXPECT_EQ(b.screen.rows.size(), 2u);
}

TEST(Progress, EveryEpochLeavesALine) {
  Bench b(true);
  b.progress->start(9, 11, 100);
  for (int epoch = 9; epoch <= 11; ++epoch) {
    b.step(milliseconds(500), 100, 0.25, 1e-3);
    const double val = epoch == 10 ? 0.75 : 0.5;
    b.progress->epoch_done({val, 0.5, 9, "", 0.707, 0.8125, 61.2});
  }
  b.step(milliseconds(500), 0);
  b.progress->finish();
  ASSERT_EQ(b.screen.rows.size(), 5u) << "three epochs, the line of a fourth, and the free line";
  EXPECT_EQ(b.screen.rows[0], "epoch  9/11  train 0.2500  val 0.5000  RMSE 0.707 z  r 0.812  lr 1.0e-3  01:01 *");
  EXPECT_EQ(b.screen.rows[1], "epoch 10/11  train 0.2500  val 0.7500  RMSE 0.707 z  r 0.812  lr 1.0e-3  01:01");
  EXPECT_TRUE(b.screen.rows[2].starts_with("epoch 11/11  ")) << b.screen.rows[2];
  for (const int columns : {80, 60, 40, 20}) {
    Bench narrow(true);
    narrow.columns = columns;
    narrow.progress->start(1, 1, 100);
    narrow.step(milliseconds(500), 100, 0.25, 1e-3);
    narrow.progress->epoch_done({0.5, 0.5, 1, "", 0.707, 0.8125, 61.2});
    EXPECT_LT(narrow.screen.rows[0].size(), static_cast<std::size_t>(columns));
    EXPECT_TRUE(narrow.screen.rows[0].starts_with("epoch 1/1")) << narrow.screen.rows[0];
  }
}

TEST(Progress, AnEndByExceptionFreesTheLineToo) {
  Bench b(true);
  b.progress->start(1, 1, 100);
  b.progress.reset();
  EXPECT_EQ(b.screen.rows.size(), 2u);
  testing::internal::CaptureStderr();
  log::warn("free");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "warning: free\n");
}

TEST(Progress, OffATerminalOnePlainLinePerEpoch) {
  Bench b(false, false, true);
  b.progress->start(1, 3, 100);
  for (int epoch = 1; epoch <= 3; ++epoch) {
    for (int i = 0; i < 10; ++i) b.step(milliseconds(1000), 10, 0.5, 1e-3);
    EXPECT_EQ(b.writes.size(), static_cast<std::size_t>(epoch - 1));
    if (epoch == 2) {
      b.progress->epoch_done({{}, 0, 0, "no validation"});
    } else {
      b.progress->epoch_done({0.25, 0.25, epoch, "pearson 0.612"});
    }
  }
  b.progress->finish();
  EXPECT_EQ(b.writes,
            (std::vector<std::string>{
                "epoch 1/3  loss 0.5000  val 0.2500 (best 0.2500 @ 1)  10 frames/s  lr 1.0e-3  ETA 00:20  "
                "pearson 0.612\n",
                "epoch 2/3  loss 0.5000  10 frames/s  lr 1.0e-3  ETA 00:10  no validation\n",
                "epoch 3/3  loss 0.5000  val 0.2500 (best 0.2500 @ 3)  10 frames/s  lr 1.0e-3  pearson 0.612\n"}));
}

TEST(Progress, QuietMeansNothing) {
  for (const bool terminal : {true, false}) {
    Bench b(terminal, true);
    b.progress->start(1, 2, 100);
    b.step(milliseconds(1000), 100);
    b.progress->epoch_done({1.0, 1.0, 1, "note"});
    testing::internal::CaptureStderr();
    log::warn("still heard");
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "warning: still heard\n");
    b.progress->finish();
    EXPECT_TRUE(b.writes.empty());
  }
}

TEST(Progress, ColourMarksANewBestAndNothingElse) {
  for (const bool colour : {false, true}) {
    Bench b(true, false, colour);
    b.progress->start(1, 9, 100);
    b.step(milliseconds(200), 100);
    b.progress->epoch_done({0.5, 0.5, 1, ""});
    b.step(milliseconds(200), 100);
    EXPECT_EQ(b.screen.colours > 0, colour);
    b.screen.colours = 0;
    b.progress->epoch_done({0.6, 0.5, 1, ""});
    b.step(milliseconds(200), 100);
    EXPECT_EQ(b.screen.colours, 0);
  }
}

}  // namespace
}  // namespace cutract
