#define LANES 4
#include "compiled_shapes.hpp"

namespace homotopy_lcn {
const TrackingKernel tracking_avx2 = {"avx2", LANES, CompiledShapes::workspace, CompiledShapes::run};
}  // namespace homotopy_lcn
