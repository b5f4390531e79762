// The kernel of this instruction set: common shapes compiled for themselves, all others by the general code.
#pragma once

#include "kernel.hpp"

namespace homotopy_lcn {
namespace {

template <class... Shapes>
struct Catalogue {
    static std::size_t workspace(const Job& job) {
        std::size_t bytes = 0;
        const bool found = ((Shapes::fits(job) && (bytes = Tracker<Shapes>::bytes(job), true)) || ...);
        return found ? bytes : Tracker<AnyShape>::bytes(job);
    }
    static void run(const Job& job, void* memory) {
        const bool found = ((Shapes::fits(job) && (Tracker<Shapes>(job, memory).run(), true)) || ...);
        if (!found) Tracker<AnyShape>(job, memory).run();
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
