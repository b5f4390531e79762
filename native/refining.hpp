// Refinement with this instruction set, by the general code for all shapes: it takes little time.
#pragma once

#include "refiner.hpp"

namespace homotopy_lcn {
namespace {

std::size_t workspace(const Refinement& task) { return Refiner<AnyShape>::bytes(task); }
void run(const Refinement& task, void* memory) { Refiner<AnyShape>(task, memory).run(); }

}  // namespace
}  // namespace homotopy_lcn
