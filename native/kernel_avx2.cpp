#define LANES 4
#include "chosen.hpp"

namespace homotopy_lcn {
extern const Kernel kernel_avx2;
const Kernel kernel_avx2 = {"avx2", LANES, Chosen::workspace, Chosen::run};
}  // namespace homotopy_lcn
