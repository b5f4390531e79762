#define LANES 8
#include "refining.hpp"

namespace homotopy_lcn {
extern const RefinementKernel refinement_avx512;
const RefinementKernel refinement_avx512 = {"avx512", LANES, workspace, run};
}  // namespace homotopy_lcn
