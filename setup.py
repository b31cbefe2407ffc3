"""The compiled kernel, the one thing that pyproject.toml cannot describe: optional, so that an installation without a
compiler goes on with the references in Python."""

from pathlib import Path

from setuptools import Extension, setup

FLAGS = [
    "-O3",
    "-std=c++17",
    # Not one operation may be fused or reordered: the numbers are those of the reference, at every vector width.
    "-ffp-contract=off",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fvisibility=hidden",
    "-Wno-psabi",
]

sources = sorted(str(path) for path in Path("src/trialwright").glob("**/kernel/*.cpp"))
parts = sorted(str(path) for kind in ("*.h", "*.inc") for path in Path("src/trialwright").glob(f"**/kernel/{kind}"))
folders = sorted({str(Path(source).parent) for source in sources})

setup(
    ext_modules=[
        Extension(
            "trialwright.compute._kernel",
            sources=sources,
            depends=parts,
            include_dirs=folders,
            extra_compile_args=FLAGS,
            language="c++",
            optional=True,
        )
    ]
)
