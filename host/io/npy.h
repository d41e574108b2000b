#pragma once

#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "host/core/view.h"

namespace cutract {

// A .npy file as [rows, cols] float: C or Fortran order, f4/f8/i2/i4/i8, little-endian, formats 1.0 to 3.0; a vector is
// one column. Throws Error{data}, naming `origin`, for anything else. NaN and Inf pass: what they mean is for the
// caller to say.
Matrix decode_npy(std::string_view bytes, const std::string& origin);
Matrix read_npy(const std::string& path);

std::string encode_npy(View<const float, 2>);  // format 1.0, '<f4', C order

// A .npz archive (zip, stored or deflated) of named arrays, as numpy.load reads it. Text arrays have dtype '<U'.
using NpzValue = std::variant<View<const float, 2>, std::vector<double>, std::vector<std::string>>;
std::string encode_npz(const std::vector<std::pair<std::string, NpzValue>>&);

}  // namespace cutract
