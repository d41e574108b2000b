#pragma once

#include <cstddef>
#include <string_view>

#include "tests/fuzz/target.h"

// All targets and their limits. The name of a target is that of its function without "parse_".
namespace cutract::fuzz {

void parse_audio(std::string_view bytes);            // a whole audio file
void parse_audio_container(std::string_view bytes);  // its structure alone
void parse_file_text(std::string_view bytes);        // the kind of a file, and text for a terminal
void parse_npy(std::string_view bytes);
void parse_npz_names(std::string_view bytes);  // names of recordings, channels and speakers in results
void parse_mat(std::string_view bytes);
void parse_safetensors(std::string_view bytes);
void parse_config(std::string_view bytes);         // a TOML config, then --set after the byte FF
void parse_corpus_toml(std::string_view bytes);    // with a good manifest.tsv
void parse_manifest_tsv(std::string_view bytes);   // with a good corpus.toml
void parse_recording(std::string_view bytes);      // start_s, end_s and a track, with good audio
void parse_stem_manifest(std::string_view bytes);  // of corpus import
void parse_wav_scp(std::string_view bytes);        // lists of a Kaldi data folder
void parse_table_csv(std::string_view bytes);      // a table of movement, and a table of utterances
void parse_table_npz(std::string_view bytes);      // an archive with a table of movement
void parse_est(std::string_view bytes);            // EST tracks
void parse_xrmb(std::string_view bytes);           // .txy
void parse_mocha(std::string_view bytes);          // tables of MOCHA-TIMIT
void parse_ag501(std::string_view bytes);          // .pos
void parse_ssff(std::string_view bytes);
void parse_mview(std::string_view bytes);                // struct arrays in MATLAB files
void parse_checkpoint_manifest(std::string_view bytes);  // MANIFEST, with its digest added
void parse_model(std::string_view bytes);                // model.safetensors
void parse_state(std::string_view bytes);                // state.safetensors
void parse_model_metadata(std::string_view bytes);       // one entry of a good model or state is replaced
void parse_metrics_csv(std::string_view bytes);          // read for the report
void parse_audio_list(std::string_view bytes);           // predict --list

struct Limits {
  std::string_view name;
  std::size_t spare_bytes, longest;
};
inline constexpr std::size_t kKiB = 1024, kMiB = 1024 * kKiB;

// Compressed audio expands to the 2^18 samples that the target asks for. Features of a model have tables whose size
// depends on its config.
inline constexpr Limits kLimits[] = {
    {"audio", 32 * kMiB, 32 * kKiB},
    {"audio_container", kMiB, 8 * kKiB},
    {"file_text", kMiB, 4 * kKiB},
    {"npy", kMiB, 4 * kKiB},
    {"npz_names", 2 * kMiB, 4 * kKiB},
    {"mat", 17 * kMiB, 8 * kKiB},
    {"safetensors", kMiB, 8 * kKiB},
    {"config", 2 * kMiB, 4 * kKiB},
    {"corpus_toml", 2 * kMiB, 4 * kKiB},
    {"manifest_tsv", 2 * kMiB, 4 * kKiB},
    {"recording", 2 * kMiB, 4 * kKiB},
    {"stem_manifest", 2 * kMiB, 4 * kKiB},
    {"wav_scp", 2 * kMiB, 4 * kKiB},
    {"table_csv", kMiB, 4 * kKiB},
    {"table_npz", kMiB, 4 * kKiB},
    {"est", kMiB, 4 * kKiB},
    {"xrmb", kMiB, 4 * kKiB},
    {"mocha", kMiB, 4 * kKiB},
    {"ag501", kMiB, 4 * kKiB},
    {"ssff", kMiB, 4 * kKiB},
    {"mview", kMiB, 8 * kKiB},
    {"checkpoint_manifest", kMiB, 4 * kKiB},
    {"model", 64 * kMiB, 16 * kKiB},
    {"state", kMiB, 8 * kKiB},
    {"model_metadata", 64 * kMiB, 4 * kKiB},
    {"metrics_csv", 8 * kMiB, 4 * kKiB},
    {"audio_list", 2 * kMiB, 4 * kKiB},
};

constexpr Target with_limits(std::string_view name, void (*parse)(std::string_view bytes)) {
  for (const Limits& l : kLimits)
    if (l.name == name) return {name, parse, l.spare_bytes, l.longest};
  throw Broken("a target has no limits");
}

}  // namespace cutract::fuzz
