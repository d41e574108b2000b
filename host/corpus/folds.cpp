#include "host/corpus/folds.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "host/core/error.h"
#include "host/core/text.h"
#include "host/corpus/tsv.h"

namespace cutract {
namespace {

bool all_have_text(const Corpus& corpus) {
  return std::none_of(corpus.utterances.begin(), corpus.utterances.end(),
                      [](const Utterance& u) { return u.text.empty(); });
}

// The fold of each group. Groups are put in a random order and shared out alike, as assign_splits does.
std::map<std::string, std::string> fold_names(const Corpus& corpus, const std::vector<std::string>& groups,
                                              const FoldPlan& plan) {
  std::map<std::string, std::string> of_group;
  for (const std::string& g : groups) of_group[g] = "";
  const auto count = plan.count > 0 ? plan.count : static_cast<int>(of_group.size());
  if (count < 2 || static_cast<std::size_t>(count) > of_group.size())
    fail(Fault::data, fmt::format("{}: has {}, expected at least {} for as many folds", corpus.dir,
                                  counted(std::ssize(of_group), name_of(plan.by)), std::max(count, 2)));
  if (plan.count == 0) {
    int k = 0;
    for (auto& [group, name] : of_group) {
      ++k;
      name = names_a_file(group) ? group : fmt::format("fold-{}", k);
    }
    return of_group;
  }
  std::vector<Share> shares;
  for (int k = 1; k <= count; ++k) shares.push_back({fmt::format("fold-{}", k), 1.0 / count});
  const std::vector<std::string> assigned = assign_splits(groups, shares, plan.seed);
  for (std::size_t i = 0; i < groups.size(); ++i) of_group[groups[i]] = assigned[i];
  return of_group;
}

// Divides the utterances outside the test part into training and validation.
void divide_rest(const Corpus& corpus, const FoldPlan& plan, Fold& fold) {
  const std::vector<std::string> groups =
      groups_of(corpus, all_have_text(corpus) ? GroupBy::sentence : GroupBy::utterance);
  std::vector<std::string> rest;
  for (std::size_t i = 0; i < groups.size(); ++i)
    if (fold.splits[i].empty()) rest.push_back(groups[i]);
  const std::vector<std::string> assigned =
      assign_splits(rest, {{"val", plan.val_share}, {"train", 1 - plan.val_share}}, plan.seed);
  auto next = assigned.begin();
  for (std::string& split : fold.splits)
    if (split.empty()) split = *next++;
  for (const char* needed : {"train", "val"})
    if (std::find(fold.splits.begin(), fold.splits.end(), needed) == fold.splits.end())
      fail(Fault::data, fmt::format("{}: without fold {} it has no sentence for the split {}, expected at least two",
                                    corpus.dir, fold.name, needed));
}

}  // namespace

std::vector<std::string> groups_of(const Corpus& corpus, GroupBy by) {
  std::vector<std::string> out;
  for (const Utterance& u : corpus.utterances) {
    if (by == GroupBy::sentence && u.text.empty())
      fail(Fault::data, fmt::format("{}/manifest.tsv:{}: {} has no text, which sentences are told by; group by speaker "
                                    "or utterance instead",
                                    corpus.dir, u.line, u.id));
    out.push_back(by == GroupBy::sentence ? u.text : by == GroupBy::speaker ? u.speaker : u.id);
  }
  return out;
}

std::vector<Fold> plan_folds(const Corpus& corpus, const FoldPlan& plan) {
  const std::vector<std::string> groups = groups_of(corpus, plan.by);
  const std::map<std::string, std::string> names = fold_names(corpus, groups, plan);
  std::map<std::string, Fold> folds;
  for (const auto& [group, name] : names) folds[name].name = name;
  std::vector<Fold> out;
  for (auto& [name, fold] : folds) {
    for (const std::string& g : groups) fold.splits.emplace_back(names.at(g) == name ? "test" : "");
    divide_rest(corpus, plan, fold);
    out.push_back(std::move(fold));
  }
  // fold-2 comes before fold-10.
  std::stable_sort(out.begin(), out.end(), [](const Fold& a, const Fold& b) {
    return std::pair(a.name.size(), a.name) < std::pair(b.name.size(), b.name);
  });
  return out;
}

}  // namespace cutract
