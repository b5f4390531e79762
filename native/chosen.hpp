// The shapes that a kernel compiles for themselves: the common ones, or two only, one of them unrolled, where the compiler
// needs minutes for an unrolled step, as it does with the sanitizers.
#pragma once

#include "shapes.hpp"

namespace homotopy_lcn {
namespace {

#if defined(HOMOTOPY_LCN_FEW_SHAPES)
using Chosen = Catalogue<StaticShape<Fac<1, 1, 1>, Fac<1, 1, 2>>,                // (2,2),(2,1)
                         StaticShape<Fac<1, 1, 1>, Fac<1, 1, 2>, Fac<1, 1, 4>>>;  // (2,2,2),(2,2,1)
#else
using Chosen = Common;
#endif

}  // namespace
}  // namespace homotopy_lcn
