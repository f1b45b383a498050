// AVX-512 with VPOPCNTDQ: Ice Lake, Zen 4 and later. The same source is tested everywhere: where the processor
// lacks it, WITH_SIMDE compiles it against SIMDe, which gives each intrinsic in plain C.
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
    static constexpr std::uint32_t kStep = 16;
    Wide query;
    Wide most;
    Sketches(std::uint32_t sketch, int reach)
        : query(_mm512_set1_epi32(static_cast<int>(sketch))), most(_mm512_set1_epi32(reach)) {}
    std::uint32_t near(const std::uint32_t *at) const {
        const Wide x = either(_mm512_loadu_si512(at), query);
        return _mm512_cmple_epi32_mask(_mm512_popcnt_epi32(x), most);
    }
};

#include "scan.inc"
#include "probe.inc"

}  // namespace

const Kernels kAvx512{"avx512", scan_rows, scan_blocks, probe};

}  // namespace takeback
