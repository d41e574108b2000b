#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace cutract {

// The contents of MANIFEST: text, one fact per line, with the digest of all preceding lines in the last line.
struct CheckpointManifest {
  struct File {
    std::size_t size = 0;
    std::string sha256;
  };
  int epoch = 0;
  double val_loss = 0;
  std::map<std::string, File> files;  // by name
};

CheckpointManifest manifest_of(int epoch, double val_loss, const std::map<std::string, std::string>& files);
std::string write_manifest(const CheckpointManifest&);

// Throws Error{io} for an unknown format version, and Error{data} for anything that write_manifest did not write.
CheckpointManifest parse_manifest(std::string_view text, const std::string& origin);

}  // namespace cutract
