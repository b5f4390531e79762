#define LANES 8
#include "compiled_shapes.hpp"

namespace homotopy_lcn {
const TrackingKernel complex_tracking_avx512 = {"avx512", LANES, ShapesOfComplexData::fits,
                                                ShapesOfComplexData::workspace, ShapesOfComplexData::run};
}  // namespace homotopy_lcn
