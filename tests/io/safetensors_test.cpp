#include "host/io/safetensors.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>

#include "host/core/error.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

using test::TempFolder;

std::string length_of(std::uint64_t n) {
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &n, 8);
  return bytes;
}
// A file with this header and this many bytes after it.
std::string file_of(const std::string& header, std::size_t buffer = 0) {
  return length_of(header.size()) + header + std::string(buffer, '\1');
}

TensorFile example() {
  TensorFile f;
  f.metadata = {{"format", "pt"}, {"quote \" and \n", "\xC3\xA4 \\"}};
  f.tensors["w"] = Tensor::f32({2, 3}, std::vector<float>{1, -2, 3.5f, std::nanf(""), INFINITY, 1e-40f});
  f.tensors["a"] = Tensor::f64({1}, std::vector<double>{0.1});
  f.tensors["n"] = Tensor::i64({2}, std::vector<std::int64_t>{-5, std::numeric_limits<std::int64_t>::max()});
  f.tensors["empty"] = Tensor::f32({0, 7}, std::vector<float>{});
  f.tensors["scalar"] = Tensor::f32({}, std::vector<float>{4});
  f.tensors["bytes"] = {DType::u8, {3}, "abc"};
  f.tensors["ints"] = {DType::i32, {1}, std::string("\xFF\xFF\xFF\xFF", 4)};
  return f;
}

TEST(Safetensors, RoundTrip) {
  const TensorFile in = example();
  const std::string bytes = encode_safetensors(in);
  const TensorFile out = decode_safetensors(bytes, "x");
  EXPECT_EQ(out.metadata, in.metadata);
  ASSERT_EQ(out.tensors.size(), in.tensors.size());
  for (const auto& [name, t] : in.tensors) {
    EXPECT_EQ(out.at(name, "x").dtype, t.dtype) << name;
    EXPECT_EQ(out.at(name, "x").shape, t.shape) << name;
    EXPECT_EQ(out.at(name, "x").bytes, t.bytes) << name;
  }
  EXPECT_EQ(encode_safetensors(out), bytes);
  EXPECT_EQ(out.at("ints", "x").as_i64(), std::vector<std::int64_t>{-1});
  EXPECT_EQ(out.at("n", "x").as_i64()[1], std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(out.at("a", "x").as_f64(), std::vector<double>{0.1});
  EXPECT_EQ(out.at("scalar", "x").as_f64(), std::vector<double>{4});
}

// The layout itself, compared with a file written by hand.
TEST(Safetensors, Layout) {
  TensorFile f;
  f.metadata["k"] = "v";
  f.tensors["b"] = Tensor::f32({1}, std::vector<float>{1});
  f.tensors["a"] = Tensor::f32({1, 1}, std::vector<float>{2});
  f.tensors["z"] = Tensor::f64({1}, std::vector<double>{3});
  std::string header =
      R"({"__metadata__":{"k":"v"},"z":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},)"
      R"("a":{"dtype":"F32","shape":[1,1],"data_offsets":[8,12]},"b":{"dtype":"F32","shape":[1],"data_offsets":[12,16]}})";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  const std::string buffer("\0\0\0\0\0\0\x08\x40\0\0\0\x40\0\0\x80\x3F", 16);
  EXPECT_EQ(encode_safetensors(f), length_of(header.size()) + header + buffer);
}

TEST(Safetensors, WritesFilesThatAreAligned) {
  for (int n = 0; n < 16; ++n) {
    TensorFile f;
    f.tensors[std::string(static_cast<std::size_t>(n) + 1, 'n')] = Tensor::f32({1}, std::vector<float>{1});
    const std::string bytes = encode_safetensors(f);
    EXPECT_EQ((bytes.size() - 4) % 8, 0u) << n;
  }
  EXPECT_EQ(encode_safetensors({}), length_of(8) + "{}      ");
}

// The fixtures were written by another program.
TEST(Safetensors, ReadsTheGoldens) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(test::source_file("tests/golden"))) {
    if (entry.path().extension() != ".safetensors") continue;
    EXPECT_FALSE(test::read_safetensors(entry.path().string()).tensors.empty()) << entry.path();
    ++files;
  }
  EXPECT_GE(files, 5);
}

