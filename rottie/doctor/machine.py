"""The machine: disk, memory, processors, GPU, and whether several threads help or harm here."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import psutil

from rottie.doctor import Finding
from schemas.settings import Home

GB = 1e9
NEEDED_MEMORY_GB = 4.0  # the stack while it trains the starter pipeline with one worker
FEATURES = ("avx2", "avx512f", "amx_tile", "neon", "asimd")
_THREADS = """
import json, os, time, torch
def rate(threads):
    torch.set_num_threads(threads)
    a = torch.randn(384, 384)
    for _ in range(5): a @ a
    begun, done = time.perf_counter(), 0
    while time.perf_counter() - begun < 0.6:
        for _ in range(10): torch.nn.functional.relu(a @ a)
        done += 10
    return done / (time.perf_counter() - begun)
print(json.dumps([rate(1), rate(int(os.environ["ROTTIE_THREADS"])), torch.cuda.is_available()]))
"""


def check_disk(home: Home) -> Finding:
    there = home.root
    while not there.exists():
        there = there.parent
    free = psutil.disk_usage(str(there)).free / GB
    message = f"{free:.1f} GB free for {home.root}"
    if free < 1:
        return Finding("disk", "fail", message, "The stack refuses to start below 1 GB: free some space.")
    if free < 5:
        return Finding("disk", "warn", message, "Models, datasets and logs grow: free some space soon.")
    return Finding("disk", "ok", message)


def check_memory() -> Finding:
    memory = psutil.virtual_memory()
    limit = _container_limit()
    total = min(memory.total, limit or memory.total) / GB
    message = f"{memory.available / GB:.1f} of {total:.1f} GB free"
    if total < 2:
        return Finding("memory", "fail", message, "The stack alone takes 1.4 GB: use a machine with at least 4 GB.")
    if memory.available / GB < NEEDED_MEMORY_GB:
        advice = (
            "Close other programs before training, or set profile.workers.count=1 and a smaller profile.stack.object_store_mb."
        )
        return Finding("memory", "warn", message, advice)
    return Finding("memory", "ok", message)


def _container_limit() -> int | None:
    """The memory limit of the control group, in bytes, where there is one."""
    for name in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            text = Path(name).read_text().strip()
        except OSError:
            continue
        if text.isdigit() and int(text) < 2**60:
            return int(text)
    return None


def processor_flags() -> set[str]:
    """Feature names as /proc/cpuinfo gives them; empty where the system has no such file."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return set()
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("flags", "Features"):
            return set(value.split())
    return set()


def check_processor() -> Finding:
    flags = processor_flags()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    present = [name for name in FEATURES if name in flags]
    message = f"{cores} CPUs, {platform.machine()}, {', '.join(present) or 'no features known'}"
    if platform.machine() in ("x86_64", "AMD64") and flags and "avx2" not in flags:
        return Finding("processor", "warn", message, "Without AVX2 models decode several times slower.")
    if cores < 2:
        return Finding("processor", "warn", message, "Training and answering share one core: expect slow replies while training.")
    return Finding("processor", "ok", message)


def check_gpu() -> Finding:
    """By nvidia-smi alone; whether torch can use it comes with the threads' measurement."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return Finding("gpu", "ok", "none found; everything runs on the processor")
    command = [tool, "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return Finding("gpu", "warn", "nvidia-smi does not answer", "Check the driver; `nvidia-smi` must print the GPU.")
    if done.returncode:
        return Finding("gpu", "warn", f"nvidia-smi fails: {done.stdout.strip()[:100]}", "Check the driver.")
    return Finding("gpu", "ok", "; ".join(done.stdout.strip().splitlines()))


def check_threads(gpu_seen: bool) -> list[Finding]:
    """Matrix products a second with one thread and with one a core, in a process of its own."""
    cores = os.cpu_count() or 1
    variables = {**os.environ, "ROTTIE_THREADS": str(cores)}
    variables.pop("OMP_NUM_THREADS", None)
    try:
        done = subprocess.run(
            [sys.executable, "-c", _THREADS], capture_output=True, text=True, timeout=120, env=variables, check=True
        )
        alone, together, cuda = json.loads(done.stdout.strip().splitlines()[-1])
    except (subprocess.SubprocessError, ValueError, IndexError) as error:
        return [Finding("torch", "fail", f"torch does not run: {type(error).__name__}", "Install again: `make clean run`.")]
    gain = together / alone
    message = f"{cores} threads do {gain:.1f} times the work of one"
    found = []
    if cores > 1 and gain < 0.9:
        found.append(Finding("threads", "warn", message, "Leave profile.workers.threads and engine.threads at 1 here."))
    else:
        found.append(Finding("threads", "ok", message))
    if gpu_seen and not cuda:
        advice = "Install the CUDA build of torch, or set profile.workers.gpus=0."
        found.append(Finding("torch", "warn", "a GPU is there, but this torch cannot use it", advice))
    return found
