"""Reads the calibration that a case names: the level of one's own measurements beside the model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from capexpand.case.figures import NUMBER_ERROR
from capexpand.case.reading import NumberProblem, Reading
from capexpand.errors import CaseError
from capexpand.files import read_content
from capexpand.hardware.calibration import CALIBRATION_LIMIT_BYTES, Calibration, parse_calibration


class _ReadsCalibration:
    """Makes pydantic read the file of a calibration."""

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(self._read)

    def __get_pydantic_json_schema__(
        self, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "description": "a file that `capexpand calibrate FILE --out` wrote"}

    def _read(self, written: object, info: core_schema.ValidationInfo) -> Calibration:
        if isinstance(written, Calibration):
            return written
        reading = info.context if isinstance(info.context, Reading) else Reading()
        if not isinstance(written, str):
            raise _refused([NumberProblem("is the path of a file that capexpand calibrate FILE --out wrote")])
        path = Path(written)
        try:
            if path not in reading.tables:
                reading.tables[path] = read_content(path, CALIBRATION_LIMIT_BYTES)
            return parse_calibration(reading.tables[path], path)
        except CaseError as error:
            raise _refused([NumberProblem(one.message, (), one) for one in error.problems]) from None


def _refused(findings: list[NumberProblem]) -> PydanticCustomError:
    message = "; ".join(finding.message for finding in findings)
    return PydanticCustomError(NUMBER_ERROR, "{message}", {"message": message, "findings": findings})


CalibrationFile = Annotated[Calibration, _ReadsCalibration()]
"""A calibration, written as the path of its file."""