TEST(Safetensors, MalformedFilesAreRefusedEachForItsOwnReason) {
  const auto tensor = [](const char* fields) { return std::string("{\"t\":{") + fields + "}}"; };
  const struct {
    std::string bytes, why;
  } cases[] = {
      {"", "has 0 bytes, a header needs at least 8"},
      {std::string(7, '\0'), "has 7 bytes, a header needs at least 8"},
      {length_of(0), "header does not begin with {"},
      {length_of(100'000'001) + "{}", "header length is 100000001, the limit is 100000000 bytes"},
      {length_of(~std::uint64_t{0}) + "{}", "header length is 18446744073709551615, the limit is 100000000 bytes"},
      {length_of(3) + "{}", "header length is 3, but it is followed by only 2 bytes"},
      {file_of(" {}"), "header does not begin with {"},
      {file_of("[]"), "header does not begin with {"},
      {file_of("{"), "header is not valid JSON at its byte 2"},
      {file_of("{}{}"), "header is not valid JSON at its byte 3"},
      {file_of(std::string("{}\0", 3)), "header holds a zero byte"},
      {file_of("{\"a\":{}"), "header is not valid JSON at its byte 8"},
      {file_of("{\"\xFF\":{}}"), "header is not valid JSON at its byte 3"},
      {file_of("{'a':1}"), "header is not valid JSON at its byte 2"},
      {file_of("{\"a\":NaN}"), "header is not valid JSON at its byte 6"},
      {file_of("{\"a\":1}"), "key \"a\" is the number 1, expected an object"},
      {file_of("{\"a\":null}"), "key \"a\" is null, expected an object"},
      {file_of("{\"a\":[]}"), "key \"a\" is a list, expected an object"},
      {file_of("{\"a\":\"b\"}"), "key \"a\" is a string, expected an object"},
      {file_of("{\"a\":true}"), "key \"a\" is true or false, expected an object"},
      {file_of(R"({"__metadata__":1})"), "key \"__metadata__\" is the number 1, expected an object"},
      {file_of(R"({"__metadata__":{"k":1}})"), "__metadata__ \"k\" is the number 1, expected a string"},
      {file_of(R"({"__metadata__":{"k":null}})"), "__metadata__ \"k\" is null, expected a string"},
      {file_of(R"({"__metadata__":{"k":{}}})"), "__metadata__ \"k\" is an object, expected a string"},
      {file_of(R"({"__metadata__":{"k":["v"]}})"), "__metadata__ \"k\" is a list, expected a string"},
      {file_of(R"({"__metadata__":{"k":"1","k":"2"}})"), "key \"k\" occurs twice"},
      {file_of(R"({"__metadata__":{},"__metadata__":{}})"), "key \"__metadata__\" occurs twice"},
      {file_of(tensor("")), "tensor \"t\" has no dtype"},
      {file_of(tensor(R"("dtype":"F32")")), "tensor \"t\" has no shape"},
      {file_of(tensor(R"("dtype":"F32","shape":[])")), "tensor \"t\" has no data_offsets"},
      {file_of(tensor(R"("dtype":"F16","shape":[1],"data_offsets":[0,2])"), 2),
       "tensor \"t\" has dtype F16, expected F32, F64, I32, I64 or U8"},
      {file_of(tensor(R"("dtype":"f32","shape":[1],"data_offsets":[0,4])"), 4),
       "tensor \"t\" has dtype f32, expected F32, F64, I32, I64 or U8"},
      {file_of(tensor(R"("dtype":4,"shape":[1],"data_offsets":[0,4])"), 4),
       "tensor \"t\": dtype is the number 4, expected a string"},
      {file_of(tensor(R"("dtype":["F32"],"shape":[1],"data_offsets":[0,4])"), 4),
       "tensor \"t\": dtype is a list, expected a string"},
      {file_of(tensor(R"("dtype":"F32","shape":[-1],"data_offsets":[0,4])"), 4),
       "tensor \"t\": shape is the negative number -1, expected a list of integers >= 0"},
      {file_of(tensor(R"("dtype":"F32","shape":[1.0],"data_offsets":[0,4])"), 4),
       "tensor \"t\": shape is the number 1.0, expected a list of integers >= 0"},
      {file_of(tensor(R"("dtype":"F32","shape":[1e0],"data_offsets":[0,4])"), 4),
       "tensor \"t\": shape is the number 1e0, expected a list of integers >= 0"},
      {file_of(tensor(R"("dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,4])"), 4),
       "tensor \"t\": shape is the number 18446744073709551616, expected a list of integers >= 0"},
      {file_of(tensor(R"("dtype":"F32","shape":[[1]],"data_offsets":[0,4])"), 4),
       "tensor \"t\": shape is a list, expected a list of integers >= 0"},
      {file_of(tensor(R"("dtype":"F32","shape":"1","data_offsets":[0,4])"), 4),
       "tensor \"t\": shape is a string, expected a list of integers >= 0"},
      {file_of(tensor(R"("dtype":"F32","shape":{"a":1},"data_offsets":[0,4])"), 4),
       "tensor \"t\": shape is an object, expected a list of integers >= 0"},
      {file_of(tensor(R"("dtype":"F32","shape":[1],"data_offsets":[0,-4])"), 4),
       "tensor \"t\": data_offsets is the negative number -4, expected a list of integers >= 0"},
      {file_of(tensor(R"("dtype":"F32","shape":[1],"data_offsets":[4])"), 4),
       "tensor \"t\": data_offsets are not [begin, end]"},
      {file_of(tensor(R"("dtype":"F32","shape":[1],"data_offsets":[0,2,4])"), 4),
       "tensor \"t\": data_offsets are not [begin, end]"},
      {file_of(tensor(R"("dtype":"F32","shape":[1],"data_offsets":[4,0])"), 4),
       "tensor \"t\": data_offsets are not [begin, end]"},
      {file_of(tensor(R"("dtype":"F32","shape":[2],"data_offsets":[0,4])"), 4),
       "tensor \"t\" has 4 bytes, its dtype and shape need 8"},
      {file_of(tensor(R"("dtype":"F64","shape":[],"data_offsets":[0,4])"), 4),
       "tensor \"t\" has 4 bytes, its dtype and shape need 8"},
      {file_of(tensor(R"("dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0])")),
       "tensor \"t\": the product of its shape overflows"},
      {file_of(tensor(R"("dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,0])")),
       "tensor \"t\": the product of its shape overflows"},
      {file_of(tensor(R"("dtype":"F32","shape":[1],"data_offsets":[0,4],"dtype":"F32")"), 4),
       "key \"dtype\" occurs twice"},
      {file_of(tensor(R"("dtype":"F32","shape":[1],"data_offsets":[0,4],"device":"cpu")"), 4),
       "tensor \"t\" has the unknown key \"device\""},
      {file_of(tensor(R"("dtype":"F32","shape":[1],"data_offsets":[4,8])"), 8),
       "tensor \"t\" begins at byte 4 of the buffer, expected 0 (a hole)"},
      {file_of(
           R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[5,9]}})",
           9),
       "tensor \"b\" begins at byte 5 of the buffer, expected 4 (a hole)"},
      {file_of(
           R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[3,7]}})",
           7),
       "tensor \"b\" begins at byte 3 of the buffer, expected 4 (an overlap)"},
      {file_of(
           R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
           2),
       "key \"a\" occurs twice"},
      {file_of(tensor(R"("dtype":"F32","shape":[1],"data_offsets":[0,4])"), 5),
       "the tensors fill 4 bytes, the file has 5 after its header"},
      {file_of(tensor(R"("dtype":"F32","shape":[1],"data_offsets":[0,4])"), 3),
       "the tensors fill 4 bytes, the file has 3 after its header"},
      {file_of("{}", 1), "the tensors fill 0 bytes, the file has 1 after its header"},
      {file_of(R"({"__metadata__":)" + std::string(100000, '[')), "key \"__metadata__\" is a list, expected an object"},
  };
  for (const auto& c : cases) {
    const Error e = test::thrown_by([&] { decode_safetensors(c.bytes, "m.safetensors"); });
    EXPECT_EQ(e.fault(), Fault::data);
    EXPECT_EQ(std::string(e.what()), "m.safetensors: " + c.why + "; the safetensors file is damaged");
  }
  EXPECT_GE(std::size(cases), 40u);
}

