"""A virtual machine with its own kernel, udev, USB serial devices and camera, and the devices' other ends out here.

QEMU without hardware support (TCG). The relay board and the scanner are USB serial adapters that can be plugged in and
out while it runs; the camera is the kernel's `vivid`.
"""

import json
import os
import re
import socket
import subprocess
import threading

from agent.clock.clock import Clock
from tests.support.waiting import eventually

START_S = 30.0
BOOT_S = 1200.0
COMMAND_S = 1200.0
ENDED = re.compile(rb"ENDED=(\d+)\r?\n\Z")
# Without parts that the machine has no use for and whose drivers take seconds to start.
HARDWARE = (
    *("-M", "q35,sata=off,smbus=off", "-m", "2048", "-rtc", "base=utc,clock=host"),
    *("-cpu", "max,svm=off,aes=off,pclmulqdq=off,sha-ni=off,la57=off"),
)
PROCESSORS = ("-accel", "tcg,thread=multi", "-smp", "2")
# One processor, for whose clock every instruction takes a nanosecond: it tells the same on a busy machine as on an idle
# one.
COUNTED = ("-accel", "tcg", "-icount", "shift=0,sleep=on")


class Socket:
    """A serial line of the machine: what it sends is kept in `heard`."""

    def __init__(self, path, heard=None):
        """`heard` is given what comes, in a thread."""
        self._socket = socket.socket(socket.AF_UNIX)
        eventually(lambda: _connected(self._socket, path), START_S, f"QEMU's {path.name}")
        self.heard = bytearray()
        self._heard = heard
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while data := _received(self._socket):
            self.heard += data
            if self._heard is not None:
                self._heard(data)

    def send(self, data):
        self._socket.sendall(data)

    def close(self):
        self._socket.close()


class RelayBoard:
    """The board at the other end of the USB cable: obeys LCUS frames, and notes when relay 1 was switched on."""

    def __init__(self, path):
        self.pulses = 0
        self.on = False
        self._buffer = bytearray()
        self._line = Socket(path, self._take)

    def _take(self, data):
        self._buffer += data
        while len(self._buffer) >= 1:
            if self._buffer[0] == 0xFF:  # what is the state of all?
                del self._buffer[0]
                self._line.send(f"CH1:{'ON' if self.on else 'OFF'} \r\nCH2:OFF \r\n".encode())
            elif self._buffer[0] != 0xA0:
                del self._buffer[0]
            elif len(self._buffer) < 4:
                return
            else:
                _, channel, operation, _ = self._buffer[:4]
                del self._buffer[:4]
                if channel == 1:
                    self.pulses += operation == 1 and not self.on
                    self.on = operation == 1

    def power_off(self):
        """The machine is gone, and the USB power of the board with it."""
        self.on = False
        self._line.close()


