#include "host/corpus/writer.h"

#include <fmt/format.h>

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
      "name = {}\nprovenance = {}\nlicence = {}\nsample_rate = {}\narticulation_rate_hz = {}\nchannels = [\n{}]\n",
      quoted(as_field(f.name)), quoted(as_field(f.what + ", imported by cutract: " + f.how)),
      quoted(as_field(f.licence)), f.sample_rate, float_text(f.articulation_rate_hz), channels);
}

}  // namespace

CorpusWriter::CorpusWriter(std::string source, std::string out, const std::vector<std::string>& extra_columns)
    : source_(std::move(source)),
      out_(std::move(out)),
      manifest_("id\tspeaker\tsplit\taudio\tarticulation\ttext"),
      target_(out_) {
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
  for (const std::string& field : u.extra) row += "\t" + as_field(field);
  if (!is_utf8(row)) {
    skip(u.id, "its id, speaker, split or text is not UTF-8; rename it");
    return;
  }
  if (report_.done == 0) folder_ = target_.begin();
  write_audio(folder_ + "/audio/" + u.id + ".flac", c.audio);
  save_atomically(real_file_system(), folder_ + "/articulation/" + u.id + ".npy", encode_npy(c.track.view()));
  notes_.add(c.original, c.audio.notes);
  report_.seconds += c.seconds;
  ++report_.done;
  manifest_ += row + "\n";
}

void CorpusWriter::skip(const std::string& id, const std::string& reason) {
  log::warn(fmt::format("skipped {}: {}", id, reason));
  ++report_.skipped;
}

ImportReport CorpusWriter::finish(const CorpusFacts& facts, const std::string& one_channel) {
  if (const std::string text = notes_.summary(); !text.empty())
    log::warn(source_ + ": " + text + "; " + one_channel + " if that is not wanted");
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
