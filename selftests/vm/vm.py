# SPDX-License-Identifier: GPL-2.0
"""A machine of the matrix in QEMU: its console, and the lines of its GPIO controller."""

import json
import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import typing

VM_DIR = os.path.dirname(os.path.abspath(__file__))
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"),
                     "notify_multi")

# What the kernel says when something went wrong that no test may have noticed.
KERNEL_COMPLAINTS = (
    "WARNING:", "BUG:", "BUG ", "kernel BUG", "Oops", "Call Trace", "Kernel panic",
    "general protection", "Unable to handle kernel", "Internal error", "KASAN", "KCSAN", "UBSAN",
    "unreferenced object", "suspected memory leak", "kmemleak: Cannot insert", "kmemleak_object",
    "detector disabled",
    "ODEBUG", "pagealloc:", "Slab corruption", "usercopy:",
    "possible circular locking", "possible recursive locking", "inconsistent lock state",
    "lockdep is turned off", "locking correctness validator", "trying to register non-static key",
    "bad unlock balance", "held lock freed", "suspicious RCU usage", "rcu: INFO", "self-detected",
    "soft lockup", "hung_task", "blocked for more than", "STILL REQUESTED",
    "refcount_t:", "list_add corruption", "list_del corruption", "cannot create duplicate",
    "sleeping function called", "scheduling while atomic", "irq event", "nobody cared",
)

# The firmware of the board that has ACPI: Debian's package qemu-efi-aarch64.
UEFI = "/usr/share/qemu-efi-aarch64/QEMU_EFI.fd"
# The last one whose ACPI has the PL061: later ones with a firmware have none at all.
UEFI_MACHINE = "virt-4.1"

# The PL061's register of interrupts that wait, how long one may, and how long the hard
# handler may need to read the level after it has acknowledged the interrupt.
PL061_MIS = 0x9030418
TAKEN_SECONDS = 20
HANDLER_SECONDS = 0.003

# The PL031's time, the register of its alarm, and that of its interrupt.
PL031_DR, PL031_MR, PL031_MIS = 0x9010000, 0x9010004, 0x9010018
ALARM_SECONDS = 20
# Long enough for many interrupts, short enough for the kernel not to turn a line off that
# nobody cares for.
PULSE_SECONDS = 0.002
# After so long a silence, a console is prompted.
PROMPT_SECONDS = 60


class System(typing.NamedTuple):
    """How QEMU emulates an architecture. A board has a PL061 and a device tree."""

    program: str
    options: tuple
    console: str
    board: bool = False
    # In MB, the most that it may have.
    memory: int = 4096


# Where interrupts of a card go is asked of the firmware: that of QEMU's other PC computes it in
# a loop which may take longer, on a kernel with KASAN, than the 30 s that Linux has for it.
# Of the processors of 64-bit ARM this is one that has pages of 4, 16 and 64 kB.
SYSTEMS = {
    "amd64": System("qemu-system-x86_64", ("-machine", "q35", "-cpu", "max"), "ttyS0"),
    "arm64": System("qemu-system-aarch64", ("-machine", "virt", "-cpu", "cortex-a76"),
                    "ttyAMA0", board=True),
    # None of its memory is high: the io_uring of 6.1 oopses on rings of buffers there.
    "armhf": System("qemu-system-arm", ("-machine", "virt,highmem=off", "-cpu", "cortex-a15"),
                    "ttyAMA0", board=True, memory=700),
    "riscv64": System("qemu-system-riscv64", ("-machine", "virt"), "ttyS0"),
    "s390x": System("qemu-system-s390x", ("-cpu", "max"), "ttysclp0"),
}


class MachineError(Exception):
    """The machine did not do what it was asked to."""


def say(text):
    """Tells the user what is going on."""
    print(f"== {text}", file=sys.stderr, flush=True)


def table():
    """The rows of the table of machines, as lists of their columns."""
    with open(os.path.join(VM_DIR, "machines"), encoding="ascii") as rows:
        return [row.split() for row in rows if row.strip() and not row.startswith("#")]


def machines(words):
    """The names of machines that are meant by names and kinds."""
    rows = table()
    names = []
    for word in words:
        meant = [columns[0] for columns in rows if word in (columns[0], columns[5])]
        if not meant:
            raise MachineError(f"no machine or kind {word} in selftests/vm/machines")
        names += [name for name in meant if name not in names]
    return names


