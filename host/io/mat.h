#pragma once

#include <string>

#include "host/core/view.h"

namespace cutract {

// Reads the real numeric matrix `variable` of a MATLAB 5 file (save -v6 or -v7), in either byte order; "" reads the
// only matrix in the file. Throws Error{io} if the file cannot be read, and Error{data} if there is no such matrix or
// if a size in the file does not agree with its data. A file that needs more than 8 bytes of memory for each of its
// bytes, and 16 MiB, is refused. MATLAB 7.3 is refused: it is HDF5, whose library crashes on damaged files and whose
// external storage lets a file name any other file of this machine as its data.
Matrix read_mat(const std::string& path, const std::string& variable);

}  // namespace cutract
