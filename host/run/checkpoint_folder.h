#pragma once

// The contents of a checkpoints folder. Only the files of host/run may include this.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/run/checkpoints.h"
#include "host/run/manifest.h"

namespace cutract {

constexpr const char* kManifest = "MANIFEST";
constexpr std::string_view kPrefix = "epoch=", kWithinPrefix = "step=";

// Throws Error{io} with the reason in errno.
[[noreturn]] void io_failed(const std::string& path, const char* doing);

// Reads a file that may be absent. Other failures throw, so that a temporary fault is not mistaken for absence.
std::optional<std::string> read_if_there(FileSystem&, const std::string& path);
std::vector<std::string> names_in(FileSystem&, const std::string& folder);
bool is_folder(FileSystem&, const std::string& path);

// Returns the folder name in a pointer file; "" if it does not hold one.
std::string pointed_at(const std::string& text);

// A val_loss that is not finite ranks last.
bool ranks_before(const Ranked&, const Ranked&);

CheckpointManifest read_manifest(FileSystem&, const std::string& folder);
Checkpoints::Files read_files(FileSystem&, const std::string& folder, const CheckpointManifest&);

// Returns the checkpoints on the disk. One whose MANIFEST is damaged is left out, with a warning: it is never the best,
// and is never deleted.
std::vector<Ranked> entries_of(FileSystem&, const std::string& folder, std::string_view prefix = kPrefix);

}  // namespace cutract
