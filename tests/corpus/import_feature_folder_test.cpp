// Folders of spectrograms and parameters: the corpus that they become, and one sentence about what cannot be used.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <string>

#include "host/core/error.h"
#include "host/corpus/corpus.h"
#include "host/io/npy.h"
#include "tests/corpus/table_folder.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

using test::TableFolder;

// Row t of `columns` numbers: 100 t + column.
Matrix numbers(Index rows, Index columns) {
  Matrix m(rows, columns);
  for (Index t = 0; t < rows; ++t)
    for (Index c = 0; c < columns; ++c) m.row(t)[c] = static_cast<float>(100 * t + c);
  return m;
}

Matrix turned(const Matrix& m) {
  Matrix out(m.cols, m.rows);
  for (Index t = 0; t < out.rows; ++t)
    for (Index c = 0; c < out.cols; ++c) out.row(t)[c] = m.row(c)[t];
  return out;
}

struct FeatureFolder : TableFolder {
  FeatureFolder() : TableFolder("feature-folder") {}
  void mel(const std::string& id, const Matrix& m) const {
    write("audio_features/mel_spectrogram/" + id + "_mel.npy", encode_npy(m.view()));
  }
  void params(const std::string& id, const Matrix& m) const {
    write("parameters/geometric/" + id + "_params.npy", encode_npy(m.view()));
  }
  void list(const std::string& split, const std::string& ids) const {
    write("splits/" + split + "/utterance_list.txt", ids);
  }
};

TEST(ImportFeatureFolder, SpectrogramsBecomeFeatures) {
  const FeatureFolder f;
  f.list("train", "\xef\xbb\xbfs1_b\r\n\ns1_a\n");
  f.list("test", " s2_c");
  f.mel("s1_a", numbers(51, 4));  // a centred spectrogram has one frame more
  f.mel("s1_b", turned(numbers(50, 4)));
  f.mel("s2_c", numbers(50, 4));
  for (const std::string id : {"s1_a", "s1_b", "s2_c"}) f.params(id, numbers(50, 2));
  const std::string said = f.says({{"--channels", "tt,jaw"}, {"--unit", "deg"}, {"--rate", "50"}});
  EXPECT_NE(said.find("the corpus has silence in place of audio, so a model can only learn from the stream \"file\"\n"),
            std::string::npos)
      << said;
  const Corpus c = read_corpus(f.out());
  EXPECT_EQ(c.articulation_rate_hz, 50);
  EXPECT_EQ(c.features_rate_hz, 50);
  EXPECT_NE(c.provenance.find("4 features computed elsewhere at 50 Hz, silence in place of the audio"),
            std::string::npos)
      << c.provenance;
  ASSERT_EQ(c.channels.size(), 2u);
  EXPECT_EQ(c.channels[1].name, "jaw");
  EXPECT_EQ(c.channels[1].unit, "deg");
  ASSERT_EQ(c.utterances.size(), 3u);
  std::string rows;
  for (const Utterance& u : c.utterances) {
    rows += u.id + " " + u.speaker + " " + u.split + " " + u.features + "\n";
    const Recording r = read_recording(c, u);
    EXPECT_EQ(r.samples, std::vector<float>(16000, 0));
    EXPECT_EQ(r.track.values.values, numbers(50, 2).values);
    const Track states = read_states(c, u, 1, 4);
    EXPECT_EQ(states.values.row(49)[3], 4903) << u.id;
  }
  EXPECT_EQ(rows, "s1_a s1 train features/s1_a.npy\ns1_b s1 train features/s1_b.npy\ns2_c s2 test features/s2_c.npy\n");
  // The next import replaces the features as well.
  f.list("train", "s1_a\n");
  f.run({{"--rate", "50"}, {"--speaker", "anna"}});
  EXPECT_FALSE(std::filesystem::exists(f.out() + "/features/s1_b.npy"));
  EXPECT_EQ(read_corpus(f.out()).channels[1].name, "p2");
  EXPECT_EQ(read_corpus(f.out()).utterances[0].speaker, "anna");
}

TEST(ImportFeatureFolder, RecordingsAreUsedWhereThereAreSome) {
  const FeatureFolder f;
  f.list("train", "a\nb\nc\nd\n");
  for (const std::string id : {"a", "b", "c", "d"}) {
    f.mel(id, numbers(100, 4));
    f.params(id, numbers(100, 2));
  }
  f.audio("wav/a");
  f.audio("wav/b", 1.1);
  f.audio("wav/c");
  f.write("wav/c.flac", "");
  const std::string said = f.says({{"--audio", "wav"}, {"--sample-rate", "8000"}});
  for (const std::string& words :
       {"b: " + (f / "parameters/geometric/b_params.npy: 100 rows last 1.000 s at 100 Hz, the audio ") +
            (f / "wav/b.wav 1.100 s; expected the same within 20 ms; check --rate\n"),
        "c: several audio files have this name; keep one of " + (f / "wav/c."),
        "d: " + (f / "wav: has no audio file d.wav (or .flac, ...)\n")})
    EXPECT_NE(said.find("skipped " + words), std::string::npos) << words << said;
  EXPECT_EQ(said.find("silence"), std::string::npos) << said;
  const Corpus c = read_corpus(f.out());
  ASSERT_EQ(c.utterances.size(), 1u);
  EXPECT_GT(std::abs(read_recording(c, c.utterances[0]).samples[100]), 0.01F);
  EXPECT_FAULT(f.run({{"--audio", "nowhere"}}), Fault::io,
               "nowhere: cannot read (--audio names a folder in SRC): No such");
}

