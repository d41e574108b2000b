#include "host/io/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "host/core/error.h"
#include "host/core/text.h"
#include "host/io/file_kind.h"

namespace cutract {
namespace {

std::string bytes_text(std::uint64_t n) { return counted(static_cast<std::int64_t>(n), "byte"); }

static_assert(std::endian::native == std::endian::little, "tensors are kept as they lie in the file");

constexpr std::uint64_t kHeaderLimit = 100'000'000;  // bytes; the format's own limit
constexpr std::size_t kMost = std::numeric_limits<std::int64_t>::max();

struct DTypeInfo {
  DType dtype;
  const char* name;
  std::size_t bytes;
};
constexpr DTypeInfo kDTypes[] = {{DType::f32, "F32", 4},
                                 {DType::f64, "F64", 8},
                                 {DType::i32, "I32", 4},
                                 {DType::i64, "I64", 8},
                                 {DType::u8, "U8", 1}};

const DTypeInfo& info(DType d) {
  return *std::find_if(std::begin(kDTypes), std::end(kDTypes), [&](const DTypeInfo& i) { return i.dtype == d; });
}

// Returns the number of elements of a shape, or nothing if the product overflows.
std::optional<std::size_t> elements(const std::vector<std::uint64_t>& shape) {
  std::size_t n = 1;
  for (const std::uint64_t d : shape) {
    if (d != 0 && n > kMost / d) return std::nullopt;
    n *= d;
  }
  return n;
}

struct Entry {
  std::string name;
  std::optional<std::string> dtype;
  std::optional<std::vector<std::uint64_t>> shape, offsets;
};
struct Header {
  std::vector<Entry> entries;
  std::map<std::string, std::string> metadata;
};

// Reads the header event by event. A JSON tree would hide duplicate keys and read -1 as 2^64 - 1.
class HeaderReader final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit HeaderReader(Header& out) : out_(out) {}
  const std::string& problem() const { return problem_; }

  bool null() override { return unexpected("null"); }
  bool boolean(bool) override { return unexpected("true or false"); }
  bool number_integer(number_integer_t v) override { return unexpected(fmt::format("the negative number {}", v)); }
  bool number_float(number_float_t, const string_t& text) override { return unexpected("the number " + text); }
  bool binary(binary_t&) override { return unexpected("binary"); }
  bool number_unsigned(number_unsigned_t v) override {
    if (at_ != At::list) return unexpected(fmt::format("the number {}", v));
    list_->push_back(v);
    return true;
  }
  bool string(string_t& v) override {
    if (at_ == At::metadata) {
      out_.metadata[key_] = v;
      return true;
    }
    if (at_ != At::tensor || key_ != "dtype") return unexpected("a string");
    out_.entries.back().dtype = v;
    return true;
  }
  bool start_object(std::size_t) override {
    if (at_ == At::start)
      at_ = At::top;
    else if (at_ == At::top && key_ == "__metadata__")
      at_ = At::metadata;
    else if (at_ == At::top) {
      at_ = At::tensor;
      out_.entries.push_back({key_, {}, {}, {}});
    } else
      return unexpected("an object");
    keys_.emplace_back();
    return true;
  }
  bool end_object() override {
    keys_.pop_back();
    at_ = at_ == At::top ? At::end : At::top;
    return true;
  }
  bool start_array(std::size_t) override {
    if (at_ != At::tensor || key_ == "dtype") return unexpected("a list");
    auto& field = key_ == "shape" ? out_.entries.back().shape : out_.entries.back().offsets;
    list_ = &field.emplace();
    at_ = At::list;
    return true;
  }
  bool end_array() override {
    at_ = At::tensor;
    return true;
  }
  bool key(string_t& k) override {
    if (!keys_.back().insert(k).second) return wrong(fmt::format("key \"{}\" occurs twice", k));
    if (at_ == At::tensor && k != "dtype" && k != "shape" && k != "data_offsets")
      return wrong(fmt::format("tensor \"{}\" has the unknown key \"{}\"", out_.entries.back().name, k));
    key_ = k;
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    return wrong(fmt::format("header is not valid JSON at its byte {}", position));
  }

 private:
  enum class At { start, top, metadata, tensor, list, end };

  bool wrong(std::string text) {
    problem_ = std::move(text);
    return false;
  }
  bool unexpected(const std::string& what) {
    switch (at_) {
      case At::metadata:
        return wrong(fmt::format("__metadata__ \"{}\" is {}, expected a string", key_, what));
      case At::tensor:
      case At::list:
        return wrong(fmt::format("tensor \"{}\": {} is {}, expected {}", out_.entries.back().name, key_, what,
                                 key_ == "dtype" ? "a string" : "a list of integers >= 0"));
      case At::top:
        return wrong(fmt::format("key \"{}\" is {}, expected an object", key_, what));
      default:
        return wrong(fmt::format("header is {}, expected an object", what));
    }
  }

