// The division of a block of memory into arrays.
#pragma once

#include <cstddef>

namespace homotopy_lcn {
namespace {

// Hands out parts of a block, each aligned to 64 bytes. Without a block the layout only counts the bytes.
struct Layout {
    char* block;
    bool has_block;
    std::size_t used = 0;

    template <class T>
    void take(T*& part, std::size_t count) {
        if (has_block) part = reinterpret_cast<T*>(block + used);
        used += (count * sizeof(T) + 63) / 64 * 64;
    }
};

}  // namespace
}  // namespace homotopy_lcn
