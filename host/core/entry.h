#pragma once

#include <string>
#include <string_view>

#include "host/core/fields.h"

namespace cutract {

// An entry of a list setting such as model.stack: a name, then options in any order, e.g. "bilstm hidden=128 layers=2".
// An option's value is TOML; text needs quotes only if it contains a space. Throws Error{config} if there is no name.
struct Entry {
  std::string name;
  std::string options;  // "hidden=128 layers=2"
};
Entry parse_entry(const std::string& text, const std::string& origin);

// Fills the fields that the options name. Throws Error{config} with every mistake, one per line, each beginning with
// `origin`: an option that does not exist (did you mean), is given twice, or has a value of the wrong type or range.
void read_options(const FieldTable&, std::string_view options, const std::string& origin);

// Returns all the fields as options, each preceded by a space: reading them gives the same values.
std::string write_options(const FieldTable&);

// Returns "hidden (LSTM units per direction; default 128), layers (...)": names, meanings and values of the fields, to
// list the options and their defaults in a help text.
std::string describe_options(const FieldTable&);

}  // namespace cutract
