// The door to Python: measures the buffers that it is lent, lets go of the interpreter, computes.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>

#include "kernels.hpp"

namespace nb = nanobind;

namespace takeback {
namespace {

using Hashes = nb::ndarray<const std::uint8_t, nb::shape<-1, kHashBytes>, nb::c_contig, nb::device::cpu>;
using Planes =
    nb::ndarray<const std::uint8_t, nb::shape<-1, kHashBits, kPlaneBytes>, nb::c_contig, nb::device::cpu>;
using Radii = nb::ndarray<const std::uint8_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Halves = nb::ndarray<const std::uint16_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Words = nb::ndarray<const std::uint32_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using HashesOut = nb::ndarray<std::uint8_t, nb::shape<-1, kHashBytes>, nb::c_contig, nb::device::cpu>;
using PlanesOut =
    nb::ndarray<std::uint8_t, nb::shape<-1, kHashBits, kPlaneBytes>, nb::c_contig, nb::device::cpu>;
using HalvesOut = nb::ndarray<std::uint16_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using WordsOut = nb::ndarray<std::uint32_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
template <class T>
using Column = nb::ndarray<nb::numpy, T, nb::ndim<1>>;
using Found = std::tuple<Column<std::int64_t>, Column<std::int64_t>, Column<std::uint8_t>>;

// Measured in nanoseconds on x86-64; they decide how an answer is found, never what it is.
constexpr double kProbe = 10.0, kEntry = 0.4, kRow = 0.6;

std::vector<const Kernels *> usable() {
    std::vector<const Kernels *> paths;
#if defined(WITH_AVX512)
#if defined(WITH_SIMDE)
    paths.push_back(&kAvx512);
#else
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vpopcntdq") &&
        __builtin_cpu_supports("avx512bitalg") && __builtin_cpu_supports("popcnt")) {
        paths.push_back(&kAvx512);
    }
#endif
#endif
#if defined(WITH_AVX2)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt")) paths.push_back(&kAvx2);
#endif
    paths.push_back(&kPortable);
    return paths;
}

const Kernels &named(const std::string &name) {
    for (const Kernels *path : usable()) {
        if (name == path->name) return *path;
    }
    throw std::invalid_argument("this processor, or this build, has no path " + name);
}

template <class T>
Column<T> column(const Hits &hits, std::uint32_t Hit::*field) {
    auto values = std::make_unique<T[]>(hits.found.size());
    for (std::size_t i = 0; i < hits.found.size(); ++i) values[i] = static_cast<T>(hits.found[i].*field);
    T *at = values.release();
    const nb::capsule owner(at, [](void *p) noexcept { delete[] static_cast<T *>(p); });
    return Column<T>(at, {hits.found.size()}, owner);
}

std::optional<Found> columns(const Hits &hits) {
    if (hits.found.empty()) return std::nullopt;
    return Found(column<std::int64_t>(hits, &Hit::query), column<std::int64_t>(hits, &Hit::row),
                 column<std::uint8_t>(hits, &Hit::distance));
}

void check(std::size_t rows, const Hashes &queries, const Radii &radii) {
    if (radii.shape(0) != queries.shape(0)) throw std::invalid_argument("each query has its radius");
    for (std::size_t i = 0; i < radii.shape(0); ++i) {
        if (radii.data()[i] > kMaxRadius) throw std::invalid_argument("a radius is 0 to 64");
    }
    if (rows >= std::numeric_limits<std::uint32_t>::max() ||
        queries.shape(0) >= std::numeric_limits<std::uint32_t>::max()) {
        throw std::invalid_argument("too many rows for one segment");
    }
}

// One instruction set's way to search.
class Path {
   public:
    explicit Path(const std::string &name) : kernels_(named(name)) {}
    std::string name() const { return kernels_.name; }
    const Kernels &kernels() const { return kernels_; }

