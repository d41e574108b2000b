#pragma once

#include <string>

#include "host/core/view.h"

namespace cutract {

// The real numeric matrix `variable` of a MATLAB file (v5 or v7.3, libmatio); "" takes the only one there is.
// Throws Error{io} if the file cannot be read and Error{data} if there is no such matrix.
Matrix read_mat(const std::string& path, const std::string& variable);

}  // namespace cutract
