#define LANES 4
#include "compiled_shapes.hpp"

namespace homotopy_lcn {
const TrackingKernel complex_tracking_avx2 = {"avx2", LANES, ShapesOfComplexData::fits,
                                                ShapesOfComplexData::workspace, ShapesOfComplexData::run};
}  // namespace homotopy_lcn
