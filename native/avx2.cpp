// AVX2 and POPCNT: x86-64 processors since 2013. Compiled with flags of its own, called only where they hold.
#include <immintrin.h>

#include <cstdlib>
#include <cstring>
#include <new>

#include "kernels.hpp"

namespace takeback {
namespace {

#include "aligned.inc"

using Wide = __m256i;

inline Wide load(const std::uint8_t *at) { return _mm256_loadu_si256(reinterpret_cast<const Wide *>(at)); }
inline void store(std::uint8_t *at, Wide value) { _mm256_storeu_si256(reinterpret_cast<Wide *>(at), value); }
inline Wide none() { return _mm256_setzero_si256(); }
inline Wide all() { return _mm256_set1_epi64x(-1); }
inline Wide inverse(Wide a) { return _mm256_xor_si256(a, all()); }
inline Wide both(Wide a, Wide b) { return _mm256_and_si256(a, b); }
inline Wide either(Wide a, Wide b) { return _mm256_xor_si256(a, b); }
inline Wide and_not(Wide a, Wide b) { return _mm256_andnot_si256(b, a); }
inline Wide either_or_not(Wide a, Wide b) { return _mm256_or_si256(a, inverse(b)); }
inline Wide xor3(Wide a, Wide b, Wide c) { return either(either(a, b), c); }
inline Wide majority(Wide a, Wide b, Wide c) {
    return _mm256_or_si256(both(a, b), both(either(a, b), c));
}
inline bool any(Wide a) { return _mm256_testz_si256(a, a) == 0; }
inline int bits_in(std::uint64_t x) { return __builtin_popcountll(x); }

// In how many bits each of sixteen chunks differs from the query's.
inline Wide apart_of(const std::uint16_t *at, Wide query) {
    const Wide table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1,
                                        2, 2, 3, 2, 3, 3, 4);
    const Wide nibble = _mm256_set1_epi8(15);
    const Wide x = either(load(reinterpret_cast<const std::uint8_t *>(at)), query);
    const Wide low = _mm256_shuffle_epi8(table, both(x, nibble));
    const Wide high = _mm256_shuffle_epi8(table, both(_mm256_srli_epi16(x, 4), nibble));
    return _mm256_maddubs_epi16(_mm256_add_epi8(low, high), _mm256_set1_epi8(1));
}

struct Sketches {
    static constexpr std::uint32_t kStep = 32;
    Wide near_query, far_query, pair, prefix;
    Sketches(std::uint32_t sketch, int pair_most, int prefix_most)
        : near_query(_mm256_set1_epi16(static_cast<short>(sketch))),
          far_query(_mm256_set1_epi16(static_cast<short>(sketch >> 16))),
          pair(_mm256_set1_epi16(static_cast<short>(pair_most + 1))),
          prefix(_mm256_set1_epi16(static_cast<short>(prefix_most + 1))) {}
    static std::uint32_t bits_of(Wide first, Wide second) {
        // Packing works on halves of a vector; the quarters are put in order again.
        const Wide packed = _mm256_permute4x64_epi64(_mm256_packs_epi16(first, second), 0xd8);
        return static_cast<std::uint32_t>(_mm256_movemask_epi8(packed));
    }
    Wide sixteen(const std::uint16_t *near) const { return _mm256_cmpgt_epi16(pair, apart_of(near, near_query)); }
    Wide sixteen(const std::uint16_t *near, const std::uint16_t *far) const {
        const Wide apart = apart_of(near, near_query);
        const Wide sum = _mm256_add_epi16(apart, apart_of(far, far_query));
        return both(_mm256_cmpgt_epi16(pair, apart), _mm256_cmpgt_epi16(prefix, sum));
    }
    std::uint32_t within(const std::uint16_t *near) const { return bits_of(sixteen(near), sixteen(near + 16)); }
    std::uint32_t within(const std::uint16_t *near, const std::uint16_t *far) const {
        return bits_of(sixteen(near, far), sixteen(near + 16, far + 16));
    }
};

#include "scan.inc"
#include "probe.inc"

}  // namespace

const Kernels kAvx2{"avx2", scan_rows, scan_blocks, probe};

}  // namespace takeback
