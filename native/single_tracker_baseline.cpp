#define LANES 4
#define NUMBER float
#include "compiled_shapes.hpp"

namespace homotopy_lcn {
const TrackingKernel single_tracking_baseline = {"baseline", LANES, CompiledShapes::workspace, CompiledShapes::run};
}  // namespace homotopy_lcn
