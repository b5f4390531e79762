// The shapes that are compiled for themselves, in single precision. The general code tracks all other shapes and data, and
// in doubles all of them: there most paths take a last step only.
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
        body(Type<Tracker<S, RealSegment>>{});
        return true;
    }
};
// The general code, which fits all shapes and data. In doubles one segment serves all real data: most paths take one step.
struct OtherShapes {
    template <class Body>
    static bool with_tracker(const Job& job, Body&& body) {
        if (job.real && (!single_precision || distinct_coefficients(job) < job.filter_size))
            body(Type<Tracker<AnyShape, ProjectedSegment>>{});
        else if (!job.real)
            body(Type<Tracker<AnyShape, GeneralSegment>>{});
        else if constexpr (single_precision)
            body(Type<Tracker<AnyShape, RealSegment>>{});
        return true;
    }
};

// The functions of a TrackingKernel. The first part that fits tracks.
template <class... Parts>
struct Trackers {
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

using Shape22 = StaticShape<Factor<1, 1, 1>, Factor<1, 1, 2>>;  // (2,2),(2,1)
#if defined(HOMOTOPY_LCN_FEW_SHAPES)
// With the sanitizers the compiler needs minutes for a step of a large shape whose loops are unrolled.
using OwnShapes = RealShapes<Shape22>;
#else
using Shape32 = StaticShape<Factor<2, 1, 1>, Factor<1, 1, 2>>;                    // (3,2),(2,1)
using Shape42 = StaticShape<Factor<3, 1, 1>, Factor<1, 1, 2>>;                    // (4,2),(2,1)
using Shape33 = StaticShape<Factor<2, 1, 1>, Factor<2, 1, 2>>;                    // (3,3),(2,1)
using Shape222 = StaticShape<Factor<1, 1, 1>, Factor<1, 1, 2>, Factor<1, 1, 4>>;  // (2,2,2),(2,2,1)
using OwnShapes = RealShapes<Shape22, Shape32, Shape42, Shape33, Shape222>;
#endif
using CompiledShapes =
    std::conditional<single_precision, Trackers<OwnShapes, OtherShapes>, Trackers<OtherShapes>>::type;

}  // namespace
}  // namespace homotopy_lcn
