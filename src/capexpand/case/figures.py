"""The kinds of number that a case can hold, as annotated types for the schema."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from pydantic import BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from capexpand.case.reading import NumberProblem, Reading, parse_day
from capexpand.case.series_deviations import DeviationReader
from capexpand.case.series_reading import CHANGE, SeriesReader
from capexpand.case.values import Figure, Series
from capexpand.units import VOLUME_UNITS, QuantityError, QuantityKind

NUMBER_ERROR = "number"
"""Type of the validation error whose context holds the findings inside a number."""


@dataclass(frozen=True, slots=True)
class _Reads:
    """Makes pydantic read a number of a kind, as a figure, a deviation or a series."""

    kind: QuantityKind
    series: bool
    deviation: bool = False

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(self._read)

    def __get_pydantic_json_schema__(
        self, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        shape = "series" if self.series else "deviation" if self.deviation else "figure"
        return {
            "x-number": shape,
            "x-bare": self.kind.bare,
            "description": f"{self.kind.name}, e.g. {self.kind.example}",
        }

    def _read(self, written: object, info: core_schema.ValidationInfo) -> Figure | Series:
        if isinstance(written, Series if self.series else Figure):
            return written
        reading = info.context if isinstance(info.context, Reading) else Reading()
        number, findings = self._number(written, reading)
        if number is None or findings:
            message = "; ".join(finding.message for finding in findings)
            raise PydanticCustomError(NUMBER_ERROR, "{message}", {"message": message, "findings": findings})
        return number

    def _number(
        self, written: object, reading: Reading
    ) -> tuple[Figure | Series | None, list[NumberProblem]]:
        if self.deviation:
            deviations = DeviationReader(reading)
            return deviations.deviation(written, self.kind), deviations.findings
        reader = SeriesReader(self.kind, reading)
        return reader.series(written) if self.series else reader.figure(written, self.kind), reader.findings


def _figure(kind: QuantityKind) -> _Reads:
    return _Reads(kind, series=False)


def _series(kind: QuantityKind) -> _Reads:
    return _Reads(kind, series=True)


def _day(written: object) -> date:
    try:
        return parse_day(written)
    except QuantityError as error:
        raise PydanticCustomError(NUMBER_ERROR, "{message}", {"message": str(error)}) from None


DAY_PATTERN = r"^\d{4}-\d{2}-\d{2}$"

Day = Annotated[
    date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date", "pattern": DAY_PATTERN})
]
"""A date, written as 2025-04-01 and in no other way."""

_RATES = tuple(f"{unit}/quarter" for unit in VOLUME_UNITS.values())
_PRICES = tuple(f"mn CUR/{unit}" for unit in VOLUME_UNITS.values())

_MONEY = QuantityKind("money", ("mn CUR",), "380 bn CNY", per_unit=True)
_MONEY_PER_QUARTER = QuantityKind("money per time", ("mn CUR/quarter",), "5 bn CNY/quarter", per_unit=True)
_SPENDING_LIMIT = QuantityKind("a spending limit", ("mn CUR/quarter",), "5 bn CNY/quarter", limit=True)
_MONEY_PER_POWER = QuantityKind("money per power", ("mn CUR/MW",), "45 mn CNY/MW")
_MONEY_PER_POWER_QUARTER = QuantityKind(
    "money per power and time", ("mn CUR/MW/quarter",), "450 CNY/kW/month"
)
_ENERGY_PRICE = QuantityKind("an energy price", ("mn CUR/MWh",), "0.45 CNY/kWh")
_CARBON = QuantityKind("emissions for energy", ("t/MWh",), "0.35 t/MWh")
_CARBON_PRICE = QuantityKind("a price of emissions", ("mn CUR/t",), "70 EUR/t")
_EXCHANGE_RATE = QuantityKind("an exchange rate", ("CUR/CUR",), "7.3 CNY/USD", above=0.0)
_POWER = QuantityKind("power", ("MW",), "120 MW")
_POWER_LIMIT = QuantityKind("power", ("MW",), "120 MW", limit=True)
_POWER_PER_UNIT = QuantityKind("power per unit", ("kW",), "10.2 kW", above=0.0, per_unit=True)
_DURATION = QuantityKind("a duration", ("month",), "9 months", maximum=2400.0)  # 200 years
_LIFE = QuantityKind("a life", ("month",), "5 years", above=0.0, maximum=2400.0)
_LATENCY = QuantityKind("latency", ("ms",), "30 ms")
_PROMPT = QuantityKind("a length in tokens", ("token",), "2000 token", bare=True)
_ANSWER = QuantityKind("a length in tokens", ("token",), "500 token", above=0.0, bare=True)
_WAIT = QuantityKind("a time limit", ("ms",), "50 ms", above=0.0)
_MEMORY = QuantityKind("memory", ("GB",), "96 GB", per_unit=True)
_COMPUTE = QuantityKind("compute", ("PFLOP/s",), "8 PFLOP/s", per_unit=True)
_FRACTION = QuantityKind("a share", ("1",), "5 %", maximum=1.0, bare=True)
_FRACTION_PER_YEAR = QuantityKind("a share per year", ("1/year",), "8 %/year", maximum=1.0)
_RATIO = QuantityKind("a ratio", ("1",), "1.3", bare=True)
_PRODUCTIVITY = QuantityKind("productivity", ("1",), "1.3", above=0.0, bare=True)
_USAGE = QuantityKind("power usage effectiveness", ("1",), "1.25", minimum=1.0, maximum=5.0, bare=True)
_COUNT = QuantityKind("a count", ("unit",), "20000 units", bare=True)
_COUNT_LIMIT = QuantityKind("a count", ("unit",), "40 units", limit=True)
_COUNT_RATE = QuantityKind("a count per time", ("unit/quarter",), "20000 unit/quarter", limit=True)
_VOLUME_RATE = QuantityKind("a volume per time", _RATES, "2 tn token/day", per_unit=True)
_UNIT_PRICE = QuantityKind("a price per volume", _PRICES, "1.2 CNY/Mtoken")
_EXPONENT = QuantityKind("an exponent", ("1",), "1.2", minimum=-20.0, maximum=20.0, bare=True)
_SPREAD = QuantityKind("a standard deviation of a logarithm", ("1",), "30 %", maximum=5.0, bare=True)
_JUMP = QuantityKind("a jump", ("1",), "60 %", minimum=None, above=-1.0, bare=True)
_RATE = QuantityKind("a rate", ("1/year",), "0.5 /year", maximum=400.0)
_TRANSITION = QuantityKind("a probability or a rate", ("1", "1/year"), "10 %", bare=True)
_CORRELATION = QuantityKind("a correlation", ("1",), "0.5", minimum=-1.0, maximum=1.0, bare=True)

Money = Annotated[Figure, _figure(_MONEY)]
Power = Annotated[Figure, _figure(_POWER)]
PowerPerUnit = Annotated[Figure, _figure(_POWER_PER_UNIT)]
MoneyPerPower = Annotated[Figure, _figure(_MONEY_PER_POWER)]
MoneyPerPowerQuarter = Annotated[Figure, _figure(_MONEY_PER_POWER_QUARTER)]
Duration = Annotated[Figure, _figure(_DURATION)]
Life = Annotated[Figure, _figure(_LIFE)]
Latency = Annotated[Figure, _figure(_LATENCY)]
PromptLength = Annotated[Figure, _figure(_PROMPT)]
AnswerLength = Annotated[Figure, _figure(_ANSWER)]
Wait = Annotated[Figure, _figure(_WAIT)]
Memory = Annotated[Figure, _figure(_MEMORY)]
Flops = Annotated[Figure, _figure(_COMPUTE)]
Fraction = Annotated[Figure, _figure(_FRACTION)]
FractionPerYear = Annotated[Figure, _figure(_FRACTION_PER_YEAR)]
Ratio = Annotated[Figure, _figure(_RATIO)]
PowerUsageEffectiveness = Annotated[Figure, _figure(_USAGE)]
Count = Annotated[Figure, _figure(_COUNT)]
VolumeRate = Annotated[Figure, _figure(_VOLUME_RATE)]
Change = Annotated[Figure, _figure(CHANGE)]
Exponent = Annotated[Figure, _figure(_EXPONENT)]
Spread = Annotated[Figure, _Reads(_SPREAD, series=False, deviation=True)]
Jump = Annotated[Figure, _figure(_JUMP)]
Rate = Annotated[Figure, _figure(_RATE)]
Transition = Annotated[Figure, _figure(_TRANSITION)]
Correlation = Annotated[Figure, _figure(_CORRELATION)]

MoneySeries = Annotated[Series, _series(_MONEY)]
MoneyPerQuarterSeries = Annotated[Series, _series(_MONEY_PER_QUARTER)]
SpendingLimitSeries = Annotated[Series, _series(_SPENDING_LIMIT)]
MoneyPerPowerSeries = Annotated[Series, _series(_MONEY_PER_POWER)]
MoneyPerPowerQuarterSeries = Annotated[Series, _series(_MONEY_PER_POWER_QUARTER)]
EnergyPriceSeries = Annotated[Series, _series(_ENERGY_PRICE)]
ExchangeRateSeries = Annotated[Series, _series(_EXCHANGE_RATE)]
PowerLimitSeries = Annotated[Series, _series(_POWER_LIMIT)]
CarbonIntensity = Annotated[Figure, _figure(_CARBON)]
CarbonPriceSeries = Annotated[Series, _series(_CARBON_PRICE)]
CountSeries = Annotated[Series, _series(_COUNT_LIMIT)]
LeastPowerSeries = Annotated[Series, _series(_POWER_LIMIT)]
CountRateSeries = Annotated[Series, _series(_COUNT_RATE)]
FractionSeries = Annotated[Series, _series(_FRACTION)]
RatioSeries = Annotated[Series, _series(_RATIO)]
FractionPerYearSeries = Annotated[Series, _series(_FRACTION_PER_YEAR)]
ProductivitySeries = Annotated[Series, _series(_PRODUCTIVITY)]
VolumeRateSeries = Annotated[Series, _series(_VOLUME_RATE)]
UnitPriceSeries = Annotated[Series, _series(_UNIT_PRICE)]
