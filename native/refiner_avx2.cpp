#define LANES 4
#include "refiner.hpp"

namespace homotopy_lcn {
const RefinementKernel refinement_avx2 = {"avx2", LANES, AnyRefiner::bytes, AnyRefiner::run};
}  // namespace homotopy_lcn
