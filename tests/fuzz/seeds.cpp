#include "tests/fuzz/seeds.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "host/io/atomic_file.h"
#include "host/io/npy.h"
#include "host/io/safetensors.h"
#include "host/run/manifest.h"
#include "model/run_config.h"
#include "tests/fuzz/audio_seeds.h"
#include "tests/fuzz/example_model.h"
#include "tests/fuzz/mat_seeds.h"
#include "tests/fuzz/track_seeds.h"

namespace cutract::fuzz {
namespace {

class Writer {
 public:
  explicit Writer(std::string folder) : folder_(std::move(folder)) {}
  void operator()(const std::string& target, const std::string& name, std::string_view bytes) const {
    std::filesystem::create_directories(folder_ + "/" + target);
    std::ofstream out(folder_ + "/" + target + "/" + name, std::ios::binary);
    out << bytes;
    if (!out.flush()) throw std::runtime_error("cannot write " + name);
  }

 private:
  std::string folder_;
};

// Also in the byte orders, types and layouts that encode_npy does not write.
void write_npy(const Writer& write) {
  Matrix m(3, 2);
  m.values = {1, -2, 0.5F, 1e-3F, 0, 4};
  write("npy", "f4", encode_npy(m.view()));
  const auto npy = [](char version, const std::string& dict, std::size_t data_bytes) {
    std::string header = dict + "\n";
    std::string out = std::string("\x93NUMPY") + version + '\0';
    out += static_cast<char>(header.size());
    out.append(version == 1 ? 1 : 3, '\0');
    return out + header + std::string(data_bytes, '\1');
  };
  write("npy", "f2_fortran", npy(2, "{'descr': '<f2', 'fortran_order': True, 'shape': (3, 2), }", 12));
  write("npy", "f8_big", npy(1, "{'descr': '>f8', 'fortran_order': False, 'shape': (2, 1), }", 16));
  write("npy", "i8_one_axis", npy(3, "{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }", 16));
  write("npy", "u1_python2", npy(1, "{\"shape\": (2L, 3L), \"descr\": \"|u1\", \"fortran_order\": False}", 6));
  write("npy", "records", npy(1, "{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1,)}", 4));
  write("npy", "empty", npy(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 2)}", 0));
  Matrix track(25, 1);
  for (std::size_t i = 0; i < track.values.size(); ++i) track.values[i] = std::sin(static_cast<float>(i));
  write("recording", "whole", "\t\n" + encode_npy(track.view()));
  write("recording", "part", "0.05\t0.2\n" + encode_npy(track.view()));
  write("recording", "to_the_end", "0.1\t\n" + encode_npy(track.view()));
}

// Tables of movement as users write them.
void write_tables(const Writer& write) {
  std::string commas = "time,tt_x,tt_y\n", semicolons = "\xef\xbb\xbftime;\"tt; \"\"x\"\"\"\r\n";
  Matrix values(11, 2);
  std::vector<double> times;
  for (int i = 0; i < 11; ++i) {
    times.push_back(0.1 * i);
    values.row(i)[0] = static_cast<float>(i);
    commas += std::to_string(0.1 * i) + "," + std::to_string(i) + ",-1e-2\n";
    semicolons += "\"" + std::to_string(0.1 * i) + "\"; " + std::to_string(i) + "\r\n";
  }
  write("table_csv", "commas", commas);
  write("table_csv", "semicolons", semicolons);
  write("table_csv", "utterances", "utterance,text\na,\"one\ntwo\"\n");
  write("table_csv", "decimal_commas", "time;a\n0,1;2,5\n");
  write("table_npz", "with_times", encode_npz({{"pos", std::as_const(values).view()}, {"time", times}}));
  write("table_npz", "one_array", encode_npz({{"pos", std::as_const(values).view()}}));
  write("table_npz", "text", encode_npz({{"pos", std::vector<std::string>{"a", "b"}}}));
}

void write_tensors(const Writer& write) {
  TensorFile file;
  const std::vector<float> f{1, 2, 3, 4, 5, 6};
  const std::vector<double> d{0.5, -1};
  const std::vector<std::int64_t> i{7};
  file.tensors["a"] = Tensor::f32({2, 3}, f);
  file.tensors["b"] = Tensor::f64({2}, d);
  file.tensors["c"] = Tensor::i64({}, i);
  file.metadata["format"] = "pt";
  file.metadata["name"] = "\"quoted\" \\ and \n";
  write("safetensors", "three", encode_safetensors(file));
  write("safetensors", "empty", encode_safetensors({}));
  write("model", "small", example_model(true));
  write("model", "without_digest", example_model(false));
  write("state", "small", example_state());
  // The first byte chooses an entry, of the model below 128 and of the state above.
  const char* const values[] = {"7", "nan", "1e300", "-1", "0.5 0.25", "speaker", "tt_x\tmm\n", ""};
  for (int entry = 0; entry < 256; entry += 3)
    write("model_metadata", "entry_" + std::to_string(entry),
          std::string(1, static_cast<char>(entry)) + values[entry % 8]);
  write("checkpoint_manifest", "two_files", [] {
    const std::string text =
        write_manifest(manifest_of(7, 0.5, {{"model.safetensors", "m"}, {"state.safetensors", "s"}}));
    return text.substr(0, text.rfind("sha256 "));
  }());
}

void write_text(const Writer& write) {
  const std::string config = write_run_config({});
  write("config", "defaults", config);
  write("config", "features", "[features]\npreset = \"kaldi\"\nn_mels = 40\nkind = \"mfcc\"\nfmax_hz = 0\n");
  write("config", "trainer", "trainer.seed = 9223372036854775807\n[optim]\nlr = 1e-3 # slow\nname = 'adamw'\n");
  write("config", "mistakes",
        "[model]\nhiden = 64\nlayers = 2.0\ndropout = \"0.3\"\n[featurs]\nn_mels = [1, {a = 2}]\n");
  write("config", "dates", "a = 1979-05-27T07:32:00Z\n[[b]]\nc = 0x1F\nd = \"\"\"x\n\"\"\"\ne = '''y'''\nf = inf\n");
  write("config", "set",
        "[model]\nhidden = 8\n\xff"
        "model.hidden=64");
  write("corpus_toml", "full",
        "name = \"toy\"\nprovenance = \"made by hand\"\nlicence = \"CC0\"\nsample_rate = 16000\n"
        "articulation_rate_hz = 100.5\nchannels = [\n  { name = \"tt_x\", unit = \"mm\" },\n  { name = \"jaw\", unit = "
        "\"deg\" },\n]\n");
  write("corpus_toml", "tables",
        "name = 'a'\nsample_rate = 8000\narticulation_rate_hz = 1\n[[channels]]\nname = 'x'\nunit = 'mm'\n");
  write("corpus_toml", "mistakes", "name = \"\"\nsample_rate = 1\nchanels = []\nchannels = [1, { nam = \"x\" }]\n");
  write("manifest_tsv", "full",
        "id\tspeaker\tsplit\taudio\tarticulation\tstart_s\tend_s\ttext\tsession\n"
        "u1\tanna\ttrain\ta.wav\ta.npy\t\t\thello\t1\nu2\tanna\tval\ta.wav\ta.npy\t0.5\t1.25\t\t\n"
        "u3\tbert\ttest\tb.flac\tb.npy\t0\t\t\xc3\xa4\t2\n");
  write("manifest_tsv", "windows", "\xef\xbb\xbfid\tspeaker\tsplit\taudio\tarticulation\r\nu\ts\ttrain\ta\tb\r\n\r\n");
  write("manifest_tsv", "mistakes", "id\tSpeaker\tsplit\taudio\tarticulaton\nu\ts\ttrain\ta\nu\ts\tval\ta\tb\n");
  write("wav_scp", "three", "a /x/a.wav\n\nspk1-b\t rel/b 2.flac \r\n  c c.sph\n");
  write("wav_scp", "command", "a sph2pipe -f wav a.sph |\nb b.ark:12\n");
  write("stem_manifest", "two",
        "id\tspeaker\temotion\ttext\tsplit\taudio\tema\nCXYNE04\tCXY\tNE\t04\ttest\tCXYNE04.wav\tCXYNE04.mat\n"
        "CXYNE05\tCXY\tNE\t05\ttrain\ta/CXYNE05.flac\ta/CXYNE05.mat\n");
  write("metrics_csv", "two_epochs",
        "epoch,step,train_loss,val_loss,val_rmse,val_mae,val_pearson,lr,grad_norm,skipped_steps,frames_per_s,seconds,"
        "rmse_mm/tt_x,\"rmse/a,b\",r/tt_x,\"r/a,b\"\n1,10,0.9,0.8,0.9,0.7,0.4,0.001,1.5,0,20000,1.25,2.5,3,0.5,0.25\n"
        "2,20,0.7,0.6,0.8,0.6,,0.001,1.25,1,21000,1.2,2,2.5,,\n");
  write("audio_list", "three", "recordings/a.wav\r\nrecordings\n\nmissing.wav\n");
  write("audio_list", "standard_input", "-\nb.wav");
  write("npz_names", "plain", "session 1.wav\ntt_x\nmm\nanna");
  write("npz_names", "awkward", "=1+1,\"a\".wav\n-x\n\xc2\xb5m\n\xf0\x9f\x98\x80");
  write("file_text", "escapes", "a\x1b[31m\xc2\x9b\xe2\x80\xae \xff\n\t");
  write("file_text", "html", "\xef\xbb\xbf <!DOCTYPE html><title>404</title>");
  write("file_text", "git_lfs", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n");
  write("file_text", "utf16",
        std::string("\xff\xfe"
                    "a\0b\0",
                    6));
  write("file_text", "toml", "[a.b] # x\n\"k\" = 'v'\n[[c]]\nd = { e = \"\\u00e4\" }\n");
}

}  // namespace

void write_seeds(const std::string& folder) {
  const Writer write(folder);
  write_npy(write);
  write_tables(write);
  write_tensors(write);
  write_text(write);
  for (const auto& [name, bytes] : mat_seeds()) write("mat", name, bytes);
  for (const auto& [target, name, bytes] : track_seeds()) write(target, name, bytes);
  for (const auto& [name, bytes] : audio_seeds()) {
    write("audio", name, bytes);
    write("audio_container", name, bytes);
  }
}

}  // namespace cutract::fuzz
