#include "host/run/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <exception>
#include <mutex>
#include <vector>

#include "host/core/log.h"

namespace cutract {
namespace {

constexpr std::size_t kWindow = 64;  // steps in the moving median
constexpr int kWidestBar = 15, kNarrowestBar = 4;
constexpr auto kRedraw = std::chrono::milliseconds(100);
constexpr const char* kGap = "  ";
constexpr const char* kClearToEnd = "\x1b[K";

using Seconds = std::chrono::duration<double>;

int stderr_columns() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const char* columns = std::getenv("COLUMNS");
  const int n = columns ? std::atoi(columns) : 0;
  return n > 0 ? n : 80;
}

bool set_and_not_empty(const char* variable) {
  const char* v = std::getenv(variable);
  return v && *v;
}

std::string rate_text(double frames_per_s) {
  if (frames_per_s >= 999.95e3) return fmt::format("{:.2f} Mframes/s", frames_per_s / 1e6);
  if (frames_per_s >= 999.5) return fmt::format("{:.1f} kframes/s", frames_per_s / 1e3);
  return fmt::format("{:.0f} frames/s", frames_per_s);
}

// Formats as 8.0e-4, without zeros before the exponent's digits.
std::string lr_text(double lr) {
  std::string text = fmt::format("{:.1e}", lr);
  const std::size_t digits = text.find('e') + 2;
  while (digits + 1 < text.size() && text[digits] == '0') text.erase(digits, 1);
  return text;
}

std::string duration_text(double seconds) {
  const auto s = static_cast<long long>(std::llround(std::min(seconds, 1e9)));
  if (s >= 86400) return fmt::format("{}d {:02}:{:02}", s / 86400, s / 3600 % 24, s / 60 % 60) + "h";
  if (s >= 3600) return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
  return fmt::format("{:02}:{:02}", s / 60, s % 60);
}

std::string val_text(const Progress::Epoch& e) { return e.val_loss ? fmt::format("val {:.4f}", *e.val_loss) : ""; }

std::string best_text(const Progress::Epoch& e) {
  if (!e.val_loss || e.best_epoch < 1) return "";
  return fmt::format("(best {:.4f} @ {})", e.best_val_loss, e.best_epoch);
}

std::string bar_text(double share, int cells) {
  const int full = static_cast<int>(share * cells);
  std::string bar(static_cast<std::size_t>(full), '=');
  if (full < cells) bar += ">" + std::string(static_cast<std::size_t>(cells - full - 1), '.');
  return "[" + bar + "]";
}

struct Part {
  std::string text;
  int worth;  // the part with the lowest worth is dropped first
  const char* gap = kGap;
  const char* colour = "";
};

std::size_t width(const std::vector<Part>& parts) {
  std::size_t sum = 0;
  for (const Part& p : parts) sum += p.text.size() + (&p == parts.data() ? 0 : std::strlen(p.gap));
  return sum;
}

// Drops the parts with the lowest worth until the rest fits.
void drop_to_fit(std::vector<Part>& parts, std::size_t room) {
  while (width(parts) > room && parts.size() > 1)
    parts.erase(std::min_element(parts.begin(), parts.end(), [](auto& a, auto& b) { return a.worth < b.worth; }));
  parts.front().text.resize(std::min(parts.front().text.size(), room));
}

std::string joined(const std::vector<Part>& parts, bool colour) {
  std::string out;
  for (const Part& p : parts) {
    const bool painted = colour && *p.colour;
    out += (out.empty() ? "" : p.gap) + (painted ? p.colour + p.text + "\x1b[0m" : p.text);
  }
  return out;
}

std::string labelled(const char* format, std::optional<double> v) {
  return v ? fmt::format(fmt::runtime(format), *v) : "";
}

}  // namespace

struct Progress::State {
  Options options;
  std::mutex mutex;  // log lines come from any thread
  bool running = false, between_epochs = false;
  int epoch = 0, epochs = 0;
  long frames_per_epoch = 0, done = 0;
  double loss_sum = 0, loss_frames = 0, lr = 0;
  Epoch last;                            // the last with a validation
  std::deque<double> seconds_per_frame;  // for the last steps
  double tail_seconds = 0;               // after the last steps of all epochs so far
  int tails = 0;
  Clock::time_point last_event, last_draw;
  bool drawn = false;

