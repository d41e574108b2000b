// The page and its drawings as text: well-formed, self-contained, and with every curve where its axis says.
#include "eval/report/html_report.h"

#include <algorithm>
#include <limits>
#include <regex>

#include "eval/report/channel_names.h"
#include "eval/report/svg_chart.h"
#include "tests/eval/well_formed.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

using test::expect_well_formed;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Report example() {
  Report r;
  r.title = "Training: runs/demo";
  r.summary = "12 of at most 50 epochs, 30.0 s: training in progress.";
  r.facts = {{"model", "2 x 9 Bi-LSTM"}, {"corpus", "tiny"}};
  r.loss_name = "mse";
  r.channels = {{"tt_x", "mm"}, {"jaw", "rad"}};
  for (int e = 1; e <= 12; ++e)
    r.epochs.push_back({e, 1.0 / e, 1.1 / e + (e > 9 ? 0.1 : 0), 0.8, e > 5 ? 5e-4 : 1e-3, 2.5, {3.0 / e, 0.1}});
  Scores s;
  s.split = "val";
  s.loss_name = "mse";
  s.frames = 123456;
  s.utterances = 7;
  s.frame_step_s = 0.01;
  s.rmse = 0.842;
  s.pearson = 0.612;
  s.rmse_units = 2.314;
  s.rmse_units_name = "mm";
  s.channels = {{"tt_x", "mm", 0.8, 0.6, 2.25, 0.71}, {"jaw", "rad", 0.3, 0.2, 0.0891, {}}};
  s.speakers = {{"F01", 100000, 4, 0.8, 0.6, 2.2, 0.65}, {"M01", 23456, 3, 0.9, 0.7, {}, {}}};
  s.goals = {{"rmse", 0.842, 0.15, false}, {"pearson", 0.612, 0.5, true}, {"loss", {}, 0.0225, false}};
  r.scores = s;
  r.scores_title = "Scores on split val";
  Trace t{"u1, speaker F01", 0.016, 0.01, Matrix(50, 2), Matrix(50, 2)};
  for (std::size_t i = 0; i < 100; ++i) {
    t.predicted.values[i] = std::sin(static_cast<float>(i) / 9);
    t.measured.values[i] = std::cos(static_cast<float>(i) / 9);
  }
  t.text = "It was said.";
  r.traces = {t};
  return r;
}

void expect_parts(const std::string& page, const std::vector<std::string>& wanted) {
  for (const std::string& part : wanted) EXPECT_NE(page.find(part), std::string::npos) << "no \"" << part << "\"";
}

TEST(HtmlReport, SaysWhatThereIs) {
  const std::string page = html_report(example());
  expect_well_formed(page);
  expect_parts(
      page,
      {"<title>Training: runs/demo</title>",
       "<h1>Training: runs/demo</h1>",
       "12 of at most 50 epochs",
       "<dt>model</dt><dd>2 x 9 Bi-LSTM</dd>",
       "<strong>Loss</strong>",
       "training (with dropout)",
       "Learning rate started at 0.001 and changed to 0.0005 in epoch 6 (dotted vertical lines). Best validation loss: "
       "0.1222 (epoch 9 of 12).",
       "best: epoch 9",
       "<th>epoch 9 (best)</th>",
       "<tr><td>tt_x</td><td>mm</td><td>3.000</td><td>0.333</td><td>0.250</td><td><svg class=\"spark\"",
       "7 utterances of 2 speakers, 123,456 frames, 20.6 min. RMSE 2.314 mm (1 channel in mm); mean r per utterance",
       "<tr><td>RMSE (z)</td><td>0.842</td><td>&le; 0.150</td><td class=\"bad\">no</td></tr>",
       "<tr><td>Pearson r</td><td>0.612</td><td>&ge; 0.500</td><td class=\"good\">yes</td></tr>",
       "<td>undefined</td><td>0.089</td><td class=\"text\">rad</td>",
       "<td>undefined</td><td>3</td><td>23,456</td>",
       "<strong>tt_x</strong><span class=\"faint\">tongue tip, front-back</span>",
       "<td>tt_x</td><td class=\"text\">tongue tip, front-back</td>",
       "<blockquote>It was said.</blockquote>",
       "<h3>u1, speaker F01</h3>",
       "Predicted and measured movement",
       "prefers-color-scheme: dark"});
  EXPECT_EQ(std::count(page.begin(), page.end(), '\0'), 0);
}

TEST(HtmlReport, JudgesOnlyAgainstTargetsThatAreSet) {
  Report r = example();
  r.scores->goals.clear();
  const std::string page = html_report(r);
  expect_well_formed(page);
  expect_parts(page, {"<tr><th>metric</th><th>value</th></tr>", "<tr><td>RMSE (z)</td><td>0.842</td></tr>"});
  EXPECT_EQ(page.find("target"), std::string::npos);
  EXPECT_EQ(page.find("met?"), std::string::npos);
}

TEST(HtmlReport, NeedsNothingFromOutside) {
  const std::string page = html_report(example());
  for (const char* part : {"http:", "https:", "src=", "href=", "url(", "@import", "<script", "<link", "<img", "onload"})
    EXPECT_EQ(page.find(part), std::string::npos) << part;
  expect_parts(page, {"content=\"default-src 'none'; style-src 'unsafe-inline'\""});
}

