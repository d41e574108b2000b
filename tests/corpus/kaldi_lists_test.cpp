// Lists of Kaldi data folders: what is read, and one sentence about each line that is not.
#include "host/corpus/kaldi_lists.h"

#include <gtest/gtest.h>

#include "tests/io/refusals.h"

namespace cutract {
namespace {

std::string text_of(const std::vector<KaldiLine>& lines) {
  std::string out;
  for (const KaldiLine& l : lines) out += std::to_string(l.line) + "[" + l.id + "][" + l.value + "]";
  return out;
}

TEST(KaldiLists, IdsAndTheRestOfTheLine) {
  EXPECT_EQ(text_of(parse_wav_scp("a /x/a.wav\n\nb-1\t rel/b 2.flac \r\n  c c.wav", "wav.scp")),
            "1[a][/x/a.wav]3[b-1][rel/b 2.flac]4[c][c.wav]");
  EXPECT_EQ(text_of(parse_wav_scp("\xef\xbb\xbf"
                                  "a x.ark\n",
                                  "wav.scp")),
            "1[a][x.ark]");
  EXPECT_EQ(text_of(parse_wav_scp("a caf\xe9.wav\nb x:1\n", "wav.scp")), "1[a][caf\xe9.wav]2[b][x:1]");
  EXPECT_EQ(text_of(parse_utt2spk("a-1 a\na-2 a\n", "utt2spk")), "1[a-1][a]2[a-2][a]");
  EXPECT_EQ(text_of(parse_kaldi_text("a the  cat\nb\n", "text")), "1[a][the  cat]2[b][]");
}

TEST(KaldiLists, ABadLineGetsOneSentence) {
  const std::string command =
      "is a command, and cutract does not execute commands; write its output to a file and give the path";
  const std::string archive =
      "is a place in a Kaldi archive, which cutract does not read; write the audio to a file and give the path";
  const struct {
    std::string text, says;
  } cases[] = {
      {"", "wav.scp:1: lists no utterances"},
      {"\n \n\t\n", "wav.scp:1: lists no utterances"},
      {"a\n", "wav.scp:1: has an id and no path, expected ID PATH"},
      {"a \t\n", "wav.scp:1: has an id and no path, expected ID PATH"},
      {"a x.wav\nb sph2pipe -f wav x.sph |\n", "wav.scp:2: " + command},
      {"a touch run|", "wav.scp:1: " + command},
      {"a touch run| \r\n", "wav.scp:1: " + command},
      {"a |cat", "wav.scp:1: " + command},
      {"a |", "wav.scp:1: " + command},
      {"a data/x.ark:1234\n", "wav.scp:1: " + archive},
      {"a x.wav\na y.wav\n", "wav.scp:2: duplicate id \"a\", which is already on line 1"},
      {"a/b x.wav\n", "wav.scp:1: id \"a/b\" cannot name a file; leave out / and control characters"},
      {".. x.wav\n", "wav.scp:1: id \"..\" cannot name a file; leave out / and control characters"},
      {"a\x1b x.wav\n", "wav.scp:1: id \"a\\x1b\" cannot name a file; leave out / and control characters"},
      {"caf\xe9 x.wav\n", "wav.scp:1: the id is not UTF-8; save the file as UTF-8 text"},
      {std::string("a x\0.wav\n", 9), "wav.scp:1: holds a zero byte; expected text"},
      {std::string("RIFF\0\0", 6), "wav.scp:1: holds a zero byte; expected text"},
      {"a\nb x|\nc c.wav\n", "wav.scp:1: has an id and no path, expected ID PATH\nwav.scp:2: " + command},
  };
  for (const auto& c : cases) EXPECT_EQ(test::refusal([&] { parse_wav_scp(c.text, "wav.scp"); }), c.says);
  EXPECT_NE(test::refusal([] {
              parse_wav_scp(std::string("\xff\xfe"
                                        "a\0 \0b\0",
                                        8),
                            "wav.scp");
            }).find("is UTF-16"),
            std::string::npos);
  EXPECT_EQ(test::refusal([] { parse_utt2spk("a\nb x y\nc \xff\nd x\n", "utt2spk"); }),
            "utt2spk:1: expected ID SPEAKER, which are two words\nutt2spk:2: expected ID SPEAKER, which are two words\n"
            "utt2spk:3: the speaker is not UTF-8; save the file as UTF-8 text");
  EXPECT_EQ(test::refusal([] { parse_kaldi_text("a \xff\n", "text"); }),
            "text:1: the text is not UTF-8; save the file as UTF-8 text");
}

}  // namespace
}  // namespace cutract
