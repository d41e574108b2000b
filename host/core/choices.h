#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace cutract {

// A value of an enum and its name in configs, messages and files.
template <class E>
struct Named {
  E value;
  const char* name;
};

// The names of an enum, in the order in which they are listed to people. An enum that a config selects has its table
// beside it, and nothing else spells the names:
//
//   template <>
//   inline constexpr auto kNames<Precision> = std::to_array<Named<Precision>>({{Precision::fp32, "fp32"}, ...});
template <class E>
inline constexpr auto kNames = std::array<Named<E>, 0>{};

template <class E>
concept HasNames = std::is_enum_v<E> &&(kNames<E>.size() > 0);

template <HasNames E>
constexpr const char* name_of(E value) {
  for (const Named<E>& n : kNames<E>)
    if (n.value == value) return n.name;
  return "";  // a value without a name is a mistake in the table
}

// Returns the value that has this name, or nothing.
template <HasNames E>
constexpr std::optional<E> named(std::string_view name) {
  for (const Named<E>& n : kNames<E>)
    if (name == n.name) return n.value;
  return std::nullopt;
}

template <HasNames E>
std::vector<std::string> names_of() {
  std::vector<std::string> out;
  out.reserve(kNames<E>.size());
  for (const Named<E>& n : kNames<E>) out.emplace_back(n.name);
  return out;
}

// A member of an enum type, read and written by the names of its values.
class EnumMember {
 public:
  template <HasNames E>
  explicit EnumMember(E& member)
      : member_(&member),
        name_([](const void* at) { return name_of(*static_cast<const E*>(at)); }),
        set_([](void* at, std::string_view name) {
          const std::optional<E> value = named<E>(name);
          if (value) *static_cast<E*>(at) = *value;
          return value.has_value();
        }) {}

  const char* name() const { return name_(member_); }
  bool set(std::string_view name) const { return set_(member_, name); }  // false: no value has this name

 private:
  void* member_;
  const char* (*name_)(const void*);
  bool (*set_)(void*, std::string_view);
};

}  // namespace cutract
