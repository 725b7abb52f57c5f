"""Turn into another program, so that it dies with its parent and, where asked, does not run as root.

Run as `python -I -S launch.py PARENT_PID DEATH_SIGNAL IDENTITY PROGRAM ARGUMENT…`. It is a program of its own, and not
a `preexec_fn`, because Python code between fork and exec can deadlock when the parent has threads. Standard library
only: it costs about 10 ms. The process id stays the same, so whoever started it holds the pid of the program.
"""

import ctypes
import os
import pwd
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_SET_SECUREBITS = 28
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CLONE_NEWUSER = 0x10000000
CAP_DAC_OVERRIDE = 1
SECBIT_NO_SETUID_FIXUP = 1 << 2
LINUX_CAPABILITY_VERSION_3 = 0x20080522
OVERFLOW_UID = 65534


def nobody() -> tuple[int, int]:
    """The uid and gid of the user that owns nothing; the kernel's own number for it where no name is known."""
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return OVERFLOW_UID, OVERFLOW_UID
    return entry.pw_uid, entry.pw_gid


def drop_root(libc: ctypes.CDLL) -> None:
    """Become `nobody`, keeping the one power to pass through closed directories.

    Without it the program could not even be read when the checkout lies under /root (mode 700). It is kept as an
    ambient capability (capabilities(7), Linux 4.3), the only kind that survives the exec of an ordinary file. The
    secure bit keeps it through setresuid, and makes access(2), by which initdb looks for `postgres`, heed it as well.
    """
    uid, gid = nobody()
    check(libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0), "keep capabilities")
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    bit = 1 << CAP_DAC_OVERRIDE
    header = (ctypes.c_uint32 * 2)(LINUX_CAPABILITY_VERSION_3, 0)
    effective_permitted_inheritable = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)
    check(libc.capset(header, effective_permitted_inheritable), "set capabilities")
    check(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0), "raise the ambient capability")


def enter_namespace(libc: ctypes.CDLL) -> None:
    """Enter a user namespace in which we are called `nobody`; seen from outside, nothing changes hands."""
    uid, gid = os.geteuid(), os.getegid()
    inner_uid, inner_gid = nobody()
    try:
        check(libc.unshare(CLONE_NEWUSER), "enter a user namespace")
        write("/proc/self/setgroups", "deny")  # the kernel asks for it before one may map one's own group
        write("/proc/self/uid_map", f"{inner_uid} {uid} 1")
        write("/proc/self/gid_map", f"{inner_gid} {gid} 1")
    except OSError as error:
        sys.exit(
            f"{error}\nPostgreSQL refuses to run as user {uid}, and here we may neither become `nobody` nor enter a "
            "user namespace. Run `make` as an ordinary user with a name, or let this container have the capabilities "
            "that containers have by default."
        )


def write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:  # noqa: PTH123 - importing pathlib costs a third of our start
        file.write(text)


def die_with_parent(libc: ctypes.CDLL, parent_pid: int, death_signal: int) -> None:
    """Ask the kernel for `death_signal` when the parent ends. A parent that ended before we asked is caught too."""
    check(libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0), "die with the parent")
    if os.getppid() != parent_pid:
        os.kill(os.getpid(), signal.SIGKILL)


def check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"cannot {what}: {os.strerror(number)}")


def main(arguments: list[str]) -> None:
    parent_pid, death_signal, identity, *command = arguments
    libc = ctypes.CDLL(None, use_errno=True)
    match identity:
        case "drop":
            drop_root(libc)
        case "namespace":
            enter_namespace(libc)
    if int(death_signal) and sys.platform == "linux":
        # After the change of identity, which clears it.
        die_with_parent(libc, int(parent_pid), int(death_signal))
    os.execv(command[0], command)  # noqa: S606 - exec is what this program is for


if __name__ == "__main__":
    main(sys.argv[1:])