TEST(HtmlReport, TextStaysText) {
  const std::string evil = "<script>alert(\"1\")</script>&'";
  const std::string tame = "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;";
  Report r = example();
  r.title = r.summary = r.loss_name = r.scores_title = r.traces[0].title = r.traces[0].text = evil;
  r.scores->each = {{evil, evil, 1, 1, 1, {}, {}}};
  r.facts = {{evil, evil}};
  for (Channel& c : r.channels) c = {evil, evil};
  r.scores->rmse_units_name = r.scores->loss_name = evil;
  for (ChannelScore& c : r.scores->channels) c.name = c.unit = evil;
  for (SpeakerScore& s : r.scores->speakers) s.name = evil;
  const std::string page = html_report(r);
  expect_well_formed(page);
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_EQ(page.find("&'"), std::string::npos);
  std::size_t found = 0;
  for (auto at = page.find(tame); at != std::string::npos; at = page.find(tame, at + 1)) ++found;
  EXPECT_GE(found, 20u);
}

TEST(HtmlReport, UndefinedSaysSo) {
  Report r = example();
  for (EpochPoint& e : r.epochs) e.val_pearson = e.channel_rmse[0] = kNaN;
  r.epochs[3].train_loss = HUGE_VAL;
  r.scores->rmse = r.scores->channels[0].rmse = kNaN;
  r.scores->pearson_utterance.reset();
  r.scores->rmse_units.reset();
  r.scores->pearson.reset();
  for (float& v : r.traces[0].predicted.values) v = std::nanf("");
  r.traces[0].measured.values[7] = HUGE_VALF;
  const std::string page = html_report(r);
  expect_well_formed(page);
  EXPECT_FALSE(std::regex_search(page, std::regex("nan|inf\\b", std::regex::icase)));
  expect_parts(page, {"<td>undefined</td><td>&ge; 0.500</td>", "<td>tt_x</td><td>mm</td><td>undefined</td>",
                      "RMSE undefined (1 channel in mm); mean r per utterance", ">undefined</text>"});
}

TEST(HtmlReport, PartsThatAreNotThereLeaveNoHole) {
  Report r;
  r.title = "bare";
  const std::string page = html_report(r);
  expect_well_formed(page);
  for (const char* part : {"<h2>", "<dl>", "<table>", "<figure>", "<p>"})
    EXPECT_EQ(page.find(part), std::string::npos) << part;
  r = example();
  r.epochs.resize(1);
  r.epochs[0].channel_rmse.clear();
  r.traces[0].measured = Matrix();
  const std::string one = html_report(r);
  expect_well_formed(one);
  EXPECT_EQ(one.find("Validation RMSE by channel"), std::string::npos) << "an older metrics.csv does not know it";
  for (const char* part : {" measured</span>", "Predicted and measured"}) EXPECT_EQ(one.find(part), std::string::npos);
  expect_parts(one, {"<h2>Predicted movement</h2>", "Learning rate stayed at 0.001.", "<circle class=\"s1\""});
}

TEST(HtmlReport, LoadsItselfAgainOnlyWhileAsked) {
  Report r = example();
  EXPECT_EQ(html_report(r).find("refresh"), std::string::npos);
  r.refresh_s = 10;
  expect_well_formed(html_report(r));
  expect_parts(html_report(r), {"<meta http-equiv=\"refresh\" content=\"10\">"});
}

TEST(HtmlReport, SmallUnitsKeepTheirDigits) {
  Report r = example();
  for (ChannelScore& c : r.scores->channels) {
    c.unit = "m";
    c.rmse_units = 0.00125;
  }
  expect_parts(html_report(r), {"<td>0.00125</td><td class=\"text\">m</td>"});
}

TEST(ChannelNames, AreThoseOfTheCorporaThatPeopleUse) {
  const std::vector<Channel> flat{{"tt_x", "mm"}, {"tt_y", "mm"}}, deep{{"TT_x", "mm"}, {"TT_y", "mm"}, {"TT_z", "mm"}};
  EXPECT_EQ(channel_meaning("tt_x", flat), "tongue tip, front-back");
  EXPECT_EQ(channel_meaning("tt_y", flat), "tongue tip, up-down");
  EXPECT_EQ(channel_meaning("TT_y", deep), "tongue tip, left-right");
  EXPECT_EQ(channel_meaning("TT_z", deep), "tongue tip, up-down");
  EXPECT_EQ(channel_meaning("LLx", flat), "lower lip, front-back");
  EXPECT_EQ(channel_meaning("velum", flat), "velum opening");
  for (const char* name : {"", "x", "_x", "tt", "height", "opening", "tt_w", "f0"})
    EXPECT_EQ(channel_meaning(name, flat), "") << name;
}

TEST(HtmlReport, ATraceOfOtherChannelsIsAMistake) {
  Report r = example();
  r.channels.pop_back();
  EXPECT_FAULT(html_report(r), Fault::internal, "trace.predicted: shape is [50,2], expected [50,1]");
}

}  // namespace
}  // namespace cutract
