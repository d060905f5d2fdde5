# SPDX-License-Identifier: GPL-2.0
"""Run a machine of the matrix in QEMU, with its console and GPIO lines."""

import configparser
import contextlib
import glob
import json
import os
import queue
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import typing

QEMU_DIR = os.path.dirname(os.path.abspath(__file__))
TESTING = os.path.dirname(QEMU_DIR)
TOP = os.path.dirname(TESTING)
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"),
                     "notify_multi")

# Parts of kernel messages about problems that a test may not notice.
KERNEL_PROBLEMS = (
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

# Firmware of the board with ACPI, from Debian's package qemu-efi-aarch64.
UEFI = "/usr/share/qemu-efi-aarch64/QEMU_EFI.fd"
# Later versions of this machine have no PL061 when they boot with firmware.
UEFI_MACHINE = "virt-4.1"

# Numbers of lines per GPIO controller, the time limit for the guest to clear a pending interrupt, and
# the time that the hard handler may need after that to read the level.
CHIP_LINES = 32
TAKEN_SECONDS = 20
HANDLER_SECONDS = 0.01

# The interrupt controller of the virt board.
GIC = 0x8000000
# The PL031's registers: time, alarm, masked interrupt status.
PL031_DR, PL031_MR, PL031_MIS = 0x9010000, 0x9010004, 0x9010018
ALARM_SECONDS = 20
# The control register of the console, whose receiver is off while the system is suspended, and the
# time from there until interrupts are suspended.
PL011_CR, PL011_RXE = 0x9000030, 1 << 9
SUSPEND_SECONDS = 0.5
# Long enough for many interrupts, too short for the kernel to disable the line ("nobody cared").
PULSE_SECONDS = 0.002
TOGGLE_SECONDS = 1
# The guest's requests to GpioLines.
GPIO_REQUESTS = ("@line ", "@toggle ", "@interrupt ", "@pulse ", "@alarm ", "@ring ", "@sleep ",
                 "@wake ")
# A console that is silent for this long is prompted.
PROMPT_SECONDS = 30
REBOOT_SECONDS = 5
# Phandles of GPIO controllers to which no node refers.
FIRST_PHANDLE = 4660
KERNEL_LINE = re.compile(r"\[ *\d+\.\d{6}\]")
# The beginning of a test result or of a line of the guest's script, cut by a kernel message.
CUT = re.compile(r"([on]|@(?!out)).*?(?=\[ *\d+\.\d{6}\] )")


class System(typing.NamedTuple):
    """QEMU's emulation of an architecture. Those with a board have their options in its entry."""

    program: str
    options: tuple = ()
    console: str = ""
    # Maximum in MB.
    memory: int = 4096


# amd64: the ACPI code of QEMU's other PC computes the interrupt routing of PCI devices in a loop,
# which on a kernel with KASAN may exceed Linux' limit of 30 s.
SYSTEMS = {
    "amd64": System("qemu-system-x86_64", ("-machine", "q35", "-cpu", "max"), "ttyS0"),
    "arm64": System("qemu-system-aarch64"),
    # io_uring of 6.1 oopses on buffer rings in high memory.
    "armhf": System("qemu-system-arm", memory=700),
    "riscv64": System("qemu-system-riscv64", ("-machine", "virt"), "ttyS0"),
    "s390x": System("qemu-system-s390x", ("-cpu", "max"), "ttysclp0"),
    # User-Mode Linux is a program itself.
    "um": System("", (), "tty0"),
}

# CPUs to count instructions. With erms and fsrm, QEMU would count every byte of a copy. The clock of
# arm64 must have 1 GHz.
ICOUNT_CPUS = {"amd64": "max,-erms,-fsrm", "arm64": "cortex-a76,cntfrq=1000000000"}


class Chip(typing.NamedTuple):
    """A GPIO controller of a board: a line of "chips" in the file boards."""

    node: str
    address: int
    first: int
    pending: int

    @classmethod
    def parse(cls, line):
        """Parse a line. The name of a node contains its address."""
        node, first, pending = line.split()
        address = int(node.rpartition("@")[2], 16)
        return cls(node, address, int(first), address + int(pending, 16))


class Board:
    """An entry of the file boards."""

    def __init__(self, entry):
        self.machine = entry.get("machine")
        self.options = tuple(entry["options"].split())
        self.cpus = entry.getint("cpus", 2)
        self.memory = entry.getint("memory", 0)
        self.console = entry["console"]
        self.dtb = entry.get("dtb")
        self.chips = [Chip.parse(line) for line in entry["chips"].splitlines()]
        self.overlays = tuple(entry["overlays"].split())
        self.tests = entry.get("tests", "").split()


class MachineError(Exception):
    """A machine, its build or one of its tools failed."""


def numbers(text):
    """Parse numbers that are separated by commas."""
    return [int(word) for word in text.split(",")]


def exit_with(main):
    """Exit with the status of main() or an error message. Die by SIGINT after ^C."""
    try:
        sys.exit(main())
    except (MachineError, OSError) as error:
        sys.exit(f"{os.path.basename(sys.argv[0])}: {error}")
    except KeyboardInterrupt:
        # Python cleans up and raises the signal, so that a shell ends its loop.
        sys.excepthook = lambda *_: None
        raise


def progress(text):
    """Print a progress message."""
    print(f"== {text}", file=sys.stderr, flush=True)


def table():
    """Return the rows of the table of machines, as lists of columns."""
    with open(os.path.join(QEMU_DIR, "machines"), encoding="ascii") as rows:
        return [row.split() for row in rows if row.strip() and not row.startswith("#")]


def boards():
    """Return the boards by the names of their sections."""
    entries = configparser.ConfigParser()
    with open(os.path.join(QEMU_DIR, "boards"), encoding="ascii") as file:
        entries.read_file(file)
    return {name: Board(entries[name]) for name in entries.sections()}


def board_of(name, arch=None):
    """Return the board of a machine, or None. arch is that of a machine not in the table."""
    known = boards()
    return known.get(name) or known.get(arch or machine_arch(name))


def machines(words):
    """Return the names of the machines and boards selected by names and kinds."""
    rows = [(columns[0], columns[5]) for columns in table()]
    rows += [(name, "all") for name, board in boards().items() if board.machine]
    names = []
    for word in words:
        selected = [row[0] for row in rows if word in row]
        if not selected:
            raise MachineError(f"no machine or kind {word} in testing/qemu/machines or boards")
        names += [name for name in selected if name not in names]
    return names


def kernel_machine(name):
    """Return the name of the machine whose kernel a machine boots."""
    board = boards().get(name)
    return board.machine if board else name


def kernel_directory(name):
    """Return the directory with the files of a machine's kernel package."""
    return os.path.join(CACHE, "kernels", kernel_machine(name))


def kernel_release(name):
    """Return the release of a machine's kernel, or "-" if it was not fetched."""
    try:
        with open(os.path.join(kernel_directory(name), "done"), encoding="ascii") as done:
            return done.read().strip()
    except FileNotFoundError:
        return "-"


def machine_row(name):
    """Return the columns of a machine."""
    for columns in table():
        if columns[0] == kernel_machine(name):
            return columns
    raise MachineError(f"no machine {name} in testing/qemu/machines")


def machine_arch(name):
    """Return Debian's name of a machine's architecture."""
    return machine_row(name)[1]


def is_debug(name):
    """Return true if a machine has a debug kernel, on which programs are slow."""
    return machine_row(name)[5] == "debug"


def build(name, kind):
    """Build for a machine and return the directory of the build. See build.sh for the kinds."""
    script = os.path.join(QEMU_DIR, "build.sh")
    result = subprocess.run([script, kernel_machine(name), kind], stdout=subprocess.PIPE, text=True,
                            timeout=1800)
    if result.returncode:
        raise MachineError(f"the build for {name} failed")
    return result.stdout.strip()


def reports_problem(line):
    """Return true if a line of the kernel log reports a problem."""
    return any(word in line for word in KERNEL_PROBLEMS)


def connect(path, seconds=20):
    """Connect to a socket of QEMU, which may not exist yet."""
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
                raise MachineError(f"QEMU did not create {path}") from None
            time.sleep(0.05)


class Monitor:
    """QEMU's monitor."""

    def __init__(self, directory):
        self.socket = connect(os.path.join(directory, "qmp"))
        self.stream = self.socket.makefile("rw")
        self.stream.readline()
        self.execute("qmp_capabilities")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()
        self.socket.close()

    def execute(self, command, **arguments):
        """Execute a command and return its result; None if it failed."""
        self.stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.stream.flush()
        for line in self.stream:
            answer = json.loads(line)
            if "event" not in answer:
                return answer.get("return")
        raise MachineError("QEMU ends")

    def devices(self, path="/machine"):
        """Yield the address of each region of registers, and the path of its device."""
        for child in self.execute("qom-list", path=path):
            name = f"{path}/{child['name']}"
            if child["type"] == "child<memory-region>":
                yield self.execute("qom-get", path=name, property="addr"), path
            elif child["type"].startswith("child<") and child["type"] != "child<irq>":
                yield from self.devices(name)


class GpioLines:
    """The inputs of a board's GPIO controllers and interrupt controller, set by the host."""

    def __init__(self, directory, chips):
        with Monitor(directory) as monitor:
            self.devices = dict(monitor.devices())
        self.chips = chips
        self.socket = connect(os.path.join(directory, "qtest"))
        self.stream = self.socket.makefile("rw", encoding="ascii")
        self.stopped = threading.Event()
        self.toggler = None

    def qtest(self, request):
        """Send a qtest request and return the response."""
        self.stream.write(request + "\n")
        self.stream.flush()
        status, _, response = self.stream.readline().strip().partition(" ")
        if status != "OK":
            raise MachineError(f"{request}: {status} {response}")
        return response

    def set_input(self, address, number, level):
        """Set an input of the device at an address."""
        if address not in self.devices:
            raise MachineError(f"the board has no device at {address:#x}")
        self.qtest(f"set_irq_in {self.devices[address]} unnamed-gpio-in {number} {level}")

    def move(self, line, level):
        """Set a line's level, and wait until the guest has handled the interrupt.

        The controller latches only one edge of a line. A second edge would be merged with the
        first one, or the handler of the first edge would read the level of the second.
        """
        number, line = divmod(int(line), CHIP_LINES)
        chip = self.chips[number]
        line += chip.first
        self.set_input(chip.address, line, level)
        deadline = time.monotonic() + TAKEN_SECONDS
        while self.read(chip.pending) & 1 << line:
            if time.monotonic() > deadline:
                raise MachineError(f"the guest does not handle the interrupt of line {line}")
        time.sleep(HANDLER_SECONDS)

    def read(self, address):
        """Read a register of the board."""
        return int(self.qtest(f"readl {address}"), 16)

    def interrupt(self, spi, level):
        """Set the level of an input of the interrupt controller."""
        self.set_input(GIC, spi, level)

    def pulse(self, spi, _):
        """Raise an input of the interrupt controller for PULSE_SECONDS."""
        self.interrupt(spi, 1)
        time.sleep(PULSE_SECONDS)
        self.interrupt(spi, 0)

    def alarm(self, *_):
        """Make the PL031 request an interrupt. Its line is not connected."""
        deadline = time.monotonic() + ALARM_SECONDS
        while not self.read(PL031_MIS):
            self.qtest(f"writel {PL031_MR} {self.read(PL031_DR)}")
            if time.monotonic() > deadline:
                raise MachineError("the board's PL031 does not raise its alarm")

    def ring(self, spi, _):
        """Raise an input until the guest clears the interrupt of the PL031."""
        deadline = time.monotonic() + TAKEN_SECONDS
        self.alarm()
        self.interrupt(spi, 1)
        while self.read(PL031_MIS):
            if time.monotonic() > deadline:
                raise MachineError("the guest does not handle the interrupt of the PL031")
        self.interrupt(spi, 0)

    def sleep(self, *_):
        """Wait until the guest is suspended."""
        deadline = time.monotonic() + TAKEN_SECONDS
        while self.read(PL011_CR) & PL011_RXE:
            if time.monotonic() > deadline:
                raise MachineError("the guest does not suspend")
        time.sleep(SUSPEND_SECONDS)

    def wake(self, *_):
        """Set the alarm of the suspended guest to the next second."""
        alarm = 0
        while self.read(PL031_DR) > alarm:
            alarm = self.read(PL031_DR) + 1
            self.qtest(f"writel {PL031_MR} {alarm}")

    def toggle(self, line, on):
        """Start to toggle a line, or stop and leave it low."""
        if on == "1":
            self.stopped.clear()
            self.toggler = threading.Thread(target=self.toggle_until_stopped, args=(line,),
                                            daemon=True)
            self.toggler.start()
        else:
            self.stopped.set()
            self.toggler.join()

    def toggle_until_stopped(self, line):
        """Thread: toggle a line. Another thread may close the connection."""
        level = 0
        with contextlib.suppress(MachineError, OSError, ValueError):
            while level or not self.stopped.wait(TOGGLE_SECONDS):
                level = 1 - level
                self.move(line, level)

    def handle(self, request):
        """Handle a request of the guest; see selftests/board.h."""
        name, *arguments = request[1:].split()
        getattr(self, "move" if name == "line" else name)(*arguments)

    def close(self):
        """Close the connection, so that another process can move lines."""
        self.stopped.set()
        self.stream.close()
        self.socket.close()


class CutLines:
    """Joins the parts of a console line that a kernel message has cut."""

    def __init__(self):
        self.beginning = ""

    def join(self, line):
        """Return the line, joined with its beginning if a kernel message had cut it off before.

        If the line itself contains a kernel message, keep its beginning and return the message.
        """
        cut = CUT.match(line)
        if cut:
            self.beginning = cut[0]
            return line[cut.end():]
        if self.beginning and not line.startswith("["):
            line, self.beginning = self.beginning + line, ""
        return line


class Machine:
    """A running machine. Use "with" to terminate it in any case.

    With icount, the clock advances by one nanosecond per instruction. The nodes of a board for our
    drivers come from device tree overlays, or from sources of ACPI tables.
    """

    def __init__(self, name, directory, job, interactive=False, icount=False, memory=None,
                 append="", arch=None, tests=None, overlays=None, tables=()):
        self.name = name
        self.arch = arch or machine_arch(name)
        self.board = board_of(name, arch)
        self.build = directory
        self.job = job
        self.interactive = interactive
        self.icount = icount
        # The kernel poisons all memory at boot, which takes a second per GB.
        self.memory = min(memory or self.board and self.board.memory or
                          (1024 if is_debug(name) else 512), SYSTEMS[self.arch].memory)
        self.append = append
        self.tests = os.environ.get("TESTS", "").split() if tests is None else tests
        self.overlays = self.board.overlays if overlays is None and self.board else overlays
        self.tables = tables
        self.directory = tempfile.mkdtemp(prefix="notify_multi-")
        self.output = queue.Queue()
        self.silence = None
        self.process = None
        self.gpio_lines = None

    def __enter__(self):
        try:
            # The guest ends with this script, also if that is killed.
            command = ["setpriv", "--pdeathsig", "KILL", *self.command()]
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

    def wait(self):
        """Wait until the guest reboots, which ends QEMU. Not all boards can reboot."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(REBOOT_SECONDS)

    def images(self):
        """Return the paths of the kernel and the initramfs."""
        return (os.path.join(kernel_directory(self.name), "vmlinuz"),
                os.path.join(self.build, "initramfs"))

    def firmware(self, initrd):
        """Return QEMU's options for the description of the board and the initramfs.

        Additional ACPI tables are in a cpio archive in front of the initramfs.
        """
        if not self.tables:
            return ["-dtb", self.device_tree(), "-initrd", initrd]
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
        """Return the command line of QEMU, or of User-Mode Linux."""
        kernel, initrd = self.images()
        system = self.board or SYSTEMS[self.arch]
        accel = os.environ.get("ACCEL", "tcg")
        append = (f"console={system.console} panic=-1 oops=panic loglevel=5 log_buf_len=4M "
                  f"NM_RUN={self.job} NM_TESTS={'+'.join(self.tests)} {self.append}")
        command = [SYSTEMS[self.arch].program, *system.options, "-nographic", "-no-reboot",
                   "-nodefaults", "-m", str(self.memory),
                   "-chardev", "stdio,id=console,signal=off", "-kernel", kernel]
        if self.arch == "um":
            # It saves system calls with one CPU.
            return [kernel, f"mem={self.memory}M", "ncpus=1", "seccomp=on", "noreboot", "quiet",
                    "con=null", "con0=fd:0,fd:1", f"uml_dir={self.directory}/",
                    f"initrd={initrd}", "NM_LEAK_AGE=1", *append.split()]
        if self.arch == "amd64":
            # A PCI device for notify_irq.
            command += ["-device", "edu"]
            # The timer check at boot fails on a slow host.
            append += " no_timer_check"
            if not self.icount:
                # Make missing initialisation of memory visible.
                append += " init_on_alloc=0 page_poison=1"
        if self.icount:
            command += ["-cpu", ICOUNT_CPUS[self.arch], "-smp", "1", "-accel", "tcg",
                        "-icount", "shift=0,sleep=off"]
            append += " mitigations=off"
        else:
            command += ["-smp", self.cpus(), "-accel", "tcg,thread=multi" if accel == "tcg" else accel]
        if self.arch == "s390x":
            command += ["-device", "sclpconsole,chardev=console"]
        else:
            command += ["-serial", "chardev:console"]
        if self.board:
            command += [*self.firmware(initrd),
                        "-qmp", f"unix:{self.directory}/qmp,server=on,wait=off",
                        "-qtest", f"unix:{self.directory}/qtest,server=on,wait=off",
                        "-qtest-log", "none"]
        else:
            command += ["-initrd", initrd]
        return [*command, "-append", append]

    def cpus(self):
        """Return the number of CPUs, as QEMU's option."""
        return str(self.board.cpus if self.board else 2)

    def base_tree(self):
        """Return the path of the board's device tree without our nodes."""
        if self.board.dtb:
            found = glob.glob(os.path.join(kernel_directory(self.name), "usr/lib/linux-image-*",
                                           self.board.dtb))
            if not found:
                raise MachineError(f"the kernel package has no {self.board.dtb}")
            return found[0]
        path = os.path.join(self.directory, "base.dtb")
        run_quietly([SYSTEMS[self.arch].program, *self.board.options, "-machine", f"dumpdtb={path}",
                     "-m", str(self.memory), "-smp", self.cpus(), "-nographic", "-nodefaults"])
        return path

    def enable_chip(self, tree, node, phandle):
        """Enable a node of a device tree. Return its phandle, or set it if it has none."""
        run_quietly(["fdtput", "-t", "s", tree, node, "status", "okay"])
        present = run_quietly(["fdtget", "-t", "u", "-d", "0", tree, node, "phandle"]).strip()
        if present != "0":
            return present
        run_quietly(["fdtput", "-t", "u", tree, node, "phandle", str(phandle)])
        return str(phandle)

    def device_tree(self):
        """Write the board's device tree with our nodes and return its path."""
        path, base = [os.path.join(self.directory, name) for name in ("board.dtb", "enabled.dtb")]
        shutil.copyfile(self.base_tree(), base)
        phandles = [self.enable_chip(base, chip.node, FIRST_PHANDLE + number)
                    for number, chip in enumerate(self.board.chips)]
        overlays = []
        for name in self.overlays:
            text = run_quietly([
                "cpp", "-nostdinc", "-undef", "-x", "assembler-with-cpp", "-P",
                f"-DCHIP={phandles[0]}", f"-DFIRST={self.board.chips[0].first}",
                "-I", os.path.join(TOP, "selftests"),
                os.path.join(QEMU_DIR, name + ".dts.in")])
            overlays.append(os.path.join(self.directory, name + ".dtbo"))
            run_quietly(["dtc", "-q", "-@", "-I", "dts", "-O", "dtb", "-o", overlays[-1]], text)
        if not overlays:
            return base
        run_quietly(["fdtoverlay", "-i", base, "-o", path, *overlays])
        return path

    def gpio(self):
        """Return the lines of the GPIO controller."""
        if not self.gpio_lines:
            self.gpio_lines = GpioLines(self.directory, self.board.chips)
        return self.gpio_lines

    def read_console(self):
        """Thread: pass the console's lines to lines()."""
        lines = CutLines()
        for line in self.process.stdout:
            self.output.put(lines.join(line.rstrip("\r\n")))
        self.output.put(None)

    def lines(self, seconds):
        """Yield the console's lines until the machine ends. Raise MachineError after a timeout.

        If self.silence limits the seconds without a line of a program, an empty line is sent
        first: after a suspend the kernel's serial port may not continue to send until it receives
        something. No line is sent while instructions are counted.
        """
        never_prompts = self.silence is None or self.icount
        deadline = time.monotonic() + seconds
        last_line, prompted = time.monotonic(), never_prompts
        while True:
            limit = min(deadline, last_line + (self.silence or seconds))
            wake = limit if prompted else min(limit, last_line + PROMPT_SECONDS)
            try:
                line = self.output.get(timeout=max(wake - time.monotonic(), 0.01))
            except queue.Empty:
                if wake == limit:
                    raise MachineError("hangs") from None
                self.send("")
                prompted = True
                continue
            if line is None:
                return
            # An empty line may be the echo of the prompt.
            if line and not KERNEL_LINE.match(line):
                last_line, prompted = time.monotonic(), never_prompts
            yield line

    def send(self, text):
        """Send a line to the console."""
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()


def pin_cpus(pid):
    """Bind the threads of User-Mode Linux, its CPUs, so that they run at the same time.

    Processes of the guest would inherit the CPU of the thread that creates them.
    """
    threads = sorted(int(thread) for thread in os.listdir(f"/proc/{pid}/task"))
    for thread, cpu in zip(threads, sorted(os.sched_getaffinity(0))):
        os.sched_setaffinity(thread, {cpu})


def run_quietly(command, text="", binary=False):
    """Run a tool and return its output. Raise MachineError if it fails."""
    result = subprocess.run(command, input=text.encode(), capture_output=True, timeout=60)
    if result.returncode:
        raise MachineError(f"{' '.join(command)}: {result.stderr.decode().strip()}")
    return result.stdout if binary else result.stdout.decode()
