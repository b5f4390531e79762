#define LANES 2
#include "shapes.hpp"

namespace homotopy_lcn {
extern const Kernel kernel_baseline;
const Kernel kernel_baseline = {"baseline", LANES, Common::workspace, Common::run};
}  // namespace homotopy_lcn
