#pragma once

#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "host/core/view.h"

namespace cutract {

// Decodes a .npy file as [rows, cols] float. It accepts every real number type of numpy (f2 to f8, i1 to i8, u1 to u8)
// in either byte order, C or Fortran order, formats 1.0 to 3.0; an array with one axis becomes one column. Throws
// Error{data}, naming `origin`, for anything else. NaN and Inf are accepted: the caller decides what they mean.
Matrix decode_npy(std::string_view bytes, const std::string& origin);
Matrix read_npy(const std::string& path);

std::string encode_npy(View<const float, 2>);  // format 1.0, '<f4', C order

// A .npz archive (zip, stored or deflated) of named arrays, as numpy.load reads it. Text arrays have dtype '<U'.
using NpzValue = std::variant<View<const float, 2>, std::vector<double>, std::vector<std::string>>;
std::string encode_npz(const std::vector<std::pair<std::string, NpzValue>>&);

}  // namespace cutract