// Every truncated or changed file is refused, or read as tensors that can be written and read again.
TEST(Safetensors, DamageNeverConfuses) {
  const std::string good = encode_safetensors(example());
  for (std::size_t n = 0; n < good.size(); ++n)
    EXPECT_EQ(test::thrown_by([&] { decode_safetensors(good.substr(0, n), "x"); }).fault(), Fault::data) << n;
  for (std::size_t i = 0; i < good.size(); ++i)
    for (const int bit : {0, 1, 5, 7}) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ (1 << bit));
      try {
        const TensorFile f = decode_safetensors(bad, "x");
        EXPECT_EQ(decode_safetensors(encode_safetensors(f), "x").tensors.size(), f.tensors.size());
      } catch (const Error& e) { EXPECT_EQ(e.fault(), Fault::data) << e.what(); }
    }
}

TEST(Safetensors, WrongUseIsNamed) {
  const TensorFile f = example();
  EXPECT_FAULT(f.at("nothing", "model.safetensors"), Fault::data, "model.safetensors: has no tensor \"nothing\"");
  EXPECT_FAULT(f.at("a", "x").as_f32(), Fault::data, "dtype is F64, expected F32");
  EXPECT_FAULT(f.at("n", "x").as_f64(), Fault::data, "dtype is I64, expected F32 or F64");
  EXPECT_FAULT(f.at("w", "x").as_i64(), Fault::data, "dtype is F32, expected I32 or I64");
  EXPECT_FAULT(Tensor::f32({2}, std::vector<float>{1}), Fault::internal, "its shape has 2 elements, 1 values given");
  TensorFile bad;
  bad.tensors["t"] = {DType::f32, {2}, "1234"};
  EXPECT_FAULT(encode_safetensors(bad), Fault::internal, "tensor \"t\" is not consistent");
  bad.tensors = {{"\xFF", Tensor::f32({0}, std::vector<float>{})}};
  EXPECT_FAULT(encode_safetensors(bad), Fault::internal, "not UTF-8");
}

}  // namespace
}  // namespace cutract
