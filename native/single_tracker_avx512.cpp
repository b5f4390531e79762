#define LANES 16
#define NUMBER float
#include "compiled_shapes.hpp"

namespace homotopy_lcn {
const TrackingKernel single_tracking_avx512 = {"avx512", LANES, CompiledShapes::workspace, CompiledShapes::run};
}  // namespace homotopy_lcn
