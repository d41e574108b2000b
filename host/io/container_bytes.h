#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// Parts of the walk over audio containers, one function for each family. All of them throw Error{data} naming `origin`.
namespace cutract::container {

[[noreturn]] void refuse(const std::string& origin, const std::string& why);

// Returns the unsigned integer of `count` bytes (at most 8) at `at`; the bytes must exist.
std::uint64_t integer(std::string_view bytes, std::size_t at, std::size_t count, bool big_endian);

// The first removes ID3v2 at the start, the second ID3v1 and APE at the end.
std::string_view without_tags_in_front(std::string_view bytes);
std::string_view without_tags_behind(std::string_view bytes);

void check_wav(std::string_view bytes, const std::string& origin);  // RIFF, RIFX, RF64
void check_w64(std::string_view bytes, const std::string& origin);
std::int64_t check_aiff(std::string_view bytes, const std::string& origin);  // frames announced
void check_au(std::string_view bytes, const std::string& origin);
void check_ogg(std::string_view bytes, const std::string& origin);
std::int64_t check_flac(std::string_view bytes, const std::string& origin);    // frames announced, or -1
std::int64_t check_sphere(std::string_view bytes, const std::string& origin);  // frames announced, or -1
bool is_mp3(std::string_view bytes);
void check_mp3(std::string_view bytes, const std::string& origin);

}  // namespace cutract::container