  Header& out_;
  std::string key_, problem_;
  std::vector<std::set<std::string>> keys_;  // of every open object
  std::vector<std::uint64_t>* list_ = nullptr;
  At at_ = At::start;
};

struct Span {
  std::uint64_t begin, end;
  const Entry* entry;
};

// Checks one entry by itself; `problem` describes what is wrong with it.
std::optional<Span> checked(const Entry& e, std::string& problem) {
  for (const auto& [there, what] : {std::pair{e.dtype.has_value(), "dtype"}, std::pair{e.shape.has_value(), "shape"},
                                    std::pair{e.offsets.has_value(), "data_offsets"}})
    if (!there) return problem = fmt::format("tensor \"{}\" has no {}", e.name, what), std::nullopt;
  const auto* type = std::find_if(std::begin(kDTypes), std::end(kDTypes), [&](auto& d) { return d.name == *e.dtype; });
  if (type == std::end(kDTypes)) {
    problem = fmt::format("tensor \"{}\" has dtype {}, expected F32, F64, I32, I64 or U8", e.name, *e.dtype);
    return std::nullopt;
  }
  const auto n = elements(*e.shape);
  if (!n || *n > kMost / type->bytes)
    return problem = fmt::format("tensor \"{}\": the product of its shape overflows", e.name), std::nullopt;
  if (e.offsets->size() != 2 || (*e.offsets)[0] > (*e.offsets)[1]) {
    problem = fmt::format("tensor \"{}\": data_offsets are not [begin, end]", e.name);
    return std::nullopt;
  }
  const Span s{(*e.offsets)[0], (*e.offsets)[1], &e};
  if (s.end - s.begin != *n * type->bytes) {
    problem = fmt::format("tensor \"{}\" has {}, its dtype and shape need {}", e.name, bytes_text(s.end - s.begin),
                          *n * type->bytes);
    return std::nullopt;
  }
  return s;
}

// Returns the tensors in file order, if they tile `buffer` bytes.
std::vector<Span> tiles(const Header& header, std::uint64_t buffer, std::string& problem) {
  std::vector<Span> spans;
  for (const Entry& e : header.entries) {
    const auto s = checked(e, problem);
    if (!s) return {};
    spans.push_back(*s);
  }
  std::sort(spans.begin(), spans.end(), [](const Span& a, const Span& b) {
    return std::pair{a.begin, a.end} < std::pair{b.begin, b.end};
  });
  std::uint64_t at = 0;
  for (const Span& s : spans) {
    if (s.begin != at) {
      problem = fmt::format("tensor \"{}\" begins at byte {} of the buffer, expected {} ({})", s.entry->name, s.begin,
                            at, s.begin > at ? "a hole" : "an overlap");
      return {};
    }
    at = s.end;
  }
  if (at != buffer)
    problem = fmt::format("the tensors fill {}, the file has {} after its header", bytes_text(at), buffer);
  return spans;
}

template <class T>
std::string bytes_of(std::span<const T> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

template <class T, class From = T>
std::vector<T> values_of(const Tensor& t) {
  std::vector<From> raw(t.bytes.size() / sizeof(From));
  if (!raw.empty()) std::memcpy(raw.data(), t.bytes.data(), raw.size() * sizeof(From));
  if constexpr (std::is_same_v<T, From>)
    return raw;
  else
    return {raw.begin(), raw.end()};
}

template <class T>
Tensor make(DType dtype, std::vector<Index> shape, std::span<const T> values) {
  Tensor t{dtype, std::move(shape), bytes_of(values)};
  if (t.size() != static_cast<Index>(values.size()))
    fail(Fault::internal, fmt::format("tensor: its shape has {} elements, {} values given", t.size(), values.size()));
  return t;
}

[[noreturn]] void wrong_dtype(DType is, const char* expected) {
  fail(Fault::data, fmt::format("tensor: dtype is {}, expected {}", info(is).name, expected));
}

std::string quoted(const std::string& text) {
  try {
    return nlohmann::json(text).dump();
  } catch (const nlohmann::json::exception&) { fail(Fault::internal, "safetensors: a name or metadata is not UTF-8"); }
}

}  // namespace

Index Tensor::size() const {
  Index n = 1;
  for (const Index d : shape) n *= d;
  return n;
}
Tensor Tensor::f32(std::vector<Index> shape, std::span<const float> values) {
  return make(DType::f32, std::move(shape), values);
}
Tensor Tensor::f64(std::vector<Index> shape, std::span<const double> values) {
  return make(DType::f64, std::move(shape), values);
}
Tensor Tensor::i64(std::vector<Index> shape, std::span<const std::int64_t> values) {
  return make(DType::i64, std::move(shape), values);
}
std::vector<float> Tensor::as_f32() const {
  if (dtype != DType::f32) wrong_dtype(dtype, "F32");
  return values_of<float>(*this);
}
std::vector<double> Tensor::as_f64() const {
  if (dtype == DType::f32) return values_of<double, float>(*this);
  if (dtype != DType::f64) wrong_dtype(dtype, "F32 or F64");
  return values_of<double>(*this);
}
std::vector<std::int64_t> Tensor::as_i64() const {
  if (dtype == DType::i32) return values_of<std::int64_t, std::int32_t>(*this);
  if (dtype != DType::i64) wrong_dtype(dtype, "I32 or I64");
  return values_of<std::int64_t>(*this);
}

const Tensor& TensorFile::at(const std::string& name, const std::string& origin) const {
  const auto it = tensors.find(name);
  if (it == tensors.end()) fail(Fault::data, fmt::format("{}: has no tensor \"{}\"", origin, name));
  return it->second;
}

std::string encode_safetensors(const TensorFile& file) {
  std::vector<std::pair<const std::string, Tensor> const*> order;
  order.reserve(file.tensors.size());
  for (const auto& item : file.tensors) order.push_back(&item);
  std::stable_sort(order.begin(), order.end(),
                   [](auto* a, auto* b) { return info(a->second.dtype).bytes > info(b->second.dtype).bytes; });

  std::string header, buffer;
  if (!file.metadata.empty()) {
    for (const auto& [key, value] : file.metadata)
      header += fmt::format("{}{}:{}", header.empty() ? "" : ",", quoted(key), quoted(value));
    header = "\"__metadata__\":{" + header + "}";
  }
  for (const auto* item : order) {
    const auto& [name, t] = *item;
    if (name == "__metadata__" || t.bytes.size() != static_cast<std::size_t>(t.size()) * info(t.dtype).bytes)
      fail(Fault::internal, fmt::format("safetensors: tensor \"{}\" is not consistent", name));
    std::string shape;
    for (const Index d : t.shape) shape += fmt::format("{}{}", shape.empty() ? "" : ",", d);
    header +=
        fmt::format("{}{}:{{\"dtype\":\"{}\",\"shape\":[{}],\"data_offsets\":[{},{}]}}", header.empty() ? "" : ",",
                    quoted(name), info(t.dtype).name, shape, buffer.size(), buffer.size() + t.bytes.size());
    buffer += t.bytes;
  }
  header = "{" + header + "}";
  header.resize((header.size() + 7) / 8 * 8, ' ');  // so that the buffer begins at a multiple of 8
  const std::uint64_t length = header.size();
  if (length > kHeaderLimit) fail(Fault::internal, "safetensors: the header is over 100 MB");
  return bytes_of(std::span(&length, 1)) + header + buffer;
}

TensorFile decode_safetensors(std::string_view bytes, const std::string& origin) {
  const auto refuse = [&](const std::string& why) {
    fail(Fault::data, fmt::format("{}: {}; the safetensors file is damaged", origin, why));
  };
  refuse_git_lfs_pointer(bytes, origin);
  std::uint64_t length = 0;
  if (bytes.size() < sizeof length) refuse(fmt::format("has {}, a header needs at least 8", bytes_text(bytes.size())));
  std::memcpy(&length, bytes.data(), sizeof length);
  bytes.remove_prefix(sizeof length);
  if (length > kHeaderLimit) refuse(fmt::format("header length is {}, the limit is {} bytes", length, kHeaderLimit));
  if (length > bytes.size())
    refuse(fmt::format("header length is {}, but it is followed by only {}", length, bytes_text(bytes.size())));

  const std::string_view text = bytes.substr(0, length), buffer = bytes.substr(length);
  if (!text.starts_with('{')) refuse("header does not begin with {");
  if (text.find('\0') != std::string_view::npos) refuse("header holds a zero byte");  // the parser would stop there
  Header header;
  HeaderReader reader(header);
  if (!nlohmann::json::sax_parse(text, &reader)) refuse(reader.problem());
  std::string problem;
  const std::vector<Span> spans = tiles(header, buffer.size(), problem);
  if (!problem.empty()) refuse(problem);

  TensorFile file;
  file.metadata = std::move(header.metadata);
  for (const Span& s : spans) {
    Tensor& t = file.tensors[s.entry->name];
    t.dtype =
        std::find_if(std::begin(kDTypes), std::end(kDTypes), [&](auto& d) { return d.name == *s.entry->dtype; })->dtype;
    t.shape.assign(s.entry->shape->begin(), s.entry->shape->end());
    t.bytes = buffer.substr(s.begin, s.end - s.begin);
  }
  return file;
}

}  // namespace cutract
