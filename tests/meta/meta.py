"""What every check of the project by itself shares.

A check is a function from a source tree to a list of problems. It runs on the real tree, where it
must find none, and then on a copy with one fault after the other, where it must find the fault that was
put in: a check that cannot fail protects nothing.
"""

import os
import pathlib
import shutil
import sys
import tempfile

sys.dont_write_bytecode = True
ROOT = pathlib.Path(os.environ.get("top_srcdir", pathlib.Path(__file__).parents[2])).resolve()
BUILD = pathlib.Path(os.environ.get("top_builddir", ".")).resolve()
sys.path.insert(0, str(ROOT / "scripts"))

TREE = ("include", "lib", "tools", "examples", "bench", "tests", "doc", "scripts", "bindings",
        "README.md", "Makefile.am", "configure.ac")
ROOMS = ("base", "capture", "frames", "packets", "keys", "consent", "log", "vault", "gate", "share",
         "recorder")


class Mutant:
    """One fault: which file, what is done to it, and the words the check must answer with.

    With None for the words it is no fault but a harmless change, which the check must let pass.
    """

    def __init__(self, name, path, change, expected, check=None):
        self.name, self.path, self.change = name, path, change
        self.expected, self.check = expected, check

    def apply(self, tree):
        """Put the fault in; a mutation that changes nothing is itself a mistake. Returns what takes it out."""
        path = tree / self.path
        before = path.read_bytes() if path.exists() else None
        made = [folder for folder in path.parents if not folder.exists()]  # the deepest comes first
        if self.change is None:
            path.unlink()
        else:
            text = self.change(before.decode() if before is not None else "")
            if before is not None and text == before.decode():
                sys.exit(f"mutant '{self.name}' changes nothing in {self.path}: write it anew")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

        def undo():
            if before is not None:
                path.write_bytes(before)
                return
            path.unlink(missing_ok=True)  # the check may have taken it, or its folder, away
            for folder in made:
                if folder.exists():
                    folder.rmdir()

        return undo


def replace(old, new, count=1):
    """A change that puts `new` for the first `old`."""
    return lambda text: text.replace(old, new, count)


def append(extra):
    """A change that adds to the end, or makes the file."""
    return lambda text: text + extra


def copy_tree(source, target):
    """A writable copy of what the checks look at."""
    target.mkdir(parents=True)
    for name in TREE:
        path = source / name
        if path.is_dir():
            shutil.copytree(path, target / name, ignore=shutil.ignore_patterns(
                "__pycache__", "*.o", "*.lo", "*.la", ".libs", ".deps", "target"))
        elif path.exists():
            shutil.copy(path, target / name)
    for path in [target, *target.rglob("*")]:
        path.chmod(path.stat().st_mode | 0o200)


def fail(problems):
    """Say what is wrong and end the program."""
    for problem in problems:
        print(f"  {problem}")
    sys.exit(f"{pathlib.Path(sys.argv[0]).name}: {len(problems)} problem(s)")


def run(check, mutants):
    """The real tree passes, every mutant is caught."""
    problems = check(ROOT)
    if problems:
        fail(problems)
    print("the tree passes")
    if not any(mutant.expected for mutant in mutants):
        sys.exit("a check without a mutant proves nothing")
    with tempfile.TemporaryDirectory(prefix="voicepriv-meta-") as folder:
        control = pathlib.Path(folder) / "control"
        copy_tree(ROOT, control)
        problems = check(control)
        if problems:
            print("an unchanged copy of the tree does not pass:")
            fail(problems)
        wrong = []
        for mutant in mutants:
            undo = mutant.apply(control)
            found = (mutant.check or check)(control)
            undo()
            if mutant.expected is None:
                right, word = not found, "let pass"
            else:
                right, word = any(mutant.expected in problem for problem in found), "caught"
            print(f"{word if right else 'WRONG'}: {mutant.name}")
            if not right:
                wrong.append(f"{mutant.name}: wanted {mutant.expected!r}, found {found}")
        problems = check(control)
        if problems:
            print("the copy is not as it was before the mutants:")
            fail(problems)
        if wrong:
            fail(wrong)
    print(f"{len(mutants)} mutants judged rightly")
