#define LANES 4
#include "compiled_shapes.hpp"

namespace homotopy_lcn {
const TrackingKernel double_root_tracking_avx2 = {"avx2", LANES, DoubleRootShapes::fits, DoubleRootShapes::workspace,
                                                DoubleRootShapes::run};
}  // namespace homotopy_lcn
