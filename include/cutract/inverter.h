#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cutract {

// Predicted articulator movement: one row of values per frame, one column per channel.
struct Movement {
  struct Channel {
    std::string name;  // e.g. "tt_x"
    std::string unit;  // e.g. "mm"
  };
  std::vector<Channel> channels;  // of the columns
  double first_s = 0;             // time of the first frame, in seconds from the first sample
  double step_s = 0;              // seconds between frames
  std::vector<float> values;      // [frames, channels], row by row, in the units of the channels

  std::size_t frames() const { return channels.empty() ? 0 : values.size() / channels.size(); }
  double time_s(std::size_t frame) const { return first_s + static_cast<double>(frame) * step_s; }
  float at(std::size_t frame, std::size_t channel) const { return values[frame * channels.size() + channel]; }
};

// A trained model that turns speech into articulator movement. Load it once and call it for any number of recordings:
// its parameters stay on the device, and its buffers are reused.
//
// Every function throws cutract::Error (cutract/error.h), a std::runtime_error whose text says what is wrong and what
// to do, and whose fault() is the kind of failure. Warnings and notes go to stderr, or where cutract/log.h sends them.
// Calls from several threads are safe; they run one after the other. On a machine with several GPUs, only the thread
// that loaded a model on "cuda:N" with N > 0 may call it.
class Inverter {
 public:
  // Loads a run folder of `cutract train`, a checkpoint folder or a .safetensors file. `device` is "auto" (a GPU if one
  // can be used, otherwise the CPU), "cpu", "cuda" or "cuda:N". Throws Fault::io if there is no such model or it cannot
  // be read, Fault::data if the file is not a cutract model or is damaged, Fault::config if this version does not know
  // its settings, Fault::usage for an unknown device name and for a model that reads features of other programs (the
  // stream "file"), Fault::device for a GPU that cannot be used, and Fault::memory if the model does not fit.
  static Inverter load(const std::string& model, const std::string& device = "auto");

  ~Inverter();
  Inverter(Inverter&&) noexcept;
  Inverter& operator=(Inverter&&) noexcept;

  std::span<const Movement::Channel> channels() const;  // of the columns of every Movement
  double step_s() const;                                // seconds between frames
  int sample_rate() const;  // Hz; audio at this rate is not resampled, which saves time and memory
  // Where the model comes from.
  struct Origin {
    std::string checkpoint;  // the folder or file that was read, e.g. the best checkpoint of a run
    std::string corpus;      // name of the corpus that the model was trained on
    int epoch = 0;           // of the training, counted from 1
    double val_loss = 0;     // validation loss after that epoch
    std::string config;      // all settings of the training, as TOML
    int audio_channel = 0;   // channel of multichannel audio that was trained on, from 1; 0: the average of all
  };
  const Origin& origin() const;
  // The training speakers whom operator() accepts, sorted. Empty if the model has no statistics of single speakers.
  std::vector<std::string> speakers() const;

  // Returns the movement for one recording: mono samples with full scale 1, at `sample_rate` Hz (1000 to 768000). With
  // the name of a training speaker, features and channels use that speaker's statistics. Without one, features are
  // normalised by the statistics of this recording, and positions are those of an average training speaker. The values
  // are those of `cutract predict`.
  //
  // A recording of more than 8000 frames (80 s at a step of 10 ms) is computed in parts, so that memory beyond samples
  // and result does not grow with its length. Each part overlaps its neighbours by 1000 frames; the values differ from
  // those of the whole by less than 1e-5 standard deviations if the model forgets within 1000 frames, as trained
  // Bi-LSTMs do, or if its layers of attention have a window and layers x window is at most 1000. Attention without a
  // window and the group norm of a conformer see only the part, so their values differ more. A model that normalises
  // each recording by itself (data.normalise_features = "utterance"), or whose features are several streams, keeps the
  // features of the whole recording: 4 bytes per feature and frame.
  //
  // Throws Fault::data for a rate out of range, for a sample that is not finite and for a recording that is too short
  // for one frame, Fault::usage for an unknown speaker, Fault::memory, and Fault::device for a failing GPU. The
  // inverter stays usable.
  Movement operator()(std::span<const float> samples, int sample_rate, std::string_view speaker = {}) const;

 private:
  struct Impl;
  explicit Inverter(std::unique_ptr<Impl>);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cutract
