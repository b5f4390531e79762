"""Builds the compiled kernel and the compiled classification. Everything else about the package is in setup.cfg.

Tracking and refinement are compiled once for each instruction set, with the flags of the instruction set.
native/dispatch.cpp chooses the instruction set when the package runs. Where the kernel cannot be compiled, the package
is installed without the kernel and uses the NumPy engine. HOMOTOPY_LCN_SANITIZE=1 builds the kernel with the address
sanitizer and the undefined-behaviour sanitizer, and compiles fewer shapes for themselves; .ci/run runs that build.
"""

from __future__ import annotations

import os
import platform
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pybind11.setup_helpers import Pybind11Extension, build_ext
from setuptools import setup

# No result depends on the sign of a zero or on floating-point traps.
# -O1: what takes time has flags of its own below, and most of the rest is called once for many paths.
FLAGS = [
    "-O1",
    "-g0",  # Python's own flags may ask for debugging information, which costs half as much time and memory again
    "-std=c++17",
    "-fno-math-errno",
    "-fno-signed-zeros",
    "-fno-trapping-math",
    "-Wall",
    "-Wextra",
    "-Wno-psabi",
]
X86 = platform.machine().lower() in {"x86_64", "amd64"}
INSTRUCTION_SETS = {
    "baseline": [],
    **(
        {
            "avx2": ["-mavx2", "-mfma"],
            "avx512": ["-mavx512f", "-mavx512dq", "-mavx512vl", "-mavx512bw", "-mfma"],
        }
        if X86
        else {}
    ),
}
# Paths are followed in single precision, and take their last step in doubles. The vectors are written out: the
# compiler need not look for more of them. With -O1 powers of factors take half as long again. What else is left out
# takes a fifth of the compiler's time, and gains nothing that can be measured.
SINGLE = [
    "-O2",
    "-fno-tree-vectorize",
    "-fno-tree-pre",
    "-fno-code-hoisting",
    "-fno-gcse",
    "-fno-schedule-insns2",
    "-fno-tree-vrp",
    "-fno-ivopts",
    "-fno-partial-inlining",
    "-fno-tree-tail-merge",
    "-fno-crossjumping",
    "-fno-thread-jumps",
    "-fno-peephole2",
    "-fno-tree-ter",
    "-fno-cse-follow-jumps",
    "-fno-rerun-cse-after-loop",
    "-fno-reorder-blocks",
]
# The arithmetic of native/double_double.hpp is wrong if products and sums are contracted.
KERNELS = {
    **{f"tracker_{name}": flags if X86 else ["-O2"] for name, flags in INSTRUCTION_SETS.items()},
    **{f"single_tracker_{name}": [*flags, *SINGLE] for name, flags in INSTRUCTION_SETS.items() if flags or not X86},
    **{f"refiner_{name}": [*flags, "-ffp-contract=off"] for name, flags in INSTRUCTION_SETS.items()},
}
#: The sources that are compiled once, without flags of an instruction set.
MODULE = ["native/module.cpp", "native/dispatch.cpp", "native/threads.cpp"]
#: The module that verifies and classifies points about which nothing is in doubt.
PLAIN = "homotopy_lcn.tracking._plain"
# The loops copy a few numbers each: a call of memcpy in their place takes as long as the arithmetic. With -O2 the
# compiler takes half as long again, for surveys that are 4 % faster, and single calls that are not.
PLAIN_FLAGS = ["-fno-tree-loop-distribute-patterns", "-fstrict-aliasing", "-finline-small-functions"]
MACROS = [("HOMOTOPY_LCN_X86", "1")] if X86 else []
SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]
SANITIZED = [*SANITIZE, "-fno-omit-frame-pointer", "-g1", "-O1", "-DHOMOTOPY_LCN_FEW_SHAPES"]


class BuildKernel(build_ext):
    """Compiles the sources in parallel, each with the flags of its instruction set."""

    def build_extension(self, ext: Pybind11Extension) -> None:
        sanitize = os.environ.get("HOMOTOPY_LCN_SANITIZE") == "1"
        ext.optional = not sanitize
        compile_args = [*FLAGS, *(SANITIZED if sanitize else [])]
        ext.extra_compile_args += compile_args
        ext.extra_link_args += ["-pthread", *(SANITIZE if sanitize else [])]
        if ext.name == PLAIN:
            # The same numbers whether or not the processor contracts products and sums.
            ext.extra_compile_args += ["-ffp-contract=off", *([] if sanitize else PLAIN_FLAGS)]
            super().build_extension(ext)
            return

        def compile_one(item: tuple[str, list[str]]) -> list[str]:
            name, flags = item
            return self.compiler.compile(
                [str(Path("native") / f"{name}.cpp")],
                output_dir=self.build_temp,
                macros=MACROS,
                include_dirs=["native"],
                extra_postargs=[*FLAGS, "-fvisibility=hidden", *flags, *(SANITIZED if sanitize else [])],
                depends=[str(path) for path in Path("native").glob("*.hpp")],
            )

        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            objects = list(pool.map(compile_one, KERNELS.items()))
        ext.extra_objects = [path for paths in objects for path in paths]
        super().build_extension(ext)


setup(
    ext_modules=[
        Pybind11Extension(
            "homotopy_lcn.tracking._native",
            MODULE,
            include_dirs=["native"],
            define_macros=MACROS,
            depends=[str(path) for path in sorted(Path("native").glob("*.hpp"))],
            optional=True,
        ),
        Pybind11Extension(
            PLAIN,
            ["native/plain_points.cpp"],
            include_dirs=["native"],
            depends=[str(path) for path in sorted(Path("native").glob("*.hpp"))],
            optional=True,
        ),
    ],
    cmdclass={"build_ext": BuildKernel},
)
