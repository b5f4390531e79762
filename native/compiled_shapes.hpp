// The shapes that are compiled for themselves. The general code tracks all other shapes and data.
#pragma once

#include "projected_segment.hpp"
#include "tracker.hpp"

namespace homotopy_lcn {
namespace {

template <class T>
struct Type {
    using type = T;
};

// Calls body(Type<the tracker of the first shape that fits>) for real data; whether a shape fits.
template <class... Shapes>
struct RealShapes {
    template <class Body>
    static bool with_tracker(const Job& job, Body&& body) {
        return job.real && ((Shapes::fits(job) && call<Shapes>(body)) || ...);
    }

   private:
    template <class S, class Body>
    static bool call(Body&& body) {
        body(Type<Tracker<S, ManyRealTargets>>{});
        return true;
    }
};
// A shape whose loops are not unrolled: its code is compiled sooner.
template <class S>
struct Rolled : S {
    static constexpr bool small = false;
    using S::S;
};
// The same for complex data, which are tracked less often.
template <class... Shapes>
struct ComplexShapes {
    template <class Body>
    static bool with_tracker(const Job& job, Body&& body) {
        return !job.real && ((Shapes::fits(job) && call<Rolled<Shapes>>(body)) || ...);
    }

   private:
    template <class S, class Body>
    static bool call(Body&& body) {
        body(Type<Tracker<S, GeneralSegment>>{});
        return true;
    }
};
// The general code, which fits all shapes and data.
struct OtherShapes {
    template <class Body>
    static bool with_tracker(const Job& job, Body&& body) {
        if (job.real && distinct_coefficients(job) < job.filter_size)
            body(Type<Tracker<AnyShape, ProjectedSegment>>{});
        else if (job.real)
            body(Type<Tracker<AnyShape, ManyRealTargets>>{});
        else
            body(Type<Tracker<AnyShape, GeneralSegment>>{});
        return true;
    }
};

// The functions of a TrackingKernel. The first part that fits tracks.
template <class... Parts>
struct Trackers {
    static bool fits(const Job& job) {
        return with_tracker(job, [](auto) {});
    }
    static std::size_t workspace(const Job& job) {
        std::size_t bytes = 0;
        with_tracker(job, [&](auto tracker) { bytes = decltype(tracker)::type::bytes(job); });
        return bytes;
    }
    static void run(const Job& job, void* memory) {
        with_tracker(job, [&](auto tracker) { typename decltype(tracker)::type(job, memory).run(); });
    }

   private:
    template <class Body>
    static bool with_tracker(const Job& job, Body&& body) {
        return (Parts::with_tracker(job, body) || ...);
    }
};

#if LANES <= 2
// With two lanes the general code tracks all shapes: the module stays small.
using CompiledShapes = Trackers<OtherShapes>;
#elif defined(HOMOTOPY_LCN_FEW_SHAPES)
// With the sanitizers, one small shape and one large shape: the compiler needs minutes for a step of a small shape.
using SmallShape = StaticShape<Factor<1, 1, 1>, Factor<1, 1, 2>>;                   // (2,2),(2,1)
using LargeShape = StaticShape<Factor<1, 1, 1>, Factor<1, 1, 2>, Factor<1, 1, 4>>;  // (2,2,2),(2,2,1)
using CompiledShapes = Trackers<RealShapes<SmallShape>, OtherShapes>;
using DoubleRootShapes = Trackers<>;
using LargeShapes = Trackers<RealShapes<LargeShape>>;
using ShapesOfComplexData = Trackers<ComplexShapes<SmallShape>>;
#else
using Shape22 = StaticShape<Factor<1, 1, 1>, Factor<1, 1, 2>>;                    // (2,2),(2,1)
using Shape32 = StaticShape<Factor<2, 1, 1>, Factor<1, 1, 2>>;                    // (3,2),(2,1)
using Shape42 = StaticShape<Factor<3, 1, 1>, Factor<1, 1, 2>>;                    // (4,2),(2,1)
using Shape33 = StaticShape<Factor<2, 1, 1>, Factor<2, 1, 2>>;                    // (3,3),(2,1)
using Shape44 = StaticShape<Factor<3, 1, 1>, Factor<3, 1, 2>>;                    // (4,4),(2,1)
using Shape222 = StaticShape<Factor<1, 1, 1>, Factor<1, 1, 2>, Factor<1, 1, 4>>;  // (2,2,2),(2,2,1)
using Shape332 = StaticShape<Factor<2, 1, 1>, Factor<2, 1, 2>, Factor<1, 1, 4>>;  // (3,3,2),(2,2,1)
using Shape333 = StaticShape<Factor<2, 1, 1>, Factor<2, 1, 2>, Factor<2, 1, 4>>;  // (3,3,3),(2,2,1)
using Shape444 = StaticShape<Factor<3, 1, 1>, Factor<3, 1, 2>, Factor<3, 1, 4>>;  // (4,4,4),(2,2,1)
using DoubleRoots = StaticShape<Factor<1, 1, 2>, Factor<1, 2, 1>>;                // of (2,2,2),(1,2,1)
using OneDoubleRoot = StaticShape<Factor<2, 1, 1>, Factor<1, 2, 1>>;              // of (3,3),(1,1)
using TwoDoubleRoots = StaticShape<Factor<0, 1, 1>, Factor<2, 2, 1>>;             // of (3,3),(1,1)
// Four groups in files of their own, so that each compiler needs less memory.
using CompiledShapes = Trackers<RealShapes<Shape22, Shape32, Shape42, Shape33, Shape222>, OtherShapes>;
using DoubleRootShapes = Trackers<RealShapes<DoubleRoots, OneDoubleRoot, TwoDoubleRoots>>;
using LargeShapes = Trackers<RealShapes<Shape44, Shape332, Shape333, Shape444>>;
using ShapesOfComplexData =
    Trackers<ComplexShapes<Shape22, Shape32, Shape42, Shape33, Shape44, Shape222, Shape444, DoubleRoots>>;
#endif

}  // namespace
}  // namespace homotopy_lcn
