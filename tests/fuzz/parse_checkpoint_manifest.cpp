#include <string>

#include "host/io/sha256.h"
#include "host/run/manifest.h"
#include "tests/fuzz/parsers.h"

namespace cutract::fuzz {

// The digest in the last line is added, so that what is before it is parsed.
void parse_checkpoint_manifest(std::string_view bytes) {
  const std::string text(bytes);
  const CheckpointManifest manifest = parse_manifest(text + "sha256 " + sha256_hex(text) + "\n", "MANIFEST");
  const std::string again = write_manifest(manifest);
  expect(write_manifest(parse_manifest(again, "again")) == again, "the manifest differs after writing and reading");
  for (const auto& [name, file] : manifest.files) {
    expect(!name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos,
           "a file is not in the checkpoint's folder");
    expect(file.sha256.size() == 64, "a digest does not have 64 digits");
  }
}

}  // namespace cutract::fuzz
