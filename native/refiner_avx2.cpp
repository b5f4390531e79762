#define LANES 4
#include "refining.hpp"

namespace homotopy_lcn {
extern const RefinementKernel refinement_avx2;
const RefinementKernel refinement_avx2 = {"avx2", LANES, workspace, run};
}  // namespace homotopy_lcn
