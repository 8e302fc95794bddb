"""The kits in languages whose compilers are not at hand: every source under `sdk` is whole in its grammar.

It says that a file is well-formed, and no more: what a name means or whether types fit, a compiler says,
where a kit's README tells how it is run. Kotlin has its compiler (scripts/android-kit); only what Gradle reads is
parsed here.
"""

import re
import unittest
from pathlib import Path

import tree_sitter_dart_orchard
import tree_sitter_kotlin
import tree_sitter_swift
from tree_sitter import Language, Node, Parser

SDK = Path(__file__).resolve().parents[2] / "sdk"
GRAMMARS = {
    ".dart": tree_sitter_dart_orchard,
    ".kts": tree_sitter_kotlin,
    ".swift": tree_sitter_swift,
}
# What each kit is written in. A kit that is there has such sources.
KITS = {"flutter": ".dart", "ios": ".swift"}
# What others wrote, or a build made.
LEFT_OUT = {"node_modules", "build", ".build", ".dart_tool", ".gradle"}
MAX_LINES = 450


def sources(folder: Path) -> list[Path]:
    """Every source under a folder that one of the grammars is for."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix in GRAMMARS and path.is_file() and not LEFT_OUT & set(path.relative_to(folder).parts)
    )


def faults(suffix: str, text: bytes) -> list[str]:
    """Where a text is not what its grammar allows."""
    root = Parser(Language(GRAMMARS[suffix].language())).parse(text).root_node
    found, waiting = [], [root]
    while waiting:
        node: Node = waiting.pop()
        if node.is_error or node.is_missing:
            row, column = node.start_point
            what = f"{node.type} is missing" if node.is_missing else text[node.start_byte : node.end_byte][:60].decode(errors="replace")
            found.append(f"{row + 1}:{column + 1}: {what}")
        elif node.has_error:
            waiting.extend(node.children)
    return found


class Sources(unittest.TestCase):
    def test_every_source_is_whole(self):
        found = sources(SDK)
        self.assertTrue(found, f"no source under {SDK}")
        for path in found:
            with self.subTest(path.relative_to(SDK).as_posix()):
                self.assertEqual([], faults(path.suffix, path.read_bytes()))

    def test_a_kit_that_is_there_has_sources(self):
        for kit, suffix in KITS.items():
            if (SDK / kit).exists():
                with self.subTest(kit):
                    self.assertIn(suffix, {path.suffix for path in sources(SDK / kit)})

    def test_every_source_opens_with_what_it_owns_and_stays_short(self):
        for path in sources(SDK):
            with self.subTest(path.relative_to(SDK).as_posix()):
                lines = path.read_text(encoding="utf-8").splitlines()
                self.assertRegex(lines[0], r"^(//|/\*)")
                self.assertLessEqual(len(lines), MAX_LINES)

    def test_a_source_that_is_cut_anywhere_between_its_braces_is_not_whole(self):
        for path in sources(SDK):
            text = path.read_bytes()
            braces = [match.start() for match in re.finditer(rb"^\}", text, re.MULTILINE)]
            if braces:
                with self.subTest(path.relative_to(SDK).as_posix()):
                    self.assertNotEqual([], faults(path.suffix, text[: braces[-1]] + text[braces[-1] + 1 :]))


class Grammars(unittest.TestCase):
    WRONG = {
        ".dart": [b"class A { void f( { } }", b"void f() { final x = ; }", b"sealed class { }"],
        ".kts": [b"plugins { id( }", b"val x = "],
        ".swift": [b"class A { func f( { } }", b"func f() { let x = }", b"struct { }"],
    }

    def test_what_is_wrong_is_found(self):
        self.assertEqual(set(GRAMMARS), set(self.WRONG))
        for suffix, texts in self.WRONG.items():
            for text in texts:
                with self.subTest(text):
                    self.assertNotEqual([], faults(suffix, text))


if __name__ == "__main__":
    unittest.main()
