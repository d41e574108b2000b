#include "host/corpus/quality.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "host/core/missing.h"
#include "host/io/sha256.h"

namespace cutract {
namespace {

constexpr double kSilentPeak = 1e-3;    // -60 dB of full scale
constexpr double kZeroRun_s = 0.05;     // shorter runs of zeros occur in quiet audio with few bits
constexpr double kMostZeros = 0.5;      // share of the samples
constexpr double kClippedShare = 1e-3;  // of the samples
constexpr double kClippedPeak = 0.05;   // below this, equal samples are coarse steps of quiet audio
constexpr double kOutlier = 10;         // usual deviations from the speaker's median
constexpr double kNearlyConstantMm = 0.1;

using Facts = std::span<const std::optional<UtteranceFacts>>;

template <class T>
std::string hash_of(const std::vector<T>& values) {
  return sha256_hex({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)});
}

double median(std::vector<double> v) {
  const auto middle = v.begin() + static_cast<std::ptrdiff_t>(v.size() / 2);
  std::nth_element(v.begin(), middle, v.end());
  return *middle;
}

void describe_audio(const std::vector<float>& x, int sample_rate, UtteranceFacts& f) {
  for (const float v : x) f.peak = std::max(f.peak, static_cast<double>(std::abs(v)));
  const auto longest_quiet = static_cast<std::size_t>(kZeroRun_s * sample_rate);
  std::size_t flat = 0, zeros = 0;
  for (std::size_t i = 0; i < x.size();) {
    std::size_t end = i + 1;
    while (end < x.size() && x[end] == x[i]) ++end;
    const std::size_t run = end - i;
    if (run >= 3 && std::abs(x[i]) >= f.peak) flat += run;
    if (x[i] == 0 && run >= longest_quiet) zeros += run;
    if (run == x.size()) f.constant_audio = true;
    i = end;
  }
  const double n = std::max(1.0, static_cast<double>(x.size()));
  f.clipped = f.peak >= kClippedPeak ? static_cast<double>(flat) / n : 0;
  f.zeros = static_cast<double>(zeros) / n;
}

UtteranceFacts::Extremes describe_channel(const Track& track, Index channel) {
  const Matrix& m = track.values;
  UtteranceFacts::Extremes e;
  Index lo = -1, hi = -1;
  for (Index t = 0; t < m.rows; ++t) {
    const float v = m.row(t)[channel];
    if (is_missing(v)) continue;
    ++e.measured;
    e.mean += v;
    if (lo < 0 || v < m.row(lo)[channel]) lo = t;
    if (hi < 0 || v > m.row(hi)[channel]) hi = t;
  }
  if (e.measured == 0) return e;
  e.mean /= static_cast<double>(e.measured);
  for (Index t = 0; t < m.rows; ++t)
    if (!is_missing(m.row(t)[channel])) e.std += std::pow(m.row(t)[channel] - e.mean, 2);
  e.std = std::sqrt(e.std / static_cast<double>(e.measured));
  e.lo = m.row(lo)[channel];
  e.hi = m.row(hi)[channel];
  e.lo_s = track.first_s + static_cast<double>(lo) / track.rate_hz;
  e.hi_s = track.first_s + static_cast<double>(hi) / track.rate_hz;
  return e;
}

std::string named(const Utterance& u) { return fmt::format("{} ({})", u.id, u.split); }

// Lists values that occur in more than one utterance, as "a (train) and b (test)". Tracks and audio that are constant
// are equal for a different reason, which is reported elsewhere.
void find_copies(const Corpus& corpus, Facts facts, std::vector<Doubt>& doubts) {
  struct What {
    const char* name;
    std::string (*hash)(const UtteranceFacts&);
  };
  const What whats[] = {{"audio", [](const UtteranceFacts& f) { return f.constant_audio ? "" : f.audio_hash; }},
                        {"articulation", [](const UtteranceFacts& f) {
                           const auto moves = [](const UtteranceFacts::Extremes& e) { return e.lo < e.hi; };
                           return std::any_of(f.channels.begin(), f.channels.end(), moves) ? f.track_hash : "";
                         }}};
  for (const What& what : whats) {
    Doubt splits{fmt::format("the same {} in two splits, so that test data are learned", what.name), {}, true},
        one{fmt::format("the same {} under two ids", what.name), {}};
    std::map<std::string, const Utterance*> seen;
    for (std::size_t i = 0; i < facts.size(); ++i) {
      const std::string hash = facts[i] ? what.hash(*facts[i]) : "";
      if (hash.empty()) continue;
      const Utterance& u = corpus.utterances[i];
      const auto [first, fresh] = seen.emplace(hash, &u);
      if (fresh) continue;
      Doubt& doubt = first->second->split == u.split ? one : splits;
      doubt.places.push_back(named(*first->second) + " and " + named(u));
    }
    doubts.push_back(std::move(splits));
    doubts.push_back(std::move(one));
  }
}

// Lists overlapping parts of one file that are in two splits.
void find_overlaps(const Corpus& corpus, Facts facts, std::vector<Doubt>& doubts) {
  Doubt doubt{"overlapping parts of one audio file in two splits", {}, true};
  std::map<std::string, std::vector<std::size_t>> by_file;
  for (std::size_t i = 0; i < facts.size(); ++i)
    if (facts[i]) by_file[corpus.utterances[i].audio].push_back(i);
  for (auto& [file, all] : by_file) {
    const auto start = [&](std::size_t i) { return corpus.utterances[i].start_s; };
    std::sort(all.begin(), all.end(), [&](std::size_t a, std::size_t b) { return start(a) < start(b); });
    for (std::size_t k = 0; k + 1 < all.size(); ++k) {
      const Utterance &a = corpus.utterances[all[k]], &b = corpus.utterances[all[k + 1]];
      const bool same_part = a.start_s == b.start_s && a.end_s == b.end_s;  // reported as a copy
      if (a.split != b.split && !same_part && b.start_s < a.start_s + facts[all[k]]->seconds - 1e-6)
        doubt.places.push_back(named(a) + " and " + named(b));
    }
  }
  doubts.push_back(std::move(doubt));
}

// Lists sentences that are read in both training and test. If the splits share no speaker they were split by speaker,
// and then sentences repeat by design.
void find_sentences(const Corpus& corpus, const std::string& train, const std::string& test,
                    std::vector<Doubt>& doubts) {
  std::map<std::pair<std::string, std::string>, const Utterance*> by_speaker;
  std::map<std::string, const Utterance*> by_text;
  std::set<std::string> speakers;
  for (const Utterance& u : corpus.utterances) {
    if (u.split != train) continue;
    speakers.insert(u.speaker);
    if (u.text.empty()) continue;
    by_speaker.emplace(std::pair{u.speaker, u.text}, &u);
    by_text.emplace(u.text, &u);
  }
  Doubt same{"the same sentence by the same speaker in training and test", {}},
      other{"the same sentence by another speaker in training and test", {}};
  for (const Utterance& u : corpus.utterances) {
    if (u.split != test || u.text.empty() || !speakers.contains(u.speaker)) continue;
    if (const auto a = by_speaker.find({u.speaker, u.text}); a != by_speaker.end())
      same.places.push_back(named(*a->second) + " and " + named(u));
    else if (const auto b = by_text.find(u.text); b != by_text.end())
      other.places.push_back(named(*b->second) + " and " + named(u));
  }
  doubts.push_back(std::move(same));
  doubts.push_back(std::move(other));
}

void find_bad_audio(const Corpus& corpus, Facts facts, std::vector<Doubt>& doubts) {
  Doubt silent{"silent or nearly silent audio", {}}, clipped{"clipped audio", {}};
  for (std::size_t i = 0; i < facts.size(); ++i) {
    if (!facts[i]) continue;
    const UtteranceFacts& f = *facts[i];
    const std::string& id = corpus.utterances[i].id;
    if (f.constant_audio)
      silent.places.push_back(id + ": all samples are the same");
    else if (f.peak < kSilentPeak)
      silent.places.push_back(fmt::format("{}: peak {:.0f} dB below full scale", id, -20 * std::log10(f.peak)));
    else if (f.zeros > kMostZeros)
      silent.places.push_back(fmt::format("{}: {:.0f} % of the samples are exactly zero", id, 100 * f.zeros));
    if (!f.constant_audio && f.clipped > kClippedShare)
      clipped.places.push_back(fmt::format("{}: {:.1f} % of the samples are flat at the peak", id, 100 * f.clipped));
  }
  doubts.push_back(std::move(silent));
  doubts.push_back(std::move(clipped));
}

// For one speaker and channel: checks whether it moves, and how far its extremes are from the usual.
void find_bad_tracks(const Corpus& corpus, Facts facts, std::vector<Doubt>& doubts) {
  Doubt dead{"channels that are constant or nearly constant", {}}, stuck{"channels that stop moving", {}},
      far{"outliers", {}}, absent{"channels that a speaker lacks: they are never measured", {}};
  std::map<std::string, std::vector<std::size_t>> by_speaker;
  for (std::size_t i = 0; i < facts.size(); ++i)
    if (facts[i]) by_speaker[corpus.utterances[i].speaker].push_back(i);
  for (const auto& [speaker, all] : by_speaker)
    for (std::size_t c = 0; c < corpus.channels.size(); ++c) {
      const Channel& channel = corpus.channels[c];
      std::vector<double> means, stds;
      float lo = INFINITY, hi = -INFINITY;
      for (const std::size_t i : all) {
        const auto& e = facts[i]->channels[c];
        if (e.measured == 0) continue;
        means.push_back(e.mean);
        stds.push_back(e.std);
        lo = std::min(lo, e.lo);
        hi = std::max(hi, e.hi);
      }
      if (means.empty()) {
        absent.places.push_back(fmt::format("{} of speaker {}", channel.name, speaker));
        continue;
      }
      const double centre = median(means), usual = median(stds);
      if (lo == hi) {
        dead.places.push_back(fmt::format("{} of speaker {} is always {:g}", channel.name, speaker, lo));
        continue;
      }
      if (channel.unit == "mm" && usual < kNearlyConstantMm)
        dead.places.push_back(fmt::format("{} of speaker {} moves by {:.3f} mm (std) in a usual utterance",
                                          channel.name, speaker, usual));
      for (const std::size_t i : all) {
        const auto& e = facts[i]->channels[c];
        if (e.measured == 0) continue;
        const std::string& id = corpus.utterances[i].id;
        if (e.lo == e.hi) stuck.places.push_back(fmt::format("{}: {} is {:g} throughout", id, channel.name, e.lo));
        const bool above = e.hi - centre > centre - e.lo;
        const double value = above ? e.hi : e.lo;
        if (usual > 0 && std::abs(value - centre) > kOutlier * usual)
          far.places.push_back(fmt::format("{}: {} is {:.1f} {} at {:.2f} s, where {:.1f} with std {:.1f} is usual", id,
                                           channel.name, value, channel.unit, above ? e.hi_s : e.lo_s, centre, usual));
      }
    }
  for (Doubt* d : {&dead, &stuck, &far, &absent}) doubts.push_back(std::move(*d));
}

// Lists utterances without any measured value, from which nothing can be learned.
void find_empty(const Corpus& corpus, Facts facts, std::vector<Doubt>& doubts) {
  Doubt empty{"utterances without any measured value", {}};
  for (std::size_t i = 0; i < facts.size(); ++i)
    if (facts[i] && facts[i]->missing.values == facts[i]->values) empty.places.push_back(named(corpus.utterances[i]));
  doubts.push_back(std::move(empty));
}

}  // namespace

UtteranceFacts facts_of(const Recording& r, int sample_rate) {
  UtteranceFacts f;
  f.audio_hash = hash_of(r.samples);
  f.track_hash = hash_of(r.track.values.values);
  f.seconds = static_cast<double>(r.samples.size()) / sample_rate;
  describe_audio(r.samples, sample_rate, f);
  for (Index c = 0; c < r.track.values.cols; ++c) f.channels.push_back(describe_channel(r.track, c));
  f.values = r.track.values.rows * r.track.values.cols;
  f.missing = gaps_in(r.track.values, r.track.rate_hz);
  return f;
}

std::vector<Doubt> doubts_about(const Corpus& corpus, Facts facts, const std::string& train_split,
                                const std::string& test_split) {
  std::vector<Doubt> doubts;
  find_copies(corpus, facts, doubts);
  find_overlaps(corpus, facts, doubts);
  find_sentences(corpus, train_split, test_split, doubts);
  find_bad_audio(corpus, facts, doubts);
  find_bad_tracks(corpus, facts, doubts);
  find_empty(corpus, facts, doubts);
  std::erase_if(doubts, [](const Doubt& d) { return d.places.empty(); });
  return doubts;
}

}  // namespace cutract
