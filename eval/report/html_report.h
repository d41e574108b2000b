#pragma once

#include <optional>
#include <string>
#include <vector>

#include "eval/metrics.h"
#include "host/core/view.h"
#include "host/corpus/corpus.h"

namespace cutract {

// One line of the list of facts at the top.
struct Fact {
  std::string name, value;
};

// One epoch of a training run; NaN means not known or undefined.
struct EpochPoint {
  int epoch = 0;  // from 1
  double train_loss = 0, val_loss = 0, val_pearson = 0, lr = 0, seconds = 0;
  std::vector<double> channel_rmse;  // validation, each in its channel's unit; may be shorter than the channels
};

// Movement of one utterance over time, in the channels' units.
struct Trace {
  std::string title;
  double first_s = 0, step_s = 0.01;  // centre time of row 0, and between rows
  Matrix predicted;                   // [T,P]
  Matrix measured;                    // [T,P], or empty if not measured
  std::string id, text;               // of the utterance, and what was said; "" if not known
};

// The content of a page. Parts that are empty are left out.
struct Report {
  std::string title, summary;
  int refresh_s = 0;  // > 0: the browser loads the page again this often, for a training in progress
  std::vector<Fact> facts;
  std::string loss_name;  // the loss in `epochs`
  std::vector<EpochPoint> epochs;
  std::vector<Channel> channels;
  std::optional<Scores> scores;
  std::string scores_title;
  std::vector<Trace> traces;
};

// Returns one self-contained HTML page: no script, no network, light and dark colour schemes. Undefined values are
// shown as such. Throws Error{internal} if a trace's columns do not match the channels.
std::string html_report(const Report&);

}  // namespace cutract
