"""Run a write in a child process in which one system call of the file system ends otherwise."""

import errno
import os
import traceback
from collections.abc import Callable

from capexpand.errors import RunError
from capexpand.files import writing
from capexpand.runs import folder as run_folder

CALLS = (
    "open", "write", "fsync", "close", "rename", "replace", "mkdir", "unlink", "rmdir", "chmod", "ftruncate"
)  # fmt: skip
KILLED, REFUSED, DONE, BROKEN = 9, 2, 0, 70
"""How the child ends: killed, with an error in words, whole, or in any other way."""


def ends(work: Callable[[], None], number: int, fault: str, *, exchange: bool = True) -> int:
    """Return how the work ends if its call of the given number is the last ("kill") or fails ("full").

    Args:
        work: writes.
        number: of the call, from 1; where there are fewer, the work is done.
        fault: kill, or full for a disk with no space left.
        exchange: whether the system can exchange two folders.
    """
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = BROKEN
    try:
        _shim(number, fault, exchange=exchange)
        work()
        code = DONE
    except RunError:
        code = REFUSED
    except BaseException:  # noqa: BLE001 - the child must not go on with the tests
        traceback.print_exc()
    finally:
        os._exit(code)


def _shim(number: int, fault: str, *, exchange: bool) -> None:
    count = 0

    def counted(call):  # type: ignore[no-untyped-def]
        def tried(*args, **named):  # type: ignore[no-untyped-def]
            nonlocal count
            count += 1
            if count == number and fault == "kill":
                os._exit(KILLED)
            if count >= number and fault == "full" and call.__name__ in ("open", "write", "fsync", "mkdir"):
                creates = call.__name__ != "open" or args[1] & os.O_CREAT
                if creates:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return call(*args, **named)

        return tried

    for name in CALLS:
        setattr(os, name, counted(getattr(os, name)))
    swap = counted(writing.exchange) if exchange else lambda *_: False
    run_folder.exchange = swap


def every_call(work: Callable[[], None], fault: str, *, exchange: bool = True):  # type: ignore[no-untyped-def]
    """Yield how the work ends with a fault at its first call, its second, and so on, until it is done."""
    for number in range(1, 500):
        end = ends(work, number, fault, exchange=exchange)
        yield end
        if end == DONE:
            return
    raise AssertionError("the work never ends")
