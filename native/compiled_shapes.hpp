// The shapes that are compiled for themselves, for real data. The general code tracks all other shapes and data.
#pragma once

#include "tracker.hpp"

namespace homotopy_lcn {
namespace {

#if LANES > 2 && !defined(HOMOTOPY_LCN_FEW_SHAPES)
// The shape whose start systems take longest: (4,4,4),(2,2,1).
#define HOMOTOPY_LCN_LARGE_SHAPE
using LargeShape = StaticShape<Factor<3, 1, 1>, Factor<3, 1, 2>, Factor<3, 1, 4>>;
#endif

template <class... Shapes>
struct ShapeList {
    static std::size_t workspace(const Job& job) {
        std::size_t bytes = 0;
        with_tracker(job, [&](auto tracker) { bytes = decltype(tracker)::type::bytes(job); });
        return bytes;
    }
    static void run(const Job& job, void* memory) {
        with_tracker(job, [&](auto tracker) { typename decltype(tracker)::type(job, memory).run(); });
    }

   private:
    template <class T>
    struct Type {
        using type = T;
    };
    // Calls body(Type<the tracker for the job>): the tracker of the first shape that fits, or the general code.
    template <class Body>
    static void with_tracker(const Job& job, Body&& body) {
        if (job.real && ((Shapes::fits(job) && call<Shapes, ManyRealTargets>(body)) || ...)) return;
        if (job.real)
            call<AnyShape, ManyRealTargets>(body);
#if defined(HOMOTOPY_LCN_LARGE_SHAPE)
        else if (LargeShape::fits(job))
            call<LargeShape, GeneralSegment>(body);
#endif
        else
            call<AnyShape, GeneralSegment>(body);
    }
    template <class S, template <class> class Segment, class Body>
    static bool call(Body&& body) {
        body(Type<Tracker<S, Segment>>{});
        return true;
    }
};

#if defined(HOMOTOPY_LCN_FEW_SHAPES)
// With the sanitizers, one small shape and one other shape: the compiler needs minutes for a step of a small shape.
using CompiledShapes = ShapeList<StaticShape<Factor<1, 1, 1>, Factor<1, 1, 2>>,                    // (2,2),(2,1)
                                 StaticShape<Factor<1, 1, 1>, Factor<1, 1, 2>, Factor<1, 1, 4>>>;  // (2,2,2),(2,2,1)
#elif LANES <= 2
// With two lanes the general code tracks all shapes: the module stays small.
using CompiledShapes = ShapeList<>;
#else
using CompiledShapes =
    ShapeList<StaticShape<Factor<1, 1, 1>, Factor<1, 1, 2>>,                   // (2,2),(2,1)
              StaticShape<Factor<2, 1, 1>, Factor<1, 1, 2>>,                   // (3,2),(2,1)
              StaticShape<Factor<3, 1, 1>, Factor<1, 1, 2>>,                   // (4,2),(2,1)
              StaticShape<Factor<2, 1, 1>, Factor<2, 1, 2>>,                   // (3,3),(2,1)
              StaticShape<Factor<1, 1, 1>, Factor<1, 1, 2>, Factor<1, 1, 4>>,  // (2,2,2),(2,2,1)
              StaticShape<Factor<1, 1, 2>, Factor<1, 2, 1>>>;                  // (2,2,2),(1,2,1), the double roots
#endif

}  // namespace
}  // namespace homotopy_lcn