TEST(ImportFeatureFolder, WhatCannotBeUsedIsSkipped) {
  const FeatureFolder f;
  const std::vector<std::string> ids{"a",        "b_short", "c_mels",  "d_nan", "e_gap",
                                     "f_turned", "g_more",  "h_empty", "i_text"};
  std::string all = "j_none\nk_alone\n";
  for (const std::string& id : ids) {
    all += id + "\n";
    f.mel(id, numbers(100, 4));
    f.params(id, numbers(100, 2));
  }
  f.list("train", all);
  f.mel("b_short", numbers(97, 4));
  f.mel("c_mels", numbers(100, 5));
  Matrix bad = numbers(100, 4), gap = numbers(100, 2);
  bad.row(7)[2] = NAN;
  for (Index t = 10; t < 20; ++t) gap.row(t)[1] = NAN;
  f.mel("d_nan", bad);
  f.params("e_gap", gap);
  f.params("f_turned", turned(numbers(100, 2)));
  f.params("g_more", numbers(100, 3));
  f.params("h_empty", Matrix(0, 2));
  f.write("audio_features/mel_spectrogram/i_text_mel.npy", "text");
  f.mel("j_none", numbers(100, 4));
  f.params("k_alone", numbers(100, 2));
  const std::string said = f.says();
  const std::string mel = f / "audio_features/mel_spectrogram/", par = f / "parameters/geometric/";
  for (const std::string& words :
       {"b_short: " + mel + "b_short_mel.npy: is an array of 97 x 4, but " + par +
            "b_short_params.npy has 100 rows; expected as many rows, give or take 2\n",
        "c_mels: " + mel + "c_mels_mel.npy: has 5 features, " + mel + "a_mel.npy has 4\n",
        "d_nan: " + mel + "d_nan_mel.npy: feature 3 of frame 8 is nan, expected a finite number\n",
        "f_turned: " + par +
            "f_turned_params.npy: has 2 rows of 100 numbers, expected one row for each frame with 2 "
            "numbers; it is transposed, so save x.T\n",
        "g_more: " + par +
            "g_more_params.npy: has 3 columns, expected 2 as in --channels or in the utterances before it",
        "h_empty: " + par + "h_empty_params.npy: is empty, expected one row for each frame\n",
        "i_text: " + mel + "i_text_mel.npy: is not a .npy file",
        "j_none: " + par + "j_none_params.npy: cannot read: No such",
        "k_alone: " + mel + "k_alone_mel.npy: cannot read: No such"})
    EXPECT_NE(said.find("skipped " + words), std::string::npos) << words << said;
  EXPECT_NE(said.find("(--fill-gaps-ms): 1 gap with 10 values in 1 utterance"), std::string::npos) << said;
  EXPECT_EQ(read_corpus(f.out()).utterances.size(), 2u) << "a, and e_gap with its missing values";
}

TEST(ImportFeatureFolder, WrongListsAreRefusedBeforeAnythingIsWritten) {
  const FeatureFolder f;
  const std::string train = f / "splits/train/utterance_list.txt", val = f / "splits/val/utterance_list.txt";
  EXPECT_EQ(f.says(), f.path() +
                          ": has no splits/NAME/utterance_list.txt, which lists the ids of a split, one on each "
                          "line; name the folder that contains splits");
  const struct {
    std::string train, val, says;
  } cases[] = {
      {"", "\n", f.path() + "/splits: its lists have no utterances"},
      {"a\nb\na\n", "c\nb\n",
       train + ":3: duplicate id \"a\", which is already in " + train + ":1\n" + val +
           ":2: duplicate id \"b\", which is already in " + train + ":2"},
      {"a b\n", "x", train + ":1: has several words, expected one id"},
      {"../a\n", "x", train + ":1: id \"../a\" cannot name a file; leave out / and control characters"},
      {"..\n", "x", train + ":1: id \"..\" cannot name a file; leave out / and control characters"},
      {"a\x1b\n", "x", train + ":1: id \"a\\x1b\" cannot name a file; leave out / and control characters"},
      {std::string("a\0b\n", 4), "x",
       train + ":1: id \"a\\x00b\" cannot name a file; leave out / and control characters"},
      {"caf\xe9\n", "x", train + ":1: the id is not UTF-8; save the file as UTF-8 text"},
      {std::string("\xff\xfe"
                   "a\0",
                   4),
       "x", train + ": is UTF-16; save it as UTF-8"},
  };
  for (const auto& c : cases) {
    f.list("train", c.train);
    f.list("val", c.val);
    EXPECT_EQ(f.says(), c.says);
    EXPECT_FALSE(std::filesystem::exists(f.out()));
  }
  f.list("train", "a");
  f.mel("a", numbers(4000, 4));
  f.params("a", numbers(4000, 2));
  EXPECT_NE(f.says({{"--rate", "1"}})
                .find("a_params.npy: 4000 rows last 4000 s at 1 Hz, expected at most 3600 s; check --rate"),
            std::string::npos);
  EXPECT_FAULT(f.run({{"--rate", "0"}}), Fault::usage, "--rate: is \"0\", expected a number from 1 to 100000");
}

}  // namespace
}  // namespace cutract
