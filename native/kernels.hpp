// What each instruction set brings: the same three searches, chosen once when the module is loaded.
//
// Everything here works on memory that the caller owns and has measured. Nothing is opened, logged or decided.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace takeback {

constexpr int kHashBytes = 32;
constexpr int kHashBits = 256;
constexpr int kMaxRadius = 64;

// A hash is 16 chunks of 16 bits, and each chunk has its table.
constexpr int kChunks = 16;
constexpr int kBuckets = 1 << 16;
constexpr int kOffsets = kBuckets + 1;
// Sketches are read a vector at a time, so that many lie behind the last one.
constexpr int kSketchPadding = 32;

// Rows laid down bit by bit: plane j holds bit j of 512 rows, one cache line long.
constexpr int kBlockRows = 512;
constexpr int kPlaneBytes = kBlockRows / 8;
constexpr std::size_t kBlockBytes = std::size_t{kHashBits} * kPlaneBytes;

struct Hit {
    std::uint32_t query;
    std::uint32_t row;
    std::uint32_t distance;
};

// Grows in one translation unit only, so that no code compiled for a newer processor is shared with the others.
struct Hits {
    std::vector<Hit> found;
    void add(std::uint32_t query, std::uint32_t row, std::uint32_t distance);
};

// How a radius is shared out among the chunks; see tables.cpp.
struct Plan {
    int radius;
    int reach[kChunks];   // bits that chunk j may differ in where its table is asked; -1: is not asked
    int pair[kChunks];    // bits that chunks j and j+1 may differ in together
    int prefix[kChunks];  // bits that chunks j, j+1 and j+2 may differ in together
};

struct Tables {
    const std::uint8_t *rows;       // [n][32]
    const std::uint32_t *offsets;   // [16][65537]
    const std::uint16_t *sketches;  // [16][2 * n] and padding: of each bucket the chunks j+1, then the chunks j+2
    const std::uint32_t *numbers;   // [16 * n]
    std::size_t count;
};

struct Kernels {
    const char *name;
    // Each query has its radius.
    void (*scan_rows)(const std::uint8_t *rows, std::size_t count, const std::uint8_t *queries,
                      const std::uint8_t *radii, std::size_t asked, Hits &hits);
    void (*scan_blocks)(const std::uint8_t *planes, std::size_t blocks, const std::uint8_t *queries,
                        const std::uint8_t *radii, std::size_t asked, Hits &hits);
    // False: a table names a row that does not exist.
    bool (*probe)(const Tables &tables, const Plan &plan, const std::uint8_t *queries, std::size_t asked,
                  Hits &hits);
};

extern const Kernels kPortable;
extern const Kernels kAvx2;
extern const Kernels kAvx512;

Plan plan_for(int radius);
double probes_of(const Plan &plan);
void build_tables(const std::uint8_t *rows, std::size_t count, std::uint32_t *offsets, std::uint16_t *sketches,
                  std::uint32_t *numbers);
bool offsets_hold(const std::uint32_t *offsets, std::size_t count);
// Which masks of 16 bits have at most `reach` bits, by rising value: buckets that lie together are asked together.
const std::vector<std::uint16_t> &masks_up_to(int reach);

void to_planes(const std::uint8_t *rows, std::size_t blocks, std::uint8_t *planes);
void to_rows(const std::uint8_t *planes, std::size_t blocks, std::uint8_t *rows);

}  // namespace takeback
