#define LANES 4
#include "compiled_shapes.hpp"

namespace homotopy_lcn {
const TrackingKernel large_tracking_avx2 = {"avx2", LANES, LargeShapes::fits, LargeShapes::workspace,
                                              LargeShapes::run};
}  // namespace homotopy_lcn
