#define LANES 2
#include "refining.hpp"

namespace homotopy_lcn {
extern const RefinementKernel refinement_baseline;
const RefinementKernel refinement_baseline = {"baseline", LANES, workspace, run};
}  // namespace homotopy_lcn
