#define LANES 8
#include "refiner.hpp"

namespace homotopy_lcn {
const RefinementKernel refinement_avx512 = {"avx512", LANES, AnyRefiner::bytes, AnyRefiner::run};
}  // namespace homotopy_lcn
