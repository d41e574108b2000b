#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "host/io/atomic_file.h"

namespace cutract {

// One point of one TensorBoard curve. Tags with a slash share a folded group: "loss/train", "loss/val".
struct Scalar {
  std::string tag;
  double value = 0;  // TensorBoard keeps float32
};

// Scalars for TensorBoard: FOLDER/events.out.tfevents.SECONDS.HOST, with records framed as TFRecord, created at the
// first add(). Every process writes its own file; TensorBoard joins the files of a folder in the order of their names,
// which is that of time. A failure never reaches the caller: it is warned about once and nothing more is written.
class EventFile {
 public:
  // first_step: the first step that this process will add. TensorBoard discards this step and later ones in earlier
  // files, which were written by a process that ended before its checkpoint.
  EventFile(FileSystem&, std::string folder, std::int64_t first_step);
  ~EventFile();
  EventFile(const EventFile&) = delete;
  EventFile& operator=(const EventFile&) = delete;

  void add(std::int64_t step, std::span<const Scalar>);

 private:
  void open();
  void append(std::string_view bytes);

  FileSystem& fs_;
  std::string folder_, path_;
  std::int64_t first_step_;
  int fd_ = -1;
  bool failed_ = false;
};

// CRC-32C (Castagnoli, RFC 3720 B.4).
std::uint32_t crc32c(std::string_view bytes);

// Frames a record as TFRecord does: length u64, masked CRC-32C of these 8 bytes, data, masked CRC-32C of the data, all
// little-endian.
std::string tf_record(std::string_view data);

}  // namespace cutract