def kernel_release(name):
    """The release of a machine's kernel, if it was fetched."""
    try:
        with open(os.path.join(CACHE, "kernels", name, "done"), encoding="ascii") as done:
            return done.read().strip()
    except FileNotFoundError:
        return "-"


def machine_arch(name):
    """Debian's name of a machine's architecture."""
    for columns in table():
        if columns[0] == name:
            return columns[1]
    raise MachineError(f"no machine {name} in selftests/vm/machines")


def build(name, *options):
    """Builds what the machine boots, and returns the build's directory."""
    script = os.path.join(VM_DIR, "build.sh")
    result = subprocess.run([script, name, *options], stdout=subprocess.PIPE, text=True, timeout=1800)
    if result.returncode:
        raise MachineError(f"the build for {name} failed")
    return result.stdout.strip()


def complaint(line):
    """Whether a line of the kernel's log says that something went wrong."""
    return any(word in line for word in KERNEL_COMPLAINTS)


class JsonSocket:
    """QEMU's monitor: a request and its answer, a JSON object each."""

    def __init__(self, path):
        self.socket = connect(path)
        self.stream = self.socket.makefile("rw", encoding="utf-8")
        self.stream.readline()
        self.execute("qmp_capabilities")

    def execute(self, command, **arguments):
        """Runs a command and returns what it answers."""
        self.stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.stream.flush()
        while True:
            answer = json.loads(self.stream.readline() or '{"error": "monitor closed"}')
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise MachineError(f"{command}: {answer['error']}")

    def close(self):
        """Ends the connection."""
        self.stream.close()
        self.socket.close()


def connect(path, seconds=20):
    """Connects to a socket that QEMU is about to make."""
    deadline = time.monotonic() + seconds
    while True:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.connect(path)
            sock.settimeout(seconds)
            return sock
        except OSError:
            sock.close()
            if time.monotonic() > deadline:
                raise MachineError(f"QEMU did not make {path}") from None
            time.sleep(0.05)


class GpioLines:
    """The inputs of a board's PL061 and of its interrupt controller, moved from outside."""

    def __init__(self, directory):
        monitor = JsonSocket(os.path.join(directory, "qmp"))
        devices = monitor.execute("qom-list", path="/machine/unattached")
        monitor.close()
        paths = {d["type"]: f"/machine/unattached/{d['name']}" for d in devices}
        try:
            self.path, self.gic = paths["child<pl061>"], paths["child<arm_gic>"]
        except KeyError as missing:
            raise MachineError(f"the board has no {missing}") from None
        self.socket = connect(os.path.join(directory, "qtest"))
        self.stream = self.socket.makefile("rw", encoding="ascii")

    def ask(self, request):
        """A request of the qtest protocol and its answer."""
        self.stream.write(request + "\n")
        self.stream.flush()
        status, _, answer = self.stream.readline().strip().partition(" ")
        if status != "OK":
            raise MachineError(f"{request}: {status} {answer}")
        return answer

    def move(self, line, level):
        """Sets a line's level, and waits until the guest has taken the interrupt.

        The controller remembers one edge of a line: a second one would be lost in it, or
        be what the handler reads of the first.
        """
        self.ask(f"set_irq_in {self.path} unnamed-gpio-in {line} {level}")
        deadline = time.monotonic() + TAKEN_SECONDS
        while self.read(PL061_MIS) & 1 << int(line):
            if time.monotonic() > deadline:
                raise MachineError(f"the guest does not take the interrupt of line {line}")
        time.sleep(HANDLER_SECONDS)

    def read(self, address):
        """What a register of the board has."""
        return int(self.ask(f"readl {address}"), 16)

    def interrupt(self, spi, level):
        """Sets the level of an input of the interrupt controller."""
        self.ask(f"set_irq_in {self.gic} unnamed-gpio-in {spi} {level}")

    def pulse(self, spi):
        """Raises an input of the interrupt controller for a moment."""
        self.interrupt(spi, 1)
        time.sleep(PULSE_SECONDS)
        self.interrupt(spi, 0)

    def alarm(self):
        """Has the PL031 want an interrupt, which goes where nobody hears it."""
        deadline = time.monotonic() + ALARM_SECONDS
        while not self.read(PL031_MIS):
            self.ask(f"writel {PL031_MR} {self.read(PL031_DR)}")
            if time.monotonic() > deadline:
                raise MachineError("the alarm of the board's pl031 does not come")

    def ring(self, spi):
        """Raises that input for as long as the PL031 wants an interrupt."""
        deadline = time.monotonic() + TAKEN_SECONDS
        self.alarm()
        self.interrupt(spi, 1)
        while self.read(PL031_MIS):
            if time.monotonic() > deadline:
                raise MachineError("the guest does not take the interrupt of the pl031")
        self.interrupt(spi, 0)

    def close(self):
        """Ends the connection, so that somebody else can move lines."""
        self.stream.close()
        self.socket.close()


