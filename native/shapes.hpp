// The kernel of this instruction set: common shapes compiled for themselves, all others by the general code.
#pragma once

#include "tracker.hpp"

namespace homotopy_lcn {
namespace {

template <class... Shapes>
struct Catalogue {
    static std::size_t workspace(const Job& job) {
        std::size_t bytes = 0;
        dispatch(job, [&](auto tracker) { bytes = decltype(tracker)::type::bytes(job); });
        return bytes;
    }
    static void run(const Job& job, void* memory) {
        dispatch(job, [&](auto tracker) { typename decltype(tracker)::type(job, memory).run(); });
    }

   private:
    template <class T>
    struct Type {
        using type = T;
    };
    template <class S, class Body>
    static bool by_data(const Job& job, Body&& body) {
        if (!job.real)
            body(Type<Tracker<Rolled<S>, GeneralSegment>>{});
        else if (S::small || job.target_count > 1)
            body(Type<Tracker<S, ManyRealTargets>>{});
        else
            body(Type<Tracker<S, OneRealTarget>>{});
        return true;
    }
    template <class Body>
    static void dispatch(const Job& job, Body&& body) {
        const bool found = ((Shapes::fits(job) && by_data<Shapes>(job, body)) || ...);
        if (!found) by_data<AnyShape>(job, body);
    }
};

using Common = Catalogue<
#if LANES > 2
    StaticShape<Fac<1, 1, 1>, Fac<1, 1, 2>>,                  // (2,2),(2,1)
    StaticShape<Fac<2, 1, 1>, Fac<1, 1, 2>>,                  // (3,2),(2,1)
    StaticShape<Fac<3, 1, 1>, Fac<1, 1, 2>>,                  // (4,2),(2,1)
    StaticShape<Fac<2, 1, 1>, Fac<2, 1, 2>>,                  // (3,3),(2,1)
    StaticShape<Fac<1, 1, 1>, Fac<1, 1, 2>, Fac<1, 1, 4>>,    // (2,2,2),(2,2,1)
    StaticShape<Fac<1, 1, 2>, Fac<1, 2, 1>>,                  // (2,2,2),(1,2,1), the double roots
    StaticShape<Fac<3, 1, 1>, Fac<3, 1, 2>>,                  // (4,4),(2,1)
    StaticShape<Fac<2, 1, 1>, Fac<2, 1, 2>, Fac<1, 1, 4>>,    // (3,3,2),(2,2,1)
    StaticShape<Fac<2, 1, 1>, Fac<2, 1, 2>, Fac<2, 1, 4>>,    // (3,3,3),(2,2,1)
    StaticShape<Fac<3, 1, 1>, Fac<3, 1, 2>, Fac<3, 1, 4>>,    // (4,4,4),(2,2,1)
    StaticShape<Fac<2, 1, 1>, Fac<2, 1, 2>, Fac<2, 1, 4>, Fac<2, 1, 8>>  // (3,3,3,3),(2,2,2,1)
#endif
    >;

}  // namespace
}  // namespace homotopy_lcn
