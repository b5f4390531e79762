// The choice of the instruction set when the module runs.
#pragma once

#include <string>
#include <vector>

#include "kernel_interface.hpp"

namespace homotopy_lcn {

// The kernels of one instruction set.
struct InstructionSet {
    const TrackingKernel& tracking;  // in doubles
    const TrackingKernel* single;    // in single precision, or null
    const RefinementKernel& refinement;
};

// The instruction sets of this processor, the fastest first.
const std::vector<InstructionSet>& instruction_sets();

// The instruction set of that name, or the fastest one if the name is empty. Throws std::invalid_argument if the
// processor does not have the instruction set.
const InstructionSet& instruction_set_named(const std::string& name);

// Clears the upper parts of the vector registers, after a kernel with more than two lanes. Otherwise every instruction of
// code without AVX, as that of Python, NumPy and plain_points.cpp, waits for the one before it: such code takes twice as
// long (Intel 64 and IA-32 Architectures Optimization Reference Manual, on mixing AVX code with SSE code).
void clear_vector_registers();

}  // namespace homotopy_lcn
