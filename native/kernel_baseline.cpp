#define LANES 2
#include "chosen.hpp"

namespace homotopy_lcn {
extern const Kernel kernel_baseline;
const Kernel kernel_baseline = {"baseline", LANES, Chosen::workspace, Chosen::run};
}  // namespace homotopy_lcn
