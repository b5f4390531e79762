#define LANES 8
#include "shapes.hpp"

namespace homotopy_lcn {
extern const Kernel kernel_avx512;
const Kernel kernel_avx512 = {"avx512", LANES, Common::workspace, Common::run};
}  // namespace homotopy_lcn
