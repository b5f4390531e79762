// The shapes that are compiled for themselves. The general code tracks all other shapes.
#pragma once

#include "tracker.hpp"

namespace homotopy_lcn {
namespace {

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
    // Calls body(Type<the tracker for the kind of data of the job>).
    template <class S, class Body>
    static bool with_data(const Job& job, Body&& body) {
        if (!job.real)
            body(Type<Tracker<Rolled<S>, GeneralSegment>>{});
        else if (S::small || job.target_count > 1)
            body(Type<Tracker<S, ManyRealTargets>>{});
        else
            body(Type<Tracker<S, OneRealTarget>>{});
        return true;
    }
    // Calls body for the first shape that fits the job.
    template <class Body>
    static void with_tracker(const Job& job, Body&& body) {
        const bool found = ((Shapes::fits(job) && with_data<Shapes>(job, body)) || ...);
        if (!found) with_data<AnyShape>(job, body);
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
              StaticShape<Factor<1, 1, 2>, Factor<1, 2, 1>>,                   // (2,2,2),(1,2,1), the double roots
              StaticShape<Factor<3, 1, 1>, Factor<3, 1, 2>>,                   // (4,4),(2,1)
              StaticShape<Factor<2, 1, 1>, Factor<2, 1, 2>, Factor<1, 1, 4>>,  // (3,3,2),(2,2,1)
              StaticShape<Factor<2, 1, 1>, Factor<2, 1, 2>, Factor<2, 1, 4>>,  // (3,3,3),(2,2,1)
              StaticShape<Factor<3, 1, 1>, Factor<3, 1, 2>, Factor<3, 1, 4>>,  // (4,4,4),(2,2,1)
              StaticShape<Factor<2, 1, 1>, Factor<2, 1, 2>, Factor<2, 1, 4>, Factor<2, 1, 8>>>;  // (3,3,3,3),(2,2,2,1)
#endif

}  // namespace
}  // namespace homotopy_lcn
