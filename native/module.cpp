// The door to Python: measures the buffers that it is lent, lets go of the interpreter, computes.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <limits>
#include <memory>
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
using Words = nb::ndarray<const std::uint32_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using HashesOut = nb::ndarray<std::uint8_t, nb::shape<-1, kHashBytes>, nb::c_contig, nb::device::cpu>;
using PlanesOut =
    nb::ndarray<std::uint8_t, nb::shape<-1, kHashBits, kPlaneBytes>, nb::c_contig, nb::device::cpu>;
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
        __builtin_cpu_supports("popcnt")) {
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

void check(std::size_t rows, const Hashes &queries, int radius) {
    if (radius < 0 || radius > kMaxRadius) throw std::invalid_argument("a radius is 0 to 64");
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

    std::optional<Found> scan_rows(const Hashes &rows, const Hashes &queries, int radius) const {
        check(rows.shape(0), queries, radius);
        Hits hits;
        {
            const nb::gil_scoped_release others;
            kernels_.scan_rows(rows.data(), rows.shape(0), queries.data(), queries.shape(0), radius, hits);
        }
        return columns(hits);
    }

    std::optional<Found> scan_planes(const Planes &planes, const Hashes &queries, int radius) const {
        check(planes.shape(0) * kBlockRows, queries, radius);
        Hits hits;
        {
            const nb::gil_scoped_release others;
            kernels_.scan_blocks(planes.data(), planes.shape(0), queries.data(), queries.shape(0), radius, hits);
        }
        return columns(hits);
    }

   private:
    const Kernels &kernels_;
};

// Tables over borrowed arrays; holds on to them.
class TablesView {
   public:
    TablesView(Hashes rows, Words offsets, Words sketches, Words numbers)
        : rows_(std::move(rows)),
          offsets_(std::move(offsets)),
          sketches_(std::move(sketches)),
          numbers_(std::move(numbers)),
          tables_{rows_.data(), offsets_.data(), sketches_.data(), numbers_.data(), rows_.shape(0)} {
        const std::size_t count = tables_.count;
        if (count >= std::numeric_limits<std::uint32_t>::max()) throw std::invalid_argument("too many rows");
        if (offsets_.shape(0) != std::size_t{kChunks} * kOffsets || numbers_.shape(0) != kChunks * count ||
            sketches_.shape(0) != kChunks * count + kSketchPadding) {
            throw std::invalid_argument("the arrays do not fit each other");
        }
        const nb::gil_scoped_release others;
        if (!offsets_hold(tables_.offsets, count)) throw std::invalid_argument("the offsets are damaged");
    }

    std::optional<Found> search(const Path &path, const Hashes &queries, int radius) const {
        check(tables_.count, queries, radius);
        Hits hits;
        bool sound = true;
        {
            const nb::gil_scoped_release others;
            const Plan plan = plan_for(radius);
            const auto count = static_cast<double>(tables_.count);
            if (probes_of(plan) * (kProbe + count / kBuckets * kEntry) < count * kRow) {
                sound = path.kernels().probe(tables_, plan, queries.data(), queries.shape(0), hits);
            } else {
                path.kernels().scan_rows(tables_.rows, tables_.count, queries.data(), queries.shape(0), radius,
                                         hits);
            }
        }
        if (!sound) throw std::invalid_argument("a table names a row that does not exist");
        return columns(hits);
    }

   private:
    Hashes rows_;
    Words offsets_, sketches_, numbers_;
    Tables tables_;
};

void build(const Hashes &rows, const WordsOut &offsets, const WordsOut &sketches, const WordsOut &numbers) {
    const std::size_t count = rows.shape(0);
    if (count >= std::numeric_limits<std::uint32_t>::max()) throw std::invalid_argument("too many rows");
    if (offsets.shape(0) != std::size_t{kChunks} * kOffsets || numbers.shape(0) != kChunks * count ||
        sketches.shape(0) != kChunks * count + kSketchPadding) {
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
             nb::arg("radius"))
        .def("scan_planes", &Path::scan_planes, nb::arg("planes").noconvert(), nb::arg("queries").noconvert(),
             nb::arg("radius"));
    nb::class_<TablesView>(module, "Tables")
        .def(nb::init<Hashes, Words, Words, Words>(), nb::arg("rows").noconvert(), nb::arg("offsets").noconvert(),
             nb::arg("sketches").noconvert(), nb::arg("numbers").noconvert())
        .def("search", &TablesView::search, nb::arg("path"), nb::arg("queries").noconvert(), nb::arg("radius"));
}
