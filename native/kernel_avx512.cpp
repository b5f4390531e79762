#define LANES 8
#include "chosen.hpp"

namespace homotopy_lcn {
extern const Kernel kernel_avx512;
const Kernel kernel_avx512 = {"avx512", LANES, Chosen::workspace, Chosen::run};
}  // namespace homotopy_lcn