class Machine:
    """The machine. `scratch`: a folder for its sockets and console.log.

    `packages`: a file system image that it may read. `heard` is given what the machine says on its third serial line.
    """

    def __init__(self, image, disk, packages, scratch, heard=lambda _data: None):
        self._image, self._disk, self._packages, self._scratch = image, disk, packages, scratch
        self._heard = heard
        self.console = scratch / "console.log"
        self._process = None

    def start(self, snapshot=None, plugged=(), processors=PROCESSORS):
        """Switch it on with what is plugged in, or go on from a snapshot; returns when it obeys."""
        for old in self._scratch.glob("*.sock"):
            old.unlink()
        line = {name: self._scratch / f"{name}.sock" for name in ("control", "told", "relay", "scanner", "qmp")}
        command = [
            *("qemu-system-x86_64", *HARDWARE, *processors, *("-nodefaults", "-display", "none", "-nic", "none")),
            *("-kernel", self._image / "kernel", "-initrd", self._image / "initrd"),
            *("-append", "root=/dev/vda rw console=ttyS0 net.ifnames=0 mitigations=off quiet"),
            *("-drive", f"file={self._disk},if=virtio,format=qcow2"),
            *("-drive", f"file={self._packages},if=virtio,format=raw,readonly=on"),
            *("-chardev", f"file,id=console,path={self.console},append=on"),
            *("-serial", "chardev:console", "-serial", f"unix:{line['control']},server=on,wait=off"),
            *("-serial", f"unix:{line['told']},server=on,wait=off"),
            *("-qmp", f"unix:{line['qmp']},server=on,wait=off", "-device", "qemu-xhci,id=xhci"),
            *("-chardev", f"socket,id=relay,path={line['relay']},server=on,wait=off"),
            *("-chardev", f"socket,id=scanner,path={line['scanner']},server=on,wait=off"),
            *(("-loadvm", snapshot) if snapshot else ()),
            *(word for name in plugged for word in ("-device", _serial_device(name))),
        ]
        self._process = subprocess.Popen([*map(str, command)], stdin=subprocess.DEVNULL)
        self._control = Socket(line["control"])
        self._qmp = Qmp(line["qmp"])
        self.board = RelayBoard(line["relay"])
        self.scanner = Socket(line["scanner"])
        Socket(line["told"], self._heard)
        if snapshot is None:
            self._until_it_obeys()
        else:
            self.run(f"date --utc --set=@{Clock().now().utc:.0f}")

    def restart(self):
        """Restart it in order; what is plugged in stays so."""
        self._control.heard.clear()
        self._control.send(b"systemctl reboot\n")
        self._until_it_obeys()

    def _until_it_obeys(self):
        eventually(lambda: b"CONTROL-READY" in self._control.heard or None, BOOT_S, "the machine to boot")

    def save(self, name):
        """Keep the state of the whole machine; no USB serial device may be plugged in."""
        self._qmp.human(f"savevm {name}")

    def plug(self, name):
        """Plug the relay board or the scanner in."""
        self._qmp.ask("device_add", **json.loads(_serial_device(name)))

    def unplug(self, name):
        """Pull its cable."""
        self._qmp.ask("device_del", id=name)

    def cut_power(self):
        """As when the mains fail: what was only in its memory is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self.board.power_off()

    def run(self, line, *, check=True, within_s=COMMAND_S):
        """Run a line of shell; what it printed."""
        self._control.heard.clear()
        self._control.send(line.encode() + b"\n")
        # What a command prints need not end with a line break.
        ended = eventually(lambda: ENDED.search(self._control.heard), within_s, line)
        text, code = self._control.heard[: ended.start()].decode(errors="replace").replace("\r", ""), int(ended[1])
        assert not check or code == 0, f"{line} ended with {code}:\n{text}"
        return text.strip()

    def until(self, line, wanted, within_s=COMMAND_S):
        """Wait until a line of shell prints what is wanted."""
        eventually(lambda: self.run(line, check=False) == wanted or None, within_s, f"{line}: {wanted}")


class Qmp:
    """QEMU's own control: https://www.qemu.org/docs/master/interop/qmp-spec.html."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX)
        eventually(lambda: _connected(self._socket, path), START_S, "QEMU's control")
        self._file = self._socket.makefile("rw")
        self._file.readline()
        self.ask("qmp_capabilities")

    def ask(self, command, **arguments):
        self._file.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self._file.flush()
        while True:
            answer = json.loads(self._file.readline())
            if "return" in answer or "error" in answer:
                assert "error" not in answer, f"{command}: {answer['error']}"
                return answer["return"]

    def human(self, line):
        said = self.ask("human-monitor-command", **{"command-line": line})
        assert said == "", f"{line}: {said}"


def _serial_device(name):
    """A USB serial adapter whose serial number is its name, as QEMU wants to hear it."""
    device = {"driver": "usb-serial", "chardev": name, "id": name, "serial": name, "always-plugged": True}
    return json.dumps(device)


def _connected(one, path):
    try:
        one.connect(os.fspath(path))
    except OSError:
        return None
    return True


def _received(one):
    try:
        return one.recv(65536)
    except OSError:
        return b""
