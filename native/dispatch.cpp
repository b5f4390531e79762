#include "dispatch.hpp"

#include <stdexcept>

namespace homotopy_lcn {
namespace {

std::vector<InstructionSet> find_instruction_sets() {
    std::vector<InstructionSet> found;
#if defined(HOMOTOPY_LCN_X86)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512bw"))
        found.push_back({tracking_avx512, &single_tracking_avx512, refinement_avx512});
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        found.push_back({tracking_avx2, &single_tracking_avx2, refinement_avx2});
    // Every processor of this kind that is still in use has AVX2: the baseline does without single precision.
    found.push_back({tracking_baseline, nullptr, refinement_baseline});
#else
    found.push_back({tracking_baseline, &single_tracking_baseline, refinement_baseline});
#endif
    return found;
}

}  // namespace

const std::vector<InstructionSet>& instruction_sets() {
    static const std::vector<InstructionSet> found = find_instruction_sets();
    return found;
}

const InstructionSet& instruction_set_named(const std::string& name) {
    for (const InstructionSet& set : instruction_sets())
        if (name.empty() || name == set.tracking.name) return set;
    throw std::invalid_argument("instruction_set: " + name + " is not available here");
}

#if defined(HOMOTOPY_LCN_X86)
__attribute__((target("avx"))) void clear_vector_registers() { __builtin_ia32_vzeroupper(); }
#else
void clear_vector_registers() {}
#endif

}  // namespace homotopy_lcn
