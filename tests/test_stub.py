"""The stub python/dualtape/_core.pyi and the compiled module agree in names and signatures."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import dualtape
from dualtape import _core

STUB = Path(dualtape.__file__).with_name("_core.pyi")

# Attributes every module or class has, and what C++ types have without being told to.
IMPLIED = frozenset(
    {*dir(object), *dir(type("Empty", (), {})), *dir(ModuleType("empty"))}
    | {"__file__", "__path__", "__members__", "__entries", "_pybind11_conduit_v1_"}
)

Node = ast.FunctionDef | ast.ClassDef | ast.AnnAssign | ast.Assign


def stub_members(body: list[ast.stmt]) -> dict[str, list[Node]]:
    """Every name a stub's module or class body defines, with its definitions (overloads)."""
    members: dict[str, list[Node]] = {}
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            members.setdefault(node.name, []).append(node)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            members.setdefault(node.target.id, []).append(node)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            members.setdefault(node.targets[0].id, []).append(node)
    return members


def compiled_names(thing: object) -> set[str]:
    return {name for name in vars(thing) if name not in IMPLIED}


def walk(
    thing: object, body: list[ast.stmt], path: str
) -> Iterator[tuple[str, object, list[Node]]]:
    """(path, compiled object, stub definitions) of every name both sides have."""
    for name, nodes in stub_members(body).items():
        if name not in vars(thing):
            continue
        member = vars(thing)[name]
        yield f"{path}{name}", member, nodes
        if isinstance(nodes[0], ast.ClassDef) and isinstance(member, type):
            yield from walk(member, nodes[0].body, f"{path}{name}.")


def parameters_of_text(signature: str) -> list[str] | None:
    """Parameter names of `f(x: T, n: int = 2, /) -> U`; None if it is not one signature."""
    match = re.match(r"(\w+)(\(.*\))(?: -> (.*))?$", signature)
    if match is None:
        return None
    # Types and defaults need not be Python (`<Kind.smooth: 0>`): only names are compared.
    names = []
    depth = 0
    start = 1
    text = match[2]
    for position, character in enumerate(text):
        depth += character in "([{<"
        depth -= character in ")]}" or (character == ">" and text[position - 1] != "-")
        if (character == "," and depth == 1) or depth == 0:
            name = re.match(r"\s*(\*{0,2}\w*|/)", text[start:position])
            assert name is not None
            names.append(name[1])
            start = position + 1
    return [name for name in names if name not in {"/", "*", ""}]


def compiled_parameters(member: object) -> list[list[str]] | None:
    """Parameter names of each overload the compiled callable tells of; None if it tells none."""
    function = inspect.unwrap(getattr(member, "__func__", member))
    if getattr(function, "__text_signature__", None):
        signature = inspect.signature(function)
        return [[str(parameter).partition("=")[0] for parameter in signature.parameters.values()]]
    lines = (getattr(function, "__doc__", None) or "").splitlines()
    overloads = [line.partition(". ")[2] for line in lines if re.match(r"\d+\. \w+\(", line)]
    found = [parameters_of_text(line) for line in overloads or lines[:1]]
    told = [names for names in found if names is not None]
    return told or None


def stub_parameters(node: ast.FunctionDef) -> list[str]:
    arguments = node.args
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    if arguments.vararg:
        names.append(f"*{arguments.vararg.arg}")
    names += [argument.arg for argument in arguments.kwonlyargs]
    if arguments.kwarg:
        names.append(f"**{arguments.kwarg.arg}")
    return names


def stub_body() -> list[ast.stmt]:
    return ast.parse(STUB.read_text(encoding="utf-8")).body


def classes() -> list[tuple[str, object, list[ast.stmt]]]:
    found: list[tuple[str, object, list[ast.stmt]]] = [("dualtape._core", _core, stub_body())]
    for path, member, nodes in walk(_core, stub_body(), ""):
        if isinstance(nodes[0], ast.ClassDef):
            found.append((path, member, nodes[0].body))
    return found


def functions() -> list[tuple[str, object, list[ast.FunctionDef]]]:
    found = []
    for path, member, nodes in walk(_core, stub_body(), ""):
        definitions = [node for node in nodes if isinstance(node, ast.FunctionDef)]
        is_property = any(
            ast.unparse(decorator).split(".")[-1] in {"property", "setter"}
            for node in definitions
            for decorator in node.decorator_list
        )
        if definitions and not is_property:
            found.append((path, member, definitions))
    return found


@pytest.mark.parametrize("case", classes(), ids=lambda case: case[0])
def test_stub_and_module_have_the_same_names(
    case: tuple[str, object, list[ast.stmt]],
) -> None:
    path, thing, body = case
    stub = {name for name in stub_members(body) if name not in IMPLIED}
    compiled = compiled_names(thing)
    if thing is _core:  # A stub's type variables and aliases are for the type checker only.
        stub = {name for name in stub if not name.startswith("_")}
        compiled = {name for name in compiled if not name.startswith("_")}
    assert stub - compiled == set(), f"{path}: in the stub only"
    assert compiled - stub == set(), f"{path}: in the compiled module only"


def test_stub_and_module_have_the_same_parameters() -> None:
    wrong = []
    for path, member, definitions in functions():
        compiled = compiled_parameters(member)
        if compiled is None:
            continue
        stub = [stub_parameters(node) for node in definitions]
        bound = [names[1:] if names[:1] == ["self"] else names for names in stub]
        told = [names[1:] if names[:1] in (["self"], ["$self"]) else names for names in compiled]
        if sorted(bound) != sorted(told):
            wrong.append(f"{path}: stub {bound}, compiled {told}")
    assert wrong == []


def test_parameters_are_read_from_pybind11_signatures() -> None:
    text = "f(self: a.B, x: dict[str, tuple[int, ...]] = {}, kind: K = <K.a: 0>, *, n: int) -> int"
    assert parameters_of_text(text) == ["self", "x", "kind", "n"]
    assert parameters_of_text("f(arg0: typing.Callable[[int], int], /) -> None") == ["arg0"]
    assert parameters_of_text("f() -> None") == []
    assert parameters_of_text("Adds two programs (see design.md).") is None
