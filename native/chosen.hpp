// The shapes that a kernel compiles for themselves: the common ones, or one only where the compiler needs ten seconds for
// each, as it does with the sanitizers.
#pragma once

#include "shapes.hpp"

namespace homotopy_lcn {
namespace {

#if defined(HOMOTOPY_LCN_FEW_SHAPES)
using Chosen = Catalogue<StaticShape<Fac<1, 1, 1>, Fac<1, 1, 2>, Fac<1, 1, 4>>>;  // (2,2,2),(2,2,1)
#else
using Chosen = Common;
#endif

}  // namespace
}  // namespace homotopy_lcn
