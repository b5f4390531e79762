#define LANES 2
#include "refiner.hpp"

namespace homotopy_lcn {
const RefinementKernel refinement_baseline = {"baseline", LANES, AnyRefiner::bytes, AnyRefiner::run};
}  // namespace homotopy_lcn
