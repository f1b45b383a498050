// Plain C++20 with vectors of 16 bytes, which every processor of today has (SSE2, NEON).
#include <cstdlib>
#include <cstring>
#include <new>

#include "kernels.hpp"

namespace takeback {
namespace {

#include "aligned.inc"

using Wide = std::uint64_t __attribute__((vector_size(16)));
using Four = std::uint32_t __attribute__((vector_size(16)));

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
    static constexpr std::uint32_t kStep = 4;
    Four query;
    std::uint32_t most;
    Sketches(std::uint32_t sketch, int reach)
        : query{sketch, sketch, sketch, sketch}, most(static_cast<std::uint32_t>(reach)) {}
    std::uint32_t near(const std::uint32_t *at) const {
        Four x;
        std::memcpy(&x, at, sizeof x);
        x ^= query;
        x -= x >> 1 & 0x55555555U;
        x = (x & 0x33333333U) + (x >> 2 & 0x33333333U);
        x = (x + (x >> 4)) & 0x0f0f0f0fU;
        x += x >> 8;
        x = (x + (x >> 16)) & 0x3fU;
        return std::uint32_t{x[0] <= most} | std::uint32_t{x[1] <= most} << 1 |
               std::uint32_t{x[2] <= most} << 2 | std::uint32_t{x[3] <= most} << 3;
    }
};

#include "scan.inc"
#include "probe.inc"

}  // namespace

const Kernels kPortable{"portable", scan_rows, scan_blocks, probe};

}  // namespace takeback