  void begin_epoch() {
    done = 0;
    loss_sum = loss_frames = 0;
    between_epochs = false;
  }
  double share() const {
    return frames_per_epoch > 0 ? std::min(1.0, static_cast<double>(done) / static_cast<double>(frames_per_epoch)) : 1;
  }
  std::optional<double> median() const;
  std::optional<double> eta() const;
  std::string line(int columns) const;
  std::string plain_line(const Epoch&) const;
  std::string epoch_line(const Epoch&, int columns) const;
  std::string epoch_text() const { return fmt::format("epoch {}/{}", epoch, epochs); }
  std::string loss_text() const { return loss_frames > 0 ? fmt::format("loss {:.4f}", loss_sum / loss_frames) : ""; }
  std::string rate_or_none() const {
    const auto m = median();
    return m && *m > 0 ? rate_text(1 / *m) : "";
  }
  std::string lr_or_none() const { return lr > 0 ? "lr " + lr_text(lr) : ""; }
  std::string eta_or_none() const {
    const auto seconds = eta();
    return seconds ? "ETA " + duration_text(*seconds) : "";
  }
  bool shown() const { return running && options.terminal && !options.quiet; }
  void draw(bool always);
  void log_line(const std::string& text);
};

std::optional<double> Progress::State::median() const {
  if (seconds_per_frame.empty()) return std::nullopt;
  std::vector<double> sorted(seconds_per_frame.begin(), seconds_per_frame.end());
  std::sort(sorted.begin(), sorted.end());
  const std::size_t half = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

std::optional<double> Progress::State::eta() const {
  const auto per_frame = median();
  const double epochs_left = epochs - epoch + (between_epochs ? 0 : 1);
  if (!per_frame || epochs_left <= 0) return std::nullopt;
  const double in_this = between_epochs ? 0 : static_cast<double>(done);
  const double frames_left = epochs_left * static_cast<double>(frames_per_epoch) - in_this;
  return std::max(0.0, *per_frame * frames_left) + (tails > 0 ? tail_seconds / tails * epochs_left : 0);
}

// Cuts the line so that the last column stays free: some terminals wrap as soon as that column is written.
std::string Progress::State::line(int columns) const {
  const std::size_t room = static_cast<std::size_t>(std::max(columns, 2) - 1);
  const bool fresh_best = last.best_epoch > 0 && last.best_epoch == (between_epochs ? epoch : epoch - 1);
  const std::string bar = bar_text(share(), kWidestBar);
  std::vector<Part> parts{{epoch_text(), 8},
                          {bar, 2},
                          {fmt::format("{:3.0f} %", std::floor(100 * share())), 7, " "},
                          {loss_text(), 6},
                          {val_text(last), 4, kGap, fresh_best ? "\x1b[32m" : ""},
                          {best_text(last), 3, " "},
                          {rate_or_none(), 1},
                          {lr_or_none(), 0},
                          {eta_or_none(), 5}};
  std::erase_if(parts, [](const Part& p) { return p.text.empty(); });
  while (width(parts) > room && parts.size() > 1) {
    const auto least = std::min_element(parts.begin(), parts.end(), [](auto& a, auto& b) { return a.worth < b.worth; });
    const auto excess = static_cast<int>(width(parts) - room);
    if (least->text == bar && kWidestBar - excess >= kNarrowestBar) {
      least->text = bar_text(share(), kWidestBar - excess);
    } else {
      parts.erase(least);
    }
  }
  parts.front().text.resize(std::min(parts.front().text.size(), room));
  return joined(parts, options.colour);
}

// The line that remains on a terminal for a finished epoch.
std::string Progress::State::epoch_line(const Epoch& e, int columns) const {
  const bool best = e.val_loss && e.best_epoch == epoch;
  const char* green = "\x1b[32m";
  std::vector<Part> parts{{fmt::format("epoch {:>{}}/{}", epoch, fmt::formatted_size("{}", epochs), epochs), 8},
                          {loss_frames > 0 ? fmt::format("train {:.4f}", loss_sum / loss_frames) : "", 5},
                          {val_text(e), 7, kGap, best ? green : ""},
                          {labelled("RMSE {:.3f} z", e.val_rmse), 3},
                          {labelled("r {:.3f}", e.val_pearson), 4},
                          {lr_or_none(), 1},
                          {e.seconds > 0 ? duration_text(e.seconds) : "", 0},
                          {best ? "*" : "", 6, " ", green}};
  std::erase_if(parts, [](const Part& p) { return p.text.empty(); });
  drop_to_fit(parts, static_cast<std::size_t>(std::max(columns, 2) - 1));
  return joined(parts, options.colour);
}

std::string Progress::State::plain_line(const Epoch& e) const {
  std::string out = epoch_text();
  for (const auto& part : {loss_text(), val_text(e)}) out += part.empty() ? "" : kGap + part;
  out += best_text(e).empty() ? "" : " " + best_text(e);
  for (const auto& part : {rate_or_none(), lr_or_none(), eta_or_none(), e.note}) out += part.empty() ? "" : kGap + part;
  return out + "\n";
}

void Progress::State::draw(bool always) {
  if (!shown()) return;
  const auto now = options.now();
  if (!always && drawn && now - last_draw < kRedraw) return;
  options.write("\r" + line(options.columns()) + kClearToEnd);
  last_draw = now;
  drawn = true;
}

void Progress::State::log_line(const std::string& text) {
  const std::lock_guard lock(mutex);
  options.write(std::string("\r") + kClearToEnd + text + "\n" + line(options.columns()));
}

Progress::Options Progress::for_stderr(bool quiet) {
  Options o;
  const char* term = std::getenv("TERM");
  o.terminal = isatty(STDERR_FILENO) == 1 && term && std::strcmp(term, "dumb") != 0;
  o.colour = o.terminal && !set_and_not_empty("NO_COLOR");
  o.quiet = quiet;
  o.columns = stderr_columns;
  o.write = [](const std::string& text) {
    std::fputs(text.c_str(), stderr);
    std::fflush(stderr);
  };
  return o;
}

Progress::Progress(Options options) : state_(std::make_unique<State>()) { state_->options = std::move(options); }

Progress::~Progress() {
  try {
    finish();
  } catch (const std::exception&) {  // no memory is left for the last line
    log::set_terminal_writer(nullptr, nullptr);
  }
}

void Progress::start(int first_epoch, int epochs, long frames_per_epoch) {
  State& s = *state_;
  {
    const std::lock_guard lock(s.mutex);
    s.epoch = first_epoch;
    s.epochs = epochs;
    s.frames_per_epoch = frames_per_epoch;
    s.begin_epoch();
    s.last_event = s.options.now();
    s.running = true;
    s.draw(false);
  }
  // Not under our mutex: a line of another thread's holds the log's first, and then waits for ours.
  if (s.shown())
    log::set_terminal_writer([](void* self, const std::string& text) { static_cast<State*>(self)->log_line(text); },
                             &s);
}

void Progress::step(long frames, double loss, double lr) {
  const std::lock_guard lock(state_->mutex);
  State& s = *state_;
  if (s.between_epochs) {
    s.begin_epoch();
    ++s.epoch;
  }
  const auto now = s.options.now();
  if (frames > 0) {
    s.seconds_per_frame.push_back(Seconds(now - s.last_event).count() / static_cast<double>(frames));
    if (s.seconds_per_frame.size() > kWindow) s.seconds_per_frame.pop_front();
  }
  s.last_event = now;
  s.done += frames;
  s.lr = lr;
  if (const auto n = static_cast<double>(frames); std::isfinite(loss)) {
    s.loss_sum += loss * n;
    s.loss_frames += n;
  }
  s.draw(false);
}

void Progress::epoch_done(const Epoch& e) {
  const std::lock_guard lock(state_->mutex);
  State& s = *state_;
  const auto now = s.options.now();
  s.tail_seconds += Seconds(now - s.last_event).count();
  ++s.tails;
  s.last_event = now;
  s.done = s.frames_per_epoch;
  s.between_epochs = true;
  if (e.val_loss) s.last = e;
  if (s.running && !s.options.terminal && !s.options.quiet) s.options.write(s.plain_line(e));
  if (!s.shown()) return;
  const int columns = s.options.columns();
  s.options.write(std::string("\r") + kClearToEnd + s.epoch_line(e, columns) + "\n" + s.line(columns));
  s.last_draw = now;
  s.drawn = true;
}

void Progress::finish() {
  State& s = *state_;
  if (s.shown()) log::set_terminal_writer(nullptr, nullptr);  // not under our mutex: see start()
  const std::lock_guard lock(s.mutex);
  if (s.shown()) {
    if (s.between_epochs) {  // the epoch's own line says everything
      s.options.write(std::string("\r") + kClearToEnd);
    } else {
      s.draw(true);
      s.options.write("\n");
    }
  }
  s.running = false;
}

}  // namespace cutract