    std::optional<Found> scan_rows(const Hashes &rows, const Hashes &queries, const Radii &radii) const {
        check(rows.shape(0), queries, radii);
        Hits hits;
        {
            const nb::gil_scoped_release others;
            kernels_.scan_rows(rows.data(), rows.shape(0), queries.data(), radii.data(), queries.shape(0), hits);
        }
        return columns(hits);
    }

    std::optional<Found> scan_planes(const Planes &planes, const Hashes &queries, const Radii &radii) const {
        check(planes.shape(0) * kBlockRows, queries, radii);
        Hits hits;
        {
            const nb::gil_scoped_release others;
            kernels_.scan_blocks(planes.data(), planes.shape(0), queries.data(), radii.data(), queries.shape(0),
                                 hits);
        }
        return columns(hits);
    }

   private:
    const Kernels &kernels_;
};

// Queries by rising radius, and which each of them was.
struct ByRadius {
    std::vector<std::uint32_t> numbers;
    std::vector<std::uint8_t> hashes, radii;

    ByRadius(const std::uint8_t *queries, const std::uint8_t *within, std::size_t asked)
        : numbers(asked), hashes(asked * kHashBytes), radii(asked) {
        std::iota(numbers.begin(), numbers.end(), 0U);
        std::stable_sort(numbers.begin(), numbers.end(),
                         [within](std::uint32_t a, std::uint32_t b) { return within[a] < within[b]; });
        for (std::size_t i = 0; i < asked; ++i) {
            std::memcpy(&hashes[i * kHashBytes], queries + std::size_t{numbers[i]} * kHashBytes, kHashBytes);
            radii[i] = within[numbers[i]];
        }
    }
    // Where those of the same radius end.
    std::size_t behind(std::size_t first) const {
        return static_cast<std::size_t>(std::upper_bound(radii.begin() + static_cast<std::ptrdiff_t>(first),
                                                         radii.end(), radii[first]) -
                                        radii.begin());
    }
};

// Tables over borrowed arrays; holds on to them.
class TablesView {
   public:
    TablesView(Hashes rows, Words offsets, Halves sketches, Words numbers)
        : rows_(std::move(rows)),
          offsets_(std::move(offsets)),
          sketches_(std::move(sketches)),
          numbers_(std::move(numbers)),
          tables_{rows_.data(), offsets_.data(), sketches_.data(), numbers_.data(), rows_.shape(0)} {
        const std::size_t count = tables_.count;
        if (count >= std::numeric_limits<std::uint32_t>::max()) throw std::invalid_argument("too many rows");
        if (offsets_.shape(0) != std::size_t{kChunks} * kOffsets || numbers_.shape(0) != kChunks * count ||
            sketches_.shape(0) != 2 * kChunks * count + kSketchPadding) {
            throw std::invalid_argument("the arrays do not fit each other");
        }
        const nb::gil_scoped_release others;
        if (!offsets_hold(tables_.offsets, count)) throw std::invalid_argument("the offsets are damaged");
    }

    std::optional<Found> search(const Path &path, const Hashes &queries, const Radii &radii) const {
        check(tables_.count, queries, radii);
        Hits hits;
        bool sound = true;
        {
            const nb::gil_scoped_release others;
            const ByRadius sorted(queries.data(), radii.data(), queries.shape(0));
            for (std::size_t first = 0, behind = 0; first < queries.shape(0); first = behind) {
                behind = sorted.behind(first);
                sound = search_alike(path.kernels(), sorted, first, behind - first, hits) && sound;
            }
        }
        if (!sound) throw std::invalid_argument("a table names a row that does not exist");
        return columns(hits);
    }