class Toggler(threading.Thread):
    """Moves a line up and down until it is told to stop; then the line is low."""

    SECONDS = 1

    def __init__(self, lines, line):
        super().__init__(daemon=True)
        self.lines = lines
        self.line = line
        self.stopped = threading.Event()
        self.start()

    def run(self):
        level = 0
        while level or not self.stopped.wait(self.SECONDS):
            level = 1 - level
            self.lines.move(self.line, level)

    def stop(self):
        """Returns when the line is low."""
        self.stopped.set()
        self.join()


class Machine:
    """A running machine. Use it with "with": it is ended in any case.

    One that counts has a clock which advances by a nanosecond with each instruction. What
    nodes a board has for us is what the overlays say; or the sources of ACPI tables.
    """

    def __init__(self, name, directory, run, interactive=False, counts=False, memory=1024,
                 append="", arch=None, tests=None, overlays=("board",), tables=()):
        self.name = name
        self.arch = arch or machine_arch(name)
        self.build = directory
        self.run = run
        self.interactive = interactive
        self.counts = counts
        self.memory = memory
        self.append = append
        self.tests = os.environ.get("TESTS", "").split() if tests is None else tests
        self.overlays = overlays
        self.tables = tables
        self.directory = tempfile.mkdtemp(prefix="notify_multi-")
        self.output = queue.Queue()
        self.process = None
        self.gpio_lines = None

    def __enter__(self):
        try:
            command = self.command()
            self.process = subprocess.Popen(
                command, text=True, errors="replace", bufsize=1,
                stdin=None if self.interactive else subprocess.PIPE,
                stdout=None if self.interactive else subprocess.PIPE)
        except BaseException:
            shutil.rmtree(self.directory)
            raise
        if not self.interactive:
            threading.Thread(target=self.read_console, daemon=True).start()
        return self

    def __exit__(self, *_):
        if self.gpio_lines:
            self.gpio_lines.close()
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        shutil.rmtree(self.directory)

    def images(self):
        """The kernel and the initramfs that it boots."""
        return (os.path.join(CACHE, "kernels", self.name, "vmlinuz"),
                os.path.join(self.build, "initramfs"))

    def firmware(self, initrd):
        """What describes the board to the kernel, and what the board boots from.

        With tables it is ACPI: the firmware's, and those, which the kernel takes from a
        small archive in front of the other.
        """
        if not self.tables:
            return ["-dtb", self.board(SYSTEMS[self.arch]), "-initrd", initrd]
        tables = os.path.join(self.directory, "tables")
        place = os.path.join(tables, "kernel", "firmware", "acpi")
        os.makedirs(place)
        for source in self.tables:
            name = os.path.basename(source).removesuffix(".asl")
            run_quietly(["iasl", "-p", os.path.join(place, name), source])
        archive = run_quietly(["cpio", "-o", "--quiet", "-H", "newc", "-D", tables],
                              "".join(f"kernel/firmware/acpi/{name}\n"
                                      for name in os.listdir(place)), binary=True)
        with open(initrd, "rb") as file:
            archive += file.read()
        with open(tables + ".initramfs", "wb") as file:
            file.write(archive)
        return ["-machine", UEFI_MACHINE, "-bios", UEFI, "-initrd", tables + ".initramfs"]

    def command(self):
        """QEMU's command line."""
        kernel, initrd = self.images()
        system = SYSTEMS[self.arch]
        accel = os.environ.get("ACCEL", "tcg")
        append = (f"console={system.console} panic=-1 oops=panic loglevel=5 log_buf_len=4M "
                  f"nm.run={self.run} nm.tests={','.join(self.tests)} "
                  f"{self.append}")
        command = [system.program, *system.options, "-nographic", "-no-reboot", "-nodefaults",
                   "-m", str(min(self.memory, system.memory)),
                   "-chardev", "stdio,id=console,signal=off", "-kernel", kernel]
        if self.arch == "amd64":
            # A card whose registers notify_irq can have.
            command += ["-device", "edu"]
            # The check of its timer at boot is not for a machine that has to wait for the host.
            append += " no_timer_check"
            if not self.counts:
                # What is not zeroed shows.
                append += " init_on_alloc=0 page_poison=1"
        if self.counts:
            # With those two features the emulator would count every byte of a copy.
            command += ["-cpu", "max,-erms,-fsrm", "-smp", "1", "-accel", "tcg",
                        "-icount", "shift=0,sleep=off"]
            append += " mitigations=off"
        else:
            command += ["-smp", "2", "-accel", "tcg,thread=multi" if accel == "tcg" else accel]
        if self.arch == "s390x":
            command += ["-device", "sclpconsole,chardev=console"]
        else:
            command += ["-serial", "chardev:console"]
        if system.board:
            command += [*self.firmware(initrd),
                        "-qmp", f"unix:{self.directory}/qmp,server=on,wait=off",
                        "-qtest", f"unix:{self.directory}/qtest,server=on,wait=off",
                        "-qtest-log", "none"]
        else:
            command += ["-initrd", initrd]
        return [*command, "-append", append]

    def board(self, system):
        """The board's device tree with our nodes in it."""
        path = os.path.join(self.directory, "board.dtb")
        virt, overlays = path + ".virt", []
        machine = ("-machine", f"dumpdtb={virt}")
        run_quietly([system.program, *system.options, *machine, "-m", str(self.memory),
                     "-smp", "2", "-nographic"])
        phandle = run_quietly(["fdtget", "-t", "u", virt, "/pl061@9030000", "phandle"]).strip()
        for name in self.overlays:
            with open(os.path.join(VM_DIR, name + ".dts.in"), encoding="ascii") as source:
                text = source.read().replace("@PL061@", phandle)
            overlays.append(os.path.join(self.directory, name + ".dtbo"))
            run_quietly(["dtc", "-q", "-@", "-I", "dts", "-O", "dtb", "-o", overlays[-1]], text)
        run_quietly(["fdtoverlay", "-i", virt, "-o", path, *overlays])
        return path

    def gpio(self):
        """The lines of its GPIO controller."""
        if not self.gpio_lines:
            self.gpio_lines = GpioLines(self.directory)
        return self.gpio_lines

    def read_console(self):
        """Feeds the console's lines to lines()."""
        for line in self.process.stdout:
            self.output.put(line.rstrip("\r\n"))
        self.output.put(None)

    def lines(self, seconds, silence=None):
        """The console's lines until the machine ends; MachineError when it takes too long.

        Where silence is limited, the machine is prompted by an empty line before: after a
        suspend the kernel's serial port may not see that it can send on until it receives.
        Where instructions are counted, it is left alone.
        """
        prompts = silence is not None and not self.counts
        deadline = time.monotonic() + seconds
        heard, prompted = time.monotonic(), not prompts
        while True:
            limit = min(deadline, heard + (seconds if silence is None else silence))
            if not prompted:
                limit = min(limit, heard + PROMPT_SECONDS)
            try:
                line = self.output.get(timeout=max(limit - time.monotonic(), 0.01))
            except queue.Empty:
                if prompted:
                    raise MachineError(f"{self.name} was silent or did not end in time") from None
                self.send("")
                prompted = True
                continue
            if line is None:
                return
            # The empty line comes back, and is no sign of life.
            if line:
                heard, prompted = time.monotonic(), not prompts
            yield line

    def send(self, text):
        """Types a line at the console."""
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()


def run_quietly(command, text="", binary=False):
    """Runs a tool and returns its output, which is shown only if it fails."""
    result = subprocess.run(command, input=text.encode(), capture_output=True, timeout=60)
    if result.returncode:
        raise MachineError(f"{' '.join(command)}: {result.stderr.decode().strip()}")
    return result.stdout if binary else result.stdout.decode()
