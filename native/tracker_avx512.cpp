#define LANES 8
#include "compiled_shapes.hpp"

namespace homotopy_lcn {
const TrackingKernel tracking_avx512 = {"avx512", LANES, CompiledShapes::workspace, CompiledShapes::run};
}  // namespace homotopy_lcn
