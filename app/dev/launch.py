"""Becomes another program, which ends with the process that started it: `python -IS launch.py '{…}' PROGRAM …`.

A program of its own and not a function between fork and exec: there every lock that another thread of the parent held
at the fork, such as that of looking up a name, stays held for ever, and the parent waits for ever with it.
"""

import ctypes
import json
import os
import pwd
import struct
import sys

LIBC = ctypes.CDLL(None, use_errno=True)

# From linux/prctl.h, linux/securebits.h and linux/capability.h
PR_SET_PDEATHSIG, PR_SET_SECUREBITS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 1, 28, 47, 2
NO_SETUID_FIXUP = 1 << 2
CAP_VERSION_3, CAP_DAC_OVERRIDE = 0x20080522, 1


def become_nobody() -> None:
    """Give up root, which Postgres refuses to run as, but still reach files below directories that only root
    may enter, such as /root or a temporary directory: opening those to everybody would be the other way."""
    mask = 1 << CAP_DAC_OVERRIDE
    nobody = pwd.getpwnam("nobody")
    # Else setuid() would drop all capabilities, and access(), which Postgres asks, would overlook them.
    LIBC.prctl(PR_SET_SECUREBITS, NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([])
    os.setgid(nobody.pw_gid)
    os.setuid(nobody.pw_uid)
    LIBC.capset(struct.pack("Ii", CAP_VERSION_3, 0), struct.pack("6I", mask, mask, mask, 0, 0, 0))
    LIBC.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)


def die_with(parent: int, signal_number: int) -> None:
    """Ask the kernel to end this process when its parent is gone, even by kill -9. Elsewhere than on Linux
    the next start finds such a process by its record."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    if os.getppid() != parent:  # gone before it was asked
        sys.exit(1)


def main() -> None:
    asked = json.loads(sys.argv[1])
    if sys.platform == "linux":
        if asked["unprivileged"] and os.geteuid() == 0:
            become_nobody()
        die_with(asked["parent"], asked["last_signal"])
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606  # no shell is wanted: a program by its path, with its arguments


main()