   private:
    // Queries of one radius, which share a plan.
    bool search_alike(const Kernels &kernels, const ByRadius &sorted, std::size_t first, std::size_t some,
                      Hits &hits) const {
        const Plan plan = plan_for(sorted.radii[first]);
        const std::uint8_t *queries = sorted.hashes.data() + first * kHashBytes;
        const auto count = static_cast<double>(tables_.count);
        const std::size_t before = hits.found.size();
        bool sound = true;
        if (probes_of(plan) * (kProbe + count / kBuckets * kEntry) < count * kRow) {
            sound = kernels.probe(tables_, plan, queries, some, hits);
        } else {
            kernels.scan_rows(tables_.rows, tables_.count, queries, sorted.radii.data() + first, some, hits);
        }
        for (std::size_t i = before; i < hits.found.size(); ++i) {
            hits.found[i].query = sorted.numbers[first + hits.found[i].query];
        }
        return sound;
    }

    Hashes rows_;
    Words offsets_;
    Halves sketches_;
    Words numbers_;
    Tables tables_;
};

void build(const Hashes &rows, const WordsOut &offsets, const HalvesOut &sketches, const WordsOut &numbers) {
    const std::size_t count = rows.shape(0);
    if (count >= std::numeric_limits<std::uint32_t>::max()) throw std::invalid_argument("too many rows");
    if (offsets.shape(0) != std::size_t{kChunks} * kOffsets || numbers.shape(0) != kChunks * count ||
        sketches.shape(0) != 2 * kChunks * count + kSketchPadding) {
        throw std::invalid_argument("the arrays do not fit each other");
    }
    const nb::gil_scoped_release others;
    build_tables(rows.data(), count, offsets.data(), sketches.data(), numbers.data());
}

void rows_to_planes(const Hashes &rows, const PlanesOut &planes) {
    if (rows.shape(0) != planes.shape(0) * kBlockRows) throw std::invalid_argument("a block has 512 rows");
    const nb::gil_scoped_release others;
    to_planes(rows.data(), planes.shape(0), planes.data());
}

void planes_to_rows(const Planes &planes, const HashesOut &rows) {
    if (rows.shape(0) != planes.shape(0) * kBlockRows) throw std::invalid_argument("a block has 512 rows");
    const nb::gil_scoped_release others;
    to_rows(planes.data(), planes.shape(0), rows.data());
}

std::vector<std::string> paths() {
    std::vector<std::string> names;
    for (const Kernels *path : usable()) names.emplace_back(path->name);
    return names;
}

}  // namespace
}  // namespace takeback

NB_MODULE(_native, module) {
    using namespace takeback;
    // What is in use when the interpreter ends is not a leak.
    nb::set_leak_warnings(false);
    module.doc() = "Exact search among 256-bit hashes: pure compute on buffers, no policy and no files.";
    module.def("paths", &paths);
    module.def("build", &build, nb::arg("rows"), nb::arg("offsets").noconvert(), nb::arg("sketches").noconvert(),
               nb::arg("numbers").noconvert());
    module.def("rows_to_planes", &rows_to_planes, nb::arg("rows"), nb::arg("planes").noconvert());
    module.def("planes_to_rows", &planes_to_rows, nb::arg("planes"), nb::arg("rows").noconvert());
    nb::class_<Path>(module, "Path")
        .def(nb::init<const std::string &>(), nb::arg("name"))
        .def_prop_ro("name", &Path::name)
        .def("scan_rows", &Path::scan_rows, nb::arg("rows").noconvert(), nb::arg("queries").noconvert(),
             nb::arg("radii").noconvert())
        .def("scan_planes", &Path::scan_planes, nb::arg("planes").noconvert(), nb::arg("queries").noconvert(),
             nb::arg("radii").noconvert());
    nb::class_<TablesView>(module, "Tables")
        .def(nb::init<Hashes, Words, Halves, Words>(), nb::arg("rows").noconvert(), nb::arg("offsets").noconvert(),
             nb::arg("sketches").noconvert(), nb::arg("numbers").noconvert())
        .def("search", &TablesView::search, nb::arg("path"), nb::arg("queries").noconvert(),
             nb::arg("radii").noconvert());
}
