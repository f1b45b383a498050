// How a radius is shared out, how tables are built, how rows become planes: the same for every processor.
#include <array>
#include <bit>
#include <cstring>

#include "kernels.hpp"

static_assert(std::endian::native == std::endian::little, "chunks and files are little-endian");

namespace takeback {

void Hits::add(std::uint32_t query, std::uint32_t row, std::uint32_t distance) {
    found.push_back(Hit{query, row, distance});
}

// Thresholds with sum(reach + 1) = radius + 1, as even as can be: probes grow with the binomial of the largest.
// The larger ones are spread out, because a table is the dearer the larger its own, and lets less through the
// smaller the next one is.
Plan plan_for(int radius) {
    Plan plan{};
    plan.radius = radius;
    for (int chunk = 0; chunk < kChunks; ++chunk) {
        plan.reach[chunk] = (chunk + 1) * (radius + 1) / kChunks - chunk * (radius + 1) / kChunks - 1;
    }
    for (int chunk = 0; chunk < kChunks; ++chunk) {
        plan.pair[chunk] = plan.reach[chunk] + plan.reach[(chunk + 1) % kChunks] + 1;
        plan.prefix[chunk] = plan.pair[chunk] + plan.reach[(chunk + 2) % kChunks] + 1;
    }
    return plan;
}

const std::vector<std::uint16_t> &masks_up_to(int reach) {
    static const std::array<std::vector<std::uint16_t>, 6> masks = [] {
        std::array<std::vector<std::uint16_t>, 6> made;
        for (int bits = 0; bits < 5; ++bits) {
            auto &those = made[static_cast<std::size_t>(bits) + 1];
            for (unsigned mask = 0; mask < kBuckets; ++mask) {
                if (std::popcount(mask) <= bits) those.push_back(static_cast<std::uint16_t>(mask));
            }
        }
        return made;
    }();
    return masks[static_cast<std::size_t>(reach + 1)];
}

double probes_of(const Plan &plan) {
    std::size_t probes = 0;
    for (const int reach : plan.reach) probes += masks_up_to(reach).size();
    return static_cast<double>(probes);
}

namespace {

std::uint16_t chunk_at(const std::uint8_t *hash, int chunk) {
    std::uint16_t value;
    std::memcpy(&value, hash + 2 * (chunk % kChunks), 2);
    return value;
}

// Rows and columns of an 8 x 8 square of bits change places (Warren, Hacker's Delight, 7-3).
std::uint64_t turned(std::uint64_t x) {
    std::uint64_t t = (x ^ (x >> 7)) & 0x00aa00aa00aa00aaU;
    x ^= t ^ (t << 7);
    t = (x ^ (x >> 14)) & 0x0000cccc0000ccccU;
    x ^= t ^ (t << 14);
    t = (x ^ (x >> 28)) & 0x00000000f0f0f0f0U;
    return x ^ t ^ (t << 28);
}

// A matrix of bits [height][width], both in bytes of eight, becomes [width][height].
void turn(const std::uint8_t *from, int height, int width, std::uint8_t *to) {
    const auto in = static_cast<std::size_t>(width) / 8, out = static_cast<std::size_t>(height) / 8;
    for (std::size_t row = 0; row < out; ++row) {
        for (std::size_t column = 0; column < in; ++column) {
            std::uint64_t square = 0;
            for (std::size_t i = 0; i < 8; ++i) {
                square |= std::uint64_t{from[(row * 8 + i) * in + column]} << (8 * i);
            }
            square = turned(square);
            for (std::size_t i = 0; i < 8; ++i) {
                to[(column * 8 + i) * out + row] = static_cast<std::uint8_t>(square >> (8 * i));
            }
        }
    }
}

}  // namespace

void build_tables(const std::uint8_t *rows, std::size_t count, std::uint32_t *offsets, std::uint16_t *sketches,
                  std::uint32_t *numbers) {
    std::vector<std::uint32_t> next(kBuckets);
    for (int table = 0; table < kChunks; ++table) {
        std::uint32_t *starts = offsets + static_cast<std::size_t>(table) * kOffsets;
        std::memset(starts, 0, kOffsets * sizeof *starts);
        for (std::size_t row = 0; row < count; ++row) ++starts[chunk_at(rows + row * kHashBytes, table) + 1];
        for (int bucket = 0; bucket < kBuckets; ++bucket) starts[bucket + 1] += starts[bucket];
        std::memcpy(next.data(), starts, kBuckets * sizeof *starts);
        std::uint32_t *number = numbers + static_cast<std::size_t>(table) * count;
        std::uint16_t *sketch = sketches + static_cast<std::size_t>(table) * 2 * count;
        for (std::size_t row = 0; row < count; ++row) {
            const std::uint8_t *hash = rows + row * kHashBytes;
            const std::uint16_t bucket = chunk_at(hash, table);
            const std::uint32_t begin = starts[bucket], length = starts[bucket + 1] - begin;
            const std::size_t at = next[bucket]++, near = at + begin;
            sketch[near] = chunk_at(hash, table + 1);
            sketch[near + length] = chunk_at(hash, table + 2);
            number[at] = static_cast<std::uint32_t>(row);
        }
    }
    std::memset(sketches + 2 * kChunks * count, 0, kSketchPadding * sizeof *sketches);
}

bool offsets_hold(const std::uint32_t *offsets, std::size_t count) {
    for (int table = 0; table < kChunks; ++table) {
        const std::uint32_t *starts = offsets + static_cast<std::size_t>(table) * kOffsets;
        if (starts[0] != 0 || starts[kBuckets] != count) return false;
        std::uint32_t falls = 0;
        for (int bucket = 0; bucket < kBuckets; ++bucket) falls |= starts[bucket + 1] < starts[bucket];
        if (falls != 0) return false;
    }
    return true;
}

void to_planes(const std::uint8_t *rows, std::size_t blocks, std::uint8_t *planes) {
    for (std::size_t block = 0; block < blocks; ++block) {
        turn(rows + block * kBlockBytes, kBlockRows, kHashBits, planes + block * kBlockBytes);
    }
}

void to_rows(const std::uint8_t *planes, std::size_t blocks, std::uint8_t *rows) {
    for (std::size_t block = 0; block < blocks; ++block) {
        turn(planes + block * kBlockBytes, kHashBits, kBlockRows, rows + block * kBlockBytes);
    }
}

}  // namespace takeback
