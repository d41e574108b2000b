#pragma once

#include <cstdint>

#include "kernels/simt/grid.h"

// Matrix instructions of a warp (PTX ISA, "Warp-level matrix instructions"). All 32 lanes take part. With g = lane / 4
// and t = lane % 4, a lane's elements of the fragments are:
//   8x8 of 16 bits (one word):  row g, columns 2t and 2t + 1
//   D, C (4 floats):            rows g, g, g + 8, g + 8; columns 2t, 2t + 1, 2t, 2t + 1
//   A 16 x 16 (4 words):        8x8 blocks (0,0), (8,0), (0,8), (8,8);  A 16 x 8 (2 words): (0,0), (8,0)
//   B 16 x 8 (2 words):         column g, rows 2t, 2t + 1, and + 8;     B 8 x 8 (1 word): the first of those
//   A 16 x 8 tf32 (4 words):    (g, t), (g + 8, t), (g, t + 4), (g + 8, t + 4);  B 8 x 8 tf32: rows t, t + 4 of column
//   g
namespace cutract::simt {

using Word = std::uint32_t;

// ldmatrix: loads 8x8 blocks of 16-bit elements from shared memory. Lane 8 m + r gives the address of row r of block m
// (16 bytes, aligned); the addresses of other lanes are not read. `transposed` loads the transpose of each block.
void load_matrix(Word& out, const void* row, bool transposed = false, Where = Where::here());
void load_matrix(Word (&out)[2], const void* row, bool transposed = false, Where = Where::here());
void load_matrix(Word (&out)[4], const void* row, bool transposed = false, Where = Where::here());
// The transpose of an 8x8 block of 16-bit elements (movmatrix).
Word transpose_matrix(Word, Where = Where::here());

// d += a b, with exact products and sums in float. The emulator sums over k in order; the order on hardware is not
// documented.
void mma_bf16(float (&d)[4], const Word (&a)[4], const Word (&b)[2], Where = Where::here());  // m16n8k16
void mma_bf16(float (&d)[4], const Word (&a)[2], const Word& b, Where = Where::here());       // m16n8k8
void mma_half(float (&d)[4], const Word (&a)[4], const Word (&b)[2], Where = Where::here());  // m16n8k16
void mma_half(float (&d)[4], const Word (&a)[2], const Word& b, Where = Where::here());       // m16n8k8
void mma_tf32(float (&d)[4], const Word (&a)[4], const Word (&b)[2], Where = Where::here());  // m16n8k8

}  // namespace cutract::simt
