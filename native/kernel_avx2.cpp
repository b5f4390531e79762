#define LANES 4
#include "shapes.hpp"

namespace homotopy_lcn {
extern const Kernel kernel_avx2;
const Kernel kernel_avx2 = {"avx2", LANES, Common::workspace, Common::run};
}  // namespace homotopy_lcn
