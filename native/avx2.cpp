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

struct Sketches {
    static constexpr std::uint32_t kStep = 8;
    Wide query;
    Wide most;
    Sketches(std::uint32_t sketch, int reach)
        : query(_mm256_set1_epi32(static_cast<int>(sketch))), most(_mm256_set1_epi32(reach + 1)) {}
    std::uint32_t near(const std::uint32_t *at) const {
        const Wide table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2,
                                            3, 1, 2, 2, 3, 2, 3, 3, 4);
        const Wide nibble = _mm256_set1_epi8(15);
        const Wide x = either(load(reinterpret_cast<const std::uint8_t *>(at)), query);
        const Wide low = _mm256_shuffle_epi8(table, both(x, nibble));
        const Wide high = _mm256_shuffle_epi8(table, both(_mm256_srli_epi32(x, 4), nibble));
        const Wide pairs = _mm256_maddubs_epi16(_mm256_add_epi8(low, high), _mm256_set1_epi8(1));
        const Wide apart = _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
        return static_cast<std::uint32_t>(
            _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpgt_epi32(most, apart))));
    }
};

#include "scan.inc"
#include "probe.inc"

}  // namespace

const Kernels kAvx2{"avx2", scan_rows, scan_blocks, probe};

}  // namespace takeback
