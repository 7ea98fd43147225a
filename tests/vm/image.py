"""The disk of the virtual machine: a small Debian 13, made once and kept in build/vm."""

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.vm.machine import HARDWARE, PROCESSORS

FOLDER = Path(__file__).parents[2] / "build" / "vm"
PACKAGES = (
    *("systemd", "systemd-sysv", "dbus", "udev", "kmod", "linux-image-amd64", "initramfs-tools", "e2fsprogs"),
    *("procps", "python3", "libzbar0"),
)
SIZE = "6G"
# Services that a gate does not need, each of which costs seconds here.
MASKED = (
    *("systemd-logind.service", "getty@tty1.service", "serial-getty@ttyS0.service", "systemd-binfmt.service"),
    *("modprobe@drm.service", "modprobe@efi_pstore.service", "modprobe@fuse.service", "ldconfig.service"),
)
# Lines of shell come over the second serial port, their output goes back over it.
CONTROL = """\
[Unit]
After=multi-user.target
[Service]
Restart=always
ExecStart=/bin/bash -c 'exec </dev/ttyS1 >/dev/ttyS1 2>&1; stty raw -echo; echo CONTROL-READY; \
while read -r line; do bash -c "$line" </dev/null; echo "ENDED=$?"; done'
[Install]
WantedBy=multi-user.target
"""
FILES = {
    "etc/systemd/system/control.service": CONTROL,
    "etc/modules-load.d/vivid.conf": "vivid\n",
    "etc/modprobe.d/vivid.conf": "options vivid n_devs=1 node_types=0x1\n",
    "etc/fstab": "/dev/vda / ext4 defaults 0 1\n",
    "etc/hostname": "gate\n",
    # The initial RAM disk: what this machine needs, in place of the drivers of all machines.
    "etc/initramfs-tools/conf.d/machine": "MODULES=list\n",
    "usr/share/initramfs-tools/modules.d/machine": "virtio_pci\nvirtio_blk\next4\n",
}


def ready_image():
    """The folder with kernel, initial RAM disk and disk.qcow2. Takes some minutes the first time."""
    key = hashlib.sha256(repr((PACKAGES, SIZE, MASKED, FILES, HARDWARE, PROCESSORS)).encode()).hexdigest()[:16]
    ready = FOLDER / f"image-{key}"
    if not ready.is_dir():
        FOLDER.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(suffix=".part", dir=FOLDER))
        _make(part)
        part.rename(ready)
    return ready


def _make(folder):
    root = folder / "root"
    sources = sorted(Path("/etc/apt/sources.list.d").glob("debian.*")) or [Path("/etc/apt/sources.list")]
    packages = ",".join(PACKAGES)
    _run(["mmdebstrap", "--mode=root", "--variant=minbase", f"--include={packages}", "trixie", root, *sources])
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    wants = root / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(exist_ok=True)
    (wants / "control.service").symlink_to("/etc/systemd/system/control.service")
    for unit in MASKED:
        (root / "etc/systemd/system" / unit).symlink_to("/dev/null")
    _run(["chroot", root, "update-initramfs", "-u", "-k", "all"])
    for name, pattern in (("kernel", "vmlinuz-*"), ("initrd", "initrd.img-*")):
        shutil.copy(next((root / "boot").glob(pattern)), folder / name)
    raw = folder / "disk.raw"
    _run(["mke2fs", "-F", "-q", "-t", "ext4", "-L", "root", "-d", root, raw, SIZE])
    _run(["qemu-img", "convert", "-O", "qcow2", raw, folder / "disk.qcow2"])
    raw.unlink()
    shutil.rmtree(root)


def _run(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=None)
    assert done.returncode == 0, f"{command[0]}: {done.stdout[-1000:]}{done.stderr[-3000:]}"
