"""The JSON Schema of case files, with the sentence that stands below each field as its description."""

from __future__ import annotations

import ast
import inspect
import textwrap
from functools import cache
from itertools import pairwise

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from capexpand.files.json_text import JsonObject


@cache
def field_sentences(model: type[BaseModel]) -> dict[str, str]:
    """Return what each field of a model means, in the words that stand below it in the source.

    pydantic can read them while a class is made, which would slow down every start; here they are read when
    they are asked for.

    Args:
        model: a block of a case; fields that it inherits are included.
    """
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if not issubclass(base, BaseModel) or base is BaseModel:
            continue
        statements = list(ast.iter_child_nodes(ast.parse(textwrap.dedent(inspect.getsource(base))).body[0]))
        for field, below in pairwise(statements):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(below, ast.Expr)
                and isinstance(below.value, ast.Constant)
                and isinstance(below.value.value, str)
            ):
                found[field.target.id] = inspect.cleandoc(below.value.value).replace("\n", " ")
    return found


class DescribedSchema(GenerateJsonSchema):
    """Writes the sentence of each field into the schema."""

    # pyrefly: ignore[missing-override-decorator]  3.11 has none
    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """Return the schema of a model with its fields described."""
        result = super().model_schema(schema)
        properties: JsonObject = result.get("properties", {})
        for name, sentence in field_sentences(schema["cls"]).items():
            if name in properties:
                written = properties[name]
                how = f" Written as {written['description']}." if "x-number" in written else ""
                written["description"] = sentence + how
        return result
