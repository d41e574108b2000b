#include "features/file_stream.h"

#include <fmt/format.h>

#include "host/core/error.h"
#include "host/core/text.h"
#include "host/device/memory.h"

namespace cutract {

FileStream::FileStream(const StreamOptions& o) : name_(o.name), columns_(o.columns) {
  if (columns_ == 0)
    fail(Fault::config,
         "features.streams: the stream \"file\" reads arrays that a corpus lists, but there is no corpus here; remove "
         "the stream");
}

void FileStream::options(FieldTable& v, StreamOptions& o) {
  v("columns", o.columns, in(0, 65536), "columns of the arrays; 0: as many as those of the corpus");
  v("rate_hz", o.rate_hz, in(0.0, 100000.0),
    "rows of the arrays per second, as in corpus.toml; 0: features_rate_hz of corpus.toml");
  v("first_s", o.first_s, in(-60.0, 60.0),
    "time of their first row in seconds; if rate_hz is 0, features_first_s of corpus.toml");
}

std::vector<Column> FileStream::columns(const StreamOptions& o) {
  std::vector<Column> out;
  out.reserve(static_cast<std::size_t>(o.columns));
  for (int i = 0; i < o.columns; ++i) out.push_back({fmt::format("{}_{}", o.name, i), o.normalise, 0});
  return out;
}

void FileStream::compute(Exec& ex, const StreamInput& in, View<float, 2> out) const {
  std::vector<float> rows;
  rows.reserve(static_cast<std::size_t>(out.size()));
  for (std::size_t u = 0; u < in.utterances.size(); ++u) {
    const Track* states = in.utterances[u].states;
    if (!states)
      fail(Fault::data, fmt::format("stream {}: an utterance has no features that were computed elsewhere; give an "
                                    ".npy file with {}",
                                    name_, counted(columns_, "column")));
    if (states->values.cols != columns_)
      fail(Fault::data, fmt::format("stream {}: the features that were computed elsewhere have {}, expected {}", name_,
                                    counted(states->values.cols, "column"), columns_));
    const auto end = rows.size() + static_cast<std::size_t>(in.frames[u] * columns_);
    const Matrix at = at_times(*states, in.first_centre_s, in.step_s, in.frames[u]);
    rows.insert(rows.end(), at.values.begin(), at.values.end());
    const float* last = states->values.row(states->values.rows - 1);
    while (rows.size() < end) rows.insert(rows.end(), last, last + columns_);
  }
  copy_from_host(ex, out.data, std::span<const float>(rows));
}

}  // namespace cutract
