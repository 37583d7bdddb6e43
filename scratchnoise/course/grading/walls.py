"""What Linux puts between a process and the rest of the machine: namespaces, an almost empty root, limits.

None of it is a program that has to be installed. An ordinary user may do it where the system lets users have
namespaces; root may do it too, and is then a user without rights before any code of a student runs.
"""

import ctypes
import os
import platform
import resource
import sys
from pathlib import Path

NEW_MOUNTS, NEW_IPC, NEW_USERS, NEW_PROCESSES, NEW_NETWORK = 0x00020000, 0x08000000, 0x10000000, 0x20000000, 0x40000000
READ_ONLY, NO_SET_UID, NO_DEVICES, BIND, RECURSIVE, PRIVATE = 1, 2, 4, 4096, 16384, 1 << 18
DETACH = 2
PARENT_DEATH, DUMPABLE, SUBREAPER, NO_NEW_PRIVILEGES = 1, 4, 36, 38  # of prctl
MOUNT_SETATTR = 442  # the number of this system call on every machine
PIVOT_ROOT = 155 if platform.machine() == "x86_64" else 41  # 41 in the kernel's common table: ARM, RISC-V
HERE, AT_RECURSIVE = -100, 0x8000

NOBODY = 65534
SCRATCH = "/submission"  # where a submission lies in its own root
ASSEMBLY = "/sys"  # any folder that every Linux has and that holds no part of Python
SYSTEM = ("/usr", "/bin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/localtime")
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")

libc = ctypes.CDLL(None, use_errno=True)


def call(name, *arguments):
    """Call a function of the C library. Raises OSError where it returns -1."""
    converted = [
        os.fsencode(a) if isinstance(a, (str, Path)) else ctypes.c_ulong(a) if isinstance(a, int) else a
        for a in arguments
    ]
    result = getattr(libc, name)(*converted)
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


def leave_machine():
    """Leave the network, shared memory and processes of the machine: the next fork is process 1 of a world of its own.

    When process 1 ends, the kernel kills all others there, whatever sessions and parents they have given themselves.
    Raises OSError where the system does not allow it.
    """
    uid, gid = os.geteuid(), os.getegid()
    call("unshare", NEW_IPC | NEW_PROCESSES | NEW_NETWORK | (NEW_USERS if uid else 0))
    if uid:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            Path("/proc/self", name).write_text(text)


def enter_empty_root(files, size, hidden=()):
    """Make a root that holds Python and the system's libraries, read-only, and SCRATCH with files; go there.

    files: {name: bytes}; size: bytes that SCRATCH can hold, in memory, gone with the process. hidden: folders that stay
    invisible even where they lie inside something that is shown. Raises OSError where the system does not allow it.
    """
    call("unshare", NEW_MOUNTS)
    call("mount", "none", "/", None, RECURSIVE | PRIVATE, None)
    call("mount", "tmpfs", ASSEMBLY, "tmpfs", NO_SET_UID | NO_DEVICES, "mode=755,size=1m")
    for path in _shown():
        _show(path, Path(f"{ASSEMBLY}{path}"))
    os.makedirs(ASSEMBLY + SCRATCH)
    os.chdir(ASSEMBLY)
    call("syscall", PIVOT_ROOT, ".", ".")
    call("umount2", ".", DETACH)
    os.chdir("/")
    for folder in hidden:
        if os.path.isdir(folder):
            call("mount", "tmpfs", folder, "tmpfs", 0, "mode=755,size=4k")
    to_set = (ctypes.c_uint64 * 4)(READ_ONLY | NO_SET_UID)
    call("syscall", MOUNT_SETATTR, HERE, "/", AT_RECURSIVE, ctypes.byref(to_set), ctypes.sizeof(to_set))
    call("mount", "tmpfs", SCRATCH, "tmpfs", NO_SET_UID | NO_DEVICES, f"mode=1777,size={size}")
    write_files(files, SCRATCH)


def write_files(files, folder):
    """Write {name: bytes} into a folder, readable for everyone."""
    for name, content in files.items():
        path = Path(folder, name)
        path.write_bytes(content)
        path.chmod(0o644)


def _shown():
    """The paths that Python needs, without those inside another of them.

    Of `sys.path` only the folders of installed packages count: others are somebody's working folder.
    """
    packages = [path for path in sys.path if path.endswith("-packages")]
    wanted = {*SYSTEM, *DEVICES, sys.prefix, sys.base_prefix, *packages}
    paths = sorted(filter(os.path.exists, map(os.path.abspath, wanted)), key=len)
    return [path for path in paths if not any(path.startswith(above + "/") for above in paths)]


def _show(path, target):
    """Bind a file or folder to its place under the new root; a link, such as /bin on many systems, stays a link."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if os.path.islink(path):
        target.symlink_to(os.readlink(path))
        return
    target.mkdir() if os.path.isdir(path) else target.touch()
    call("mount", path, target, None, BIND | RECURSIVE, None)


def drop_rights(own_count):
    """Give up root and every capability for good.

    own_count: start a count of processes of its own, so that the limit means this process and its children, not all of
    the user's. Linux counts them so inside user namespaces.
    """
    call("prctl", NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        if own_count:
            call("unshare", NEW_USERS)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # version 3 of this call; 0: this process
    call("capset", ctypes.byref(header), ctypes.byref((ctypes.c_uint32 * 6)()))
    call("prctl", DUMPABLE, 0, 0, 0, 0)  # no other process may look into this one


def limit(limits, address_space, processes):
    """Set the limits of this process, and of every process that it starts.

    address_space: bytes that it has already, with Python and NumPy loaded; `limits.memory` comes on top, and a reserve
    that `use_reserve` opens when the task is over, so that a full memory does not prevent the report.
    """
    memory, seconds = address_space + limits.memory, int(limits.seconds + 0.999)
    for what, soft, hard in (
        (resource.RLIMIT_CPU, seconds, seconds + 1),
        (resource.RLIMIT_AS, memory, memory + limits.memory // 4),
        (resource.RLIMIT_FSIZE, limits.file_size, limits.file_size),
        (resource.RLIMIT_NPROC, processes, processes),
        (resource.RLIMIT_NOFILE, 64, 64),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        resource.setrlimit(what, (soft, hard))


def use_reserve():
    """Open the memory that `limit` kept back."""
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
