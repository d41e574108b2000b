#pragma once

#include <span>
#include <string>
#include <vector>

#include "eval/metrics.h"
#include "eval/report/html_report.h"
#include "host/run/events.h"

namespace cutract {

// The results of one epoch of training.
struct EpochRecord {
  int epoch = 0;                                 // from 1
  Index step = 0;                                // optimizer steps so far
  double train_loss = 0, lr = 0, grad_norm = 0;  // grad_norm: mean over the epoch's steps, before clipping
  Index skipped_steps = 0;                       // steps whose loss or gradient was not finite
  const Scores* val = nullptr;
  double frames_per_s = 0, seconds = 0;
};

// metrics.csv: one header line and one line per epoch, each with its line end. The last columns are the validation RMSE
// of each channel in its unit and then the Pearson r of each, named as in TensorBoard; an undefined value is an empty
// cell.
std::string metrics_header(std::span<const Channel>);
std::string metrics_line(const EpochRecord&);

// The same as TensorBoard scalars: loss/train, loss/val, pearson/val, rmse_z/val, mae_z/val, lr, grad_norm,
// frames_per_s, skipped_steps, and for each channel rmse_mm/CHANNEL (rmse/CHANNEL if the unit is not mm) and r/CHANNEL,
// on validation data. Their step is the epoch; undefined values are left out.
std::vector<Scalar> scalars(const EpochRecord&);

// Returns the lines of a metrics.csv for epochs up to `last_epoch`, without the header. A missing file has no lines.
// Lines that do not begin with an epoch are left out. Lines of an older file may have fewer columns.
std::vector<std::string> metrics_lines(const std::string& path, int last_epoch);
// Reads such a line, of a file with this number of channels. Cells that are empty or missing become NaN.
EpochPoint parse_metrics_line(const std::string& line, std::size_t channels);

// Returns the epochs of a run folder; none if it has no metrics.csv.
std::vector<EpochPoint> read_history(const std::string& run_dir);

}  // namespace cutract
