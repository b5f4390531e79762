#define LANES 8
#include "compiled_shapes.hpp"

namespace homotopy_lcn {
const TrackingKernel double_root_tracking_avx512 = {"avx512", LANES, DoubleRootShapes::fits, DoubleRootShapes::workspace,
                                                DoubleRootShapes::run};
}  // namespace homotopy_lcn
