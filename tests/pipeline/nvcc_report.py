"""What ptxas says of every kernel, for every architecture: no spills, at most 64 registers, at most 48 KiB of shared memory.

    nvcc_report.py NVCC SOURCE ARCHITECTURE...
"""
import pathlib
import re
import subprocess
import sys
import tempfile

REGISTERS_MAX, SHARED_MAX = 64, 48 << 10
FLAGS = ["--fmad=false", "--ftz=false", "--prec-div=true", "--prec-sqrt=true", "-Xptxas", "-v", "-cubin"]
KERNEL = re.compile(r"Compiling entry function '(\w+)' for '(\w+)'(.*?)(?=Compiling entry function|\Z)", re.S)


def number(pattern, text):
    found = re.search(pattern, text)
    return int(found.group(1)) if found else 0


def report_of(nvcc, source, architecture, folder):
    done = subprocess.run([nvcc, f"-I{source}", f"-arch=sm_{architecture}", *FLAGS, "-o", f"{folder}/kernels.cubin",
                           f"{source}/kernels/kernels.cu"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"nvcc for sm_{architecture}:\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def complaints(text):
    """(name, what is wrong) of each kernel that is too much; how many there are, and the most of each resource."""
    wrong, count, most = [], 0, {"registers": 0, "shared": 0}
    for name, _, rest in KERNEL.findall(text):
        stores, loads = number(r"(\d+) bytes spill stores", rest), number(r"(\d+) bytes spill loads", rest)
        registers, shared = number(r"Used (\d+) registers", rest), number(r"(\d+) bytes smem", rest)
        count += 1
        most = {"registers": max(most["registers"], registers), "shared": max(most["shared"], shared)}
        if stores or loads or registers > REGISTERS_MAX or shared > SHARED_MAX or not registers:
            wrong.append(f"{name}: {registers} registers, {stores} + {loads} bytes spilled, {shared} bytes shared")
    return wrong, count, most


def expected_kernels(source):
    """At least so many: the rows of device.def that name one kernel each."""
    rows = (pathlib.Path(source) / "kernels" / "device.def").read_text().splitlines()
    return sum(row.startswith("DEVICE_KERNEL(") for row in rows)


def check_the_check():
    """A report with one fault of each kind is refused."""
    good = "Compiling entry function 'k' for 'sm_75'\n 0 bytes spill stores, 0 bytes spill loads\nUsed 64 registers"
    assert not complaints(good)[0]
    assert complaints(good.replace("64 reg", "65 reg"))[0]
    assert complaints(good.replace("0 bytes spill stores", "4 bytes spill stores"))[0]
    assert complaints(good.replace("0 bytes spill loads", "4 bytes spill loads"))[0]
    assert complaints(good + ", 49156 bytes smem")[0]


def main():
    nvcc, source, *architectures = sys.argv[1:]
    check_the_check()
    if not pathlib.Path(nvcc).is_file():
        print("nvcc is not here: the report is not checked")
        raise SystemExit(77)
    failed = False
    with tempfile.TemporaryDirectory(prefix="steelyard-nvcc-") as folder:
        for architecture in architectures:
            wrong, count, most = complaints(report_of(nvcc, source, architecture, folder))
            failed |= bool(wrong) or count < expected_kernels(source)
            print(f"sm_{architecture}: {count} kernels, at most {most['registers']} registers and {most['shared']} bytes "
                  f"of shared memory{', of which too much:' if wrong else ', none too much'}", flush=True)
            for line in wrong:
                print(f"  {line}")
    raise SystemExit(1 if failed else 0)


main()
