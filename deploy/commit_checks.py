"""What must not be committed: settings files, secrets, code that the linters refuse.

Looks at the files about to be committed; with --all at every file that git knows, and then only for settings
and secrets, since `make lint` has the rest.
"""

import re
import subprocess
import sys
from pathlib import Path

PROGRAMS = Path(sys.executable).parent
LARGEST = 2_000_000

SECRETS = {
    "a private key": re.compile(rb"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
    "a key of a cloud account": re.compile(rb"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "an access token": re.compile(
        rb"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{60,}|xox[abpr]-[\w-]{20,}|sk_live_\w{20,})"
    ),
    "a key of Quayside": re.compile(rb"^(?:SECRET_KEY|FIELD_KEYS)=[^\s$]{16,}", re.MULTILINE),
}


STAGED = ("diff", "--cached", "--name-only", "--diff-filter=ACMR")


def main(*, everything: bool) -> int:
    files = listed("ls-files") if everything else listed(*STAGED)
    problems = [problem for file in files for problem in problems_of(file, staged=not everything)]
    for problem in problems:
        print(problem, file=sys.stderr)
    return bool(problems) or (not everything and not is_clean(files))


def listed(*command: str) -> list[str]:
    answer = subprocess.run(["git", *command, "-z"], capture_output=True, check=True)  # noqa: S607 (git of the user)
    return [name for name in answer.stdout.decode().split("\0") if name]


def problems_of(file: str, *, staged: bool) -> list[str]:
    name = Path(file).name
    if name.startswith(".env") and name != ".env.example":
        return [f"{file}: settings of one machine, they may hold secrets"]
    content = content_of(file, staged=staged)
    found = [f"{file}: looks like {what}" for what, form in SECRETS.items() if form.search(content)]
    if len(content) > LARGEST:
        found.append(f"{file}: larger than {LARGEST // 1_000_000} MB")
    return found


def content_of(file: str, *, staged: bool) -> bytes:
    if staged:
        return subprocess.run(["git", "show", f":{file}"], capture_output=True, check=True).stdout  # noqa: S607
    path = Path(file)
    return path.read_bytes() if path.is_file() else b""


def is_clean(files: list[str]) -> bool:
    code = [file for file in files if file.endswith(".py")]
    templates = [file for file in files if file.startswith("templates/") and file.endswith(".html")]
    commands = [["ruff", "check", *code], ["ruff", "format", "--check", *code]] if code else []
    commands += [["djlint", "--quiet", "--lint", *templates]] if templates else []
    ended = [subprocess.run([PROGRAMS / program, *rest], check=False) for program, *rest in commands]
    return all(done.returncode == 0 for done in ended)


if __name__ == "__main__":
    sys.exit(main(everything="--all" in sys.argv[1:]))
