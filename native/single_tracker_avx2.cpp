#define LANES 8
#define NUMBER float
#include "compiled_shapes.hpp"

namespace homotopy_lcn {
const TrackingKernel single_tracking_avx2 = {"avx2", LANES, CompiledShapes::workspace, CompiledShapes::run};
}  // namespace homotopy_lcn
