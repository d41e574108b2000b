#include "host/corpus/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "host/core/error.h"
#include "host/core/fields.h"
#include "host/core/log.h"
#include "host/core/text.h"
#include "host/io/atomic_file.h"
#include "host/io/npy.h"

namespace cutract {
namespace {

// Tabs and line ends separate the fields of a manifest, and other control characters do not belong into one.
std::string as_field(const std::string& text) {
  std::string out = text;
  for (char& c : out)
    if ((c >= 0 && c < ' ') || c == '\x7f') c = ' ';
  return out;
}

std::string corpus_toml(const CorpusFacts& f) {
  std::string channels;
  for (const Channel& c : f.channels)
    channels += fmt::format("  {{ name = {}, unit = {} }},\n", quoted(as_field(c.name)), quoted(as_field(c.unit)));
  return fmt::format(
      "name = {}\nprovenance = {}\nlicence = {}\nsample_rate = {}\narticulation_rate_hz = {}\n{}channels = [\n{}]\n",
      quoted(as_field(f.name)), quoted(as_field(f.what + ", imported by cutract: " + f.how)),
      quoted(as_field(f.licence)), f.sample_rate, float_text(f.articulation_rate_hz),
      f.features_rate_hz > 0 ? fmt::format("features_rate_hz = {}\n", float_text(f.features_rate_hz)) : "", channels);
}

}  // namespace

CorpusWriter::CorpusWriter(std::string source, std::string out, const std::vector<std::string>& extra_columns,
                           With with)
    : source_(std::move(source)),
      out_(std::move(out)),
      manifest_("id\tspeaker\tsplit\taudio\tarticulation\ttext"),
      has_features_(with == With::features),
      target_(out_) {
  if (has_features_) manifest_ += "\tfeatures";
  for (const std::string& name : extra_columns) manifest_ += "\t" + as_field(name);
  manifest_ += "\n";
}

void CorpusWriter::add(const SourceUtterance& u, const std::function<ConvertedUtterance()>& read) {
  ConvertedUtterance c;
  try {
    c = read();
  } catch (const Error& e) {
    if (e.fault() != Fault::data && e.fault() != Fault::io) throw;
    skip(u.id, e.what());
    return;
  }
  std::string row = fmt::format("{0}\t{1}\t{2}\taudio/{0}.flac\tarticulation/{0}.npy\t{3}", u.id, as_field(u.speaker),
                                as_field(u.split), as_field(u.text));
  if (has_features_) row += fmt::format("\tfeatures/{}.npy", u.id);
  for (const std::string& field : u.extra) row += "\t" + as_field(field);
  if (!is_utf8(row)) {
    skip(u.id, "its id, speaker, split or text is not UTF-8; rename it");
    return;
  }
  if (report_.done == 0) {
    folder_ = target_.begin();
    if (has_features_) make_folder(folder_ + "/features");
  }
  write_audio(folder_ + "/audio/" + u.id + ".flac", c.audio);
  save_atomically(real_file_system(), folder_ + "/articulation/" + u.id + ".npy", encode_npy(c.track.view()));
  if (has_features_)
    save_atomically(real_file_system(), folder_ + "/features/" + u.id + ".npy", encode_npy(c.features.view()));
  notes_.add(c.original, c.audio.notes);
  count(c);
  manifest_ += row + "\n";
}

void CorpusWriter::skip(const std::string& id, const std::string& reason) {
  log::warn(fmt::format("skipped {}: {}", id, reason));
  ++report_.skipped;
}

void CorpusWriter::count(const ConvertedUtterance& c) {
  ++report_.done;
  report_.seconds += c.seconds;
  if (c.gaps.gaps > 0) ++report_.with_gaps;
  if (c.left.gaps > 0) ++report_.with_left;
  report_.gaps.add(c.gaps);
  report_.left.add(c.left);
  if (c.cut_track_ms > 0) ++report_.cut_tracks;
  if (c.cut_audio_ms > 0) ++report_.cut_audio;
  report_.cut_track_ms = std::max(report_.cut_track_ms, c.cut_track_ms);
  report_.cut_audio_ms = std::max(report_.cut_audio_ms, c.cut_audio_ms);
}

// What was changed in utterances that were imported, in one line each.
void CorpusWriter::log_changes() const {
  const ImportReport& r = report_;
  const auto gaps_text = [](const GapCount& n, int utterances) {
    return fmt::format("{} with {} in {}; the longest lasts {:.4g} ms", counted(n.gaps, "gap"),
                       counted(n.values, "value"), counted(utterances, "utterance"), n.longest_ms);
  };
  if (r.gaps.gaps > 0) log::warn(fmt::format("{}: filled {}", source_, gaps_text(r.gaps, r.with_gaps)));
  if (r.left.gaps > 0)
    log::warn(fmt::format("{}: kept as missing values (NaN), because they are too long to fill (--fill-gaps-ms): {}",
                          source_, gaps_text(r.left, r.with_left)));
  if (r.cut_tracks > 0)
    log::warn(fmt::format("{}: cut off frames after the end of the audio in {}, at most {:.4g} ms", source_,
                          counted(r.cut_tracks, "utterance"), r.cut_track_ms));
  if (r.cut_audio > 0)
    log::warn(fmt::format("{}: cut off audio after the last frame in {}, at most {:.4g} ms", source_,
                          counted(r.cut_audio, "utterance"), r.cut_audio_ms));
}

ImportReport CorpusWriter::finish(const CorpusFacts& facts, const std::string& one_channel) {
  if (const std::string text = notes_.summary(); !text.empty())
    log::warn(source_ + ": " + text + "; " + one_channel + " if that is not wanted");
  log_changes();
  if (report_.done == 0)
    fail(Fault::data, source_ + ": none of its utterances could be imported; the warnings above say why");
  save_atomically(real_file_system(), folder_ + "/manifest.tsv", manifest_);
  save_atomically(real_file_system(), folder_ + "/corpus.toml", corpus_toml(facts));
  target_.finish();
  log::info(fmt::format("imported {} ({:.1f} min) into {}, {} skipped", counted(report_.done, "utterance"),
                        report_.seconds / 60, out_, report_.skipped));
  return report_;
}

}  // namespace cutract
