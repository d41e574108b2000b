#include "model/objective.h"

#include <fmt/format.h>

#include "host/core/entry.h"
#include "host/core/error.h"
#include "host/core/text.h"
#include "kernels/compensated_sum.h"

namespace cutract {
namespace {

void shared_fields(FieldTable& v, LossTerm& term) {
  v("weight", term.weight, in(1e-9, 1e9), "factor of the term in the sum");
}

// The options that only this kind of term has.
void own_fields(FieldTable& v, LossTerm& term) {
  if (term.kind == LossKind::huber)
    v("delta", term.delta, in(1e-9, 1e9), "error (z) from which the loss grows linearly instead of quadratically");
}

FieldTable table_of(LossTerm& term) {
  FieldTable table;
  fields(table, term);
  return table;
}

// Reads one term; `at` names it in messages.
LossTerm parse_term(const std::string& text, const std::string& at) {
  const Entry entry = parse_entry(text, at);
  const auto kind = named<LossKind>(entry.name);
  if (!kind) fail(Fault::config, at + " = " + not_one_of(entry.name, names_of<LossKind>()));
  LossTerm term{.kind = *kind};
  read_options(table_of(term), entry.options, fmt::format("{} ({})", at, entry.name));
  return term;
}

std::string term_text(LossTerm term) {
  LossTerm usual{.kind = term.kind};
  const FieldTable own = table_of(term), defaults = table_of(usual);
  std::string out = name_of(term.kind);
  for (std::size_t i = 0; i < own.all().size(); ++i) {
    const std::string value = value_text(own.all()[i]);
    if (value != value_text(defaults.all()[i])) out += fmt::format(" {}={}", own.all()[i].name, value);
  }
  return out;
}

}  // namespace

void fields(FieldTable& v, LossTerm& term) {
  shared_fields(v, term);
  own_fields(v, term);
}

Objective parse_objective(const std::vector<std::string>& texts, const std::string& name) {
  if (texts.empty()) fail(Fault::config, name + " is an empty list, expected at least one term, e.g. \"mse\"");
  if (std::ssize(texts) > Objective::kMost)
    fail(Fault::config,
         fmt::format("{} has {}, expected at most {}", name, counted(std::ssize(texts), "term"), Objective::kMost));
  Objective out;
  out.count = 0;
  std::string mistakes;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::string at = texts.size() == 1 ? name : fmt::format("{}[{}]", name, i + 1);
    try {
      out.terms[out.count] = parse_term(texts[i], at);
      ++out.count;
    } catch (const Error& e) { mistakes += (mistakes.empty() ? "" : "\n") + std::string(e.what()); }
  }
  if (!mistakes.empty()) fail(Fault::config, mistakes);
  return out;
}

std::vector<std::string> objective_texts(const Objective& o) {
  std::vector<std::string> out;
  out.reserve(static_cast<std::size_t>(o.count));
  for (int k = 0; k < o.count; ++k) out.push_back(term_text(o.terms[k]));
  return out;
}

std::string objective_text(const Objective& o) { return fmt::format("{}", fmt::join(objective_texts(o), " + ")); }

std::string describe_objectives() {
  LossTerm term;
  FieldTable shared;
  shared_fields(shared, term);
  std::string out = fmt::format("{}; options: {}", fmt::join(names_of<LossKind>(), ", "), describe_options(shared));
  for (const auto& [kind, name] : kNames<LossKind>) {
    term.kind = kind;
    FieldTable own;
    own_fields(own, term);
    if (!own.all().empty()) out += fmt::format("; of {}: {}", name, describe_options(own));
  }
  return out;
}

double objective_value(const Objective& o, std::span<const LossPart> parts) {
  double value = 0;
  for (int k = 0; k < o.count; ++k) {
    CompensatedSum sum;
    Index count = 0;
    for (std::size_t i = static_cast<std::size_t>(k); i < parts.size(); i += static_cast<std::size_t>(o.count)) {
      sum.add(parts[i].sum);
      count += parts[i].count;
    }
    if (count > 0) value += o.terms[k].weight * (sum.value() / static_cast<double>(count));
  }
  return value;
}

}  // namespace cutract
