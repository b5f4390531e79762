#define LANES 2
#include "compiled_shapes.hpp"

namespace homotopy_lcn {
const TrackingKernel tracking_baseline = {"baseline", LANES, CompiledShapes::workspace, CompiledShapes::run};
}  // namespace homotopy_lcn
