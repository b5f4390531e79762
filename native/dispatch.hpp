// The choice of the instruction set when the module runs.
#pragma once

#include <string>
#include <vector>

#include "kernel_interface.hpp"

namespace homotopy_lcn {

// The kernels of one instruction set.
struct InstructionSet {
    const TrackingKernel& tracking;                // of all shapes
    std::vector<const TrackingKernel*> preferred;  // where they fit
    const RefinementKernel& refinement;

    const TrackingKernel& tracking_of(const Job& job) const {
        for (const TrackingKernel* kernel : preferred)
            if (kernel->fits(job)) return *kernel;
        return tracking;
    }
};

// The instruction sets of this processor, the fastest first.
const std::vector<InstructionSet>& instruction_sets();

// The instruction set of that name, or the fastest one if the name is empty. Throws std::invalid_argument if the
// processor does not have the instruction set.
const InstructionSet& instruction_set_named(const std::string& name);

}  // namespace homotopy_lcn
