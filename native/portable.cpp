// Plain C++20 with vectors of 16 bytes, which every processor of today has (SSE2, NEON).
#include <cstdlib>
#include <cstring>
#include <new>

#include "kernels.hpp"

namespace takeback {
namespace {

#include "aligned.inc"

using Wide = std::uint64_t __attribute__((vector_size(16)));
using Eight = std::uint16_t __attribute__((vector_size(16)));

inline Wide load(const std::uint8_t *at) {
    Wide value;
    std::memcpy(&value, at, sizeof value);
    return value;
}
inline void store(std::uint8_t *at, Wide value) { std::memcpy(at, &value, sizeof value); }
inline Wide none() { return Wide{0, 0}; }
inline Wide all() { return ~none(); }
inline Wide inverse(Wide a) { return ~a; }
inline Wide both(Wide a, Wide b) { return a & b; }
inline Wide either(Wide a, Wide b) { return a ^ b; }
inline Wide and_not(Wide a, Wide b) { return a & ~b; }
inline Wide either_or_not(Wide a, Wide b) { return a | ~b; }
inline Wide xor3(Wide a, Wide b, Wide c) { return a ^ b ^ c; }
inline Wide majority(Wide a, Wide b, Wide c) { return (a & b) | ((a ^ b) & c); }
inline bool any(Wide a) { return (a[0] | a[1]) != 0; }

inline int bits_in(std::uint64_t x) {
#if defined(__aarch64__)
    return __builtin_popcountll(x);
#else
    // The baseline of x86-64 has no instruction for it.
    x -= x >> 1 & 0x5555555555555555U;
    x = (x & 0x3333333333333333U) + (x >> 2 & 0x3333333333333333U);
    x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fU;
    return static_cast<int>(x * 0x0101010101010101U >> 56);
#endif
}

struct Sketches {
    static constexpr std::uint32_t kStep = 8;
    Eight near_query, far_query;
    std::uint16_t pair, prefix;
    Sketches(std::uint32_t sketch, int pair_most, int prefix_most)
        : near_query(Eight{} + static_cast<std::uint16_t>(sketch)),
          far_query(Eight{} + static_cast<std::uint16_t>(sketch >> 16)),
          pair(static_cast<std::uint16_t>(pair_most)),
          prefix(static_cast<std::uint16_t>(prefix_most)) {}
    static Eight apart_of(const std::uint16_t *at, Eight query) {
        Eight x;
        std::memcpy(&x, at, sizeof x);
        x ^= query;
        x -= x >> 1 & 0x5555;
        x = (x & 0x3333) + (x >> 2 & 0x3333);
        x = (x + (x >> 4)) & 0x0f0f;
        return (x + (x >> 8)) & 0x1f;
    }
    // One bit for each lane of ones.
    static std::uint32_t bits_of(Eight lanes) {
        lanes &= Eight{1, 2, 4, 8, 16, 32, 64, 128};
        std::uint64_t halves[2];
        std::memcpy(halves, &lanes, sizeof halves);
        return static_cast<std::uint32_t>((halves[0] + halves[1]) * 0x0001000100010001U >> 48);
    }
    std::uint32_t within(const std::uint16_t *near) const {
        return bits_of(reinterpret_cast<Eight>(apart_of(near, near_query) <= pair));
    }
    std::uint32_t within(const std::uint16_t *near, const std::uint16_t *far) const {
        const Eight apart = apart_of(near, near_query);
        const Eight sum = apart + apart_of(far, far_query);
        return bits_of(reinterpret_cast<Eight>((apart <= pair) & (sum <= prefix)));
    }
};

#include "scan.inc"
#include "probe.inc"

}  // namespace

const Kernels kPortable{"portable", scan_rows, scan_blocks, probe};

}  // namespace takeback
