#define LANES 8
#include "compiled_shapes.hpp"

namespace homotopy_lcn {
const TrackingKernel large_tracking_avx512 = {"avx512", LANES, LargeShapes::fits, LargeShapes::workspace,
                                              LargeShapes::run};
}  // namespace homotopy_lcn
