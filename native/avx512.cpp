// AVX-512 with VPOPCNTDQ and BITALG: Ice Lake, Zen 4 and later. The same source is tested everywhere: where the
// processor lacks it, WITH_SIMDE compiles it against SIMDe, which gives each intrinsic in plain C.
#if defined(WITH_SIMDE)
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>
#else
#include <immintrin.h>
#endif

#include <cstdlib>
#include <cstring>
#include <new>

#include "kernels.hpp"

namespace takeback {
namespace {

#include "aligned.inc"

using Wide = __m512i;

inline Wide load(const std::uint8_t *at) { return _mm512_loadu_si512(at); }
inline void store(std::uint8_t *at, Wide value) { _mm512_storeu_si512(at, value); }
inline Wide none() { return _mm512_setzero_si512(); }
inline Wide all() { return _mm512_set1_epi64(-1); }
inline Wide inverse(Wide a) { return _mm512_xor_si512(a, all()); }
inline Wide both(Wide a, Wide b) { return _mm512_and_si512(a, b); }
inline Wide either(Wide a, Wide b) { return _mm512_xor_si512(a, b); }
inline Wide and_not(Wide a, Wide b) { return _mm512_andnot_si512(b, a); }
inline Wide either_or_not(Wide a, Wide b) { return _mm512_or_si512(a, inverse(b)); }
inline Wide xor3(Wide a, Wide b, Wide c) { return _mm512_ternarylogic_epi64(a, b, c, 0x96); }
inline Wide majority(Wide a, Wide b, Wide c) { return _mm512_ternarylogic_epi64(a, b, c, 0xe8); }
inline bool any(Wide a) { return _mm512_test_epi64_mask(a, a) != 0; }
inline int bits_in(std::uint64_t x) { return __builtin_popcountll(x); }

struct Sketches {
    static constexpr std::uint32_t kStep = 32;
    Wide near_query, far_query, pair, prefix;
    Sketches(std::uint32_t sketch, int pair_most, int prefix_most)
        : near_query(_mm512_set1_epi16(static_cast<short>(sketch))),
          far_query(_mm512_set1_epi16(static_cast<short>(sketch >> 16))),
          pair(_mm512_set1_epi16(static_cast<short>(pair_most))),
          prefix(_mm512_set1_epi16(static_cast<short>(prefix_most))) {}
    static Wide apart_of(const std::uint16_t *at, Wide query) {
        return _mm512_popcnt_epi16(either(_mm512_loadu_si512(at), query));
    }
    std::uint32_t within(const std::uint16_t *near) const {
        return _mm512_cmple_epi16_mask(apart_of(near, near_query), pair);
    }
    std::uint32_t within(const std::uint16_t *near, const std::uint16_t *far) const {
        const Wide apart = apart_of(near, near_query);
        const Wide sum = _mm512_add_epi16(apart, apart_of(far, far_query));
        return _mm512_cmple_epi16_mask(apart, pair) & _mm512_cmple_epi16_mask(sum, prefix);
    }
};

#include "scan.inc"
#include "probe.inc"

}  // namespace

const Kernels kAvx512{"avx512", scan_rows, scan_blocks, probe};

}  // namespace takeback
