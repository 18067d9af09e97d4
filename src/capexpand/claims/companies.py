"""Companies by the names that reports use for them, and the months in which their fiscal years end."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

CALENDAR_YEAR_END = 12


@dataclass(frozen=True, slots=True)
class Company:
    """A company, what else it is called, and when its books close.

    Args:
        name: as the catalogue writes it.
        aliases: other names; products and brands that stand for it in the news.
        fiscal_year_end: month in which its fiscal year ends [1 to 12].
    """

    name: str
    aliases: tuple[str, ...] = ()
    fiscal_year_end: int = CALENDAR_YEAR_END


COMPANIES = (
    Company("Alibaba", ("Alibaba Group", "Alibaba Cloud", "Aliyun", "BABA"), 3),
    Company("Alphabet", ("Google", "Google (Alphabet)", "Google Cloud", "GOOGL")),
    Company("Amazon", ("Amazon Web Services", "Amazon.com", "AWS", "AMZN")),
    Company("AMD", ("Advanced Micro Devices",)),
    Company("Anthropic"),
    Company("Apple", (), 9),
    Company("Baidu"),
    Company("Broadcom", (), 10),
    Company("ByteDance", ("TikTok", "Douyin")),
    Company("CoreWeave"),
    Company("DeepSeek"),
    Company("Dell", ("Dell Technologies",), 1),
    Company("Huawei"),
    Company("IBM"),
    Company("Infineon", ("Infineon Technologies",), 9),
    Company("Intel"),
    Company("JD.com", ("JD Cloud", "JD")),
    Company("Meituan"),
    Company("Meta", ("Facebook", "Meta Platforms", "Instagram", "META")),
    Company("Micron", (), 8),
    Company("Microsoft", ("Azure", "MSFT"), 6),
    Company("Moonshot AI", ("Moonshot",)),
    Company("Nebius"),
    Company("Netflix"),
    Company("Nvidia", ("NVIDIA",), 1),
    Company("NXP"),
    Company("OpenAI", ("Stargate", "OpenAI/Stargate")),
    Company("Oracle", (), 5),
    Company("PDD", ("Pinduoduo", "Temu")),
    Company("Samsung", ("Samsung Electronics",)),
    Company("SK Hynix", ("SK hynix",)),
    Company("SMIC"),
    Company("SoftBank", ("SoftBank Group",), 3),
    Company("Tencent", ("WeChat", "Tencent Cloud")),
    Company("Tesla"),
    Company("TSMC", ("Taiwan Semiconductor", "Taiwan Semiconductor Manufacturing")),
    Company("Wells Fargo"),
    Company("xAI"),
    Company("Xiaomi"),
    Company("Zhipu"),
)


@cache
def _by_name() -> dict[str, Company]:
    return {name.casefold(): company for company in COMPANIES for name in (company.name, *company.aliases)}


@cache
def all_names() -> tuple[str, ...]:
    """List every name and alias, the longest first."""
    names = {name for company in COMPANIES for name in (company.name, *company.aliases)}
    return tuple(sorted(names, key=lambda name: (-len(name), name)))


def canonical(name: str) -> str:
    """Return the name under which the catalogue has a company; an unknown one stays as it is written."""
    found = _by_name().get(name.strip().casefold())
    return name.strip() if found is None else found.name


def fiscal_year_end(name: str) -> int | None:
    """Return the month in which the fiscal year of a company ends, None where the company is unknown."""
    found = _by_name().get(name.strip().casefold())
    return None if found is None else found.fiscal_year_end


MEMBER_MARKS = {"MSFT": "Microsoft", "GOOGL": "Alphabet", "AMZN": "Amazon", "META": "Meta"}


def members(name: str) -> tuple[str, ...]:
    """List the companies of a group that is named by its parts, such as ``Big Four (MSFT+GOOGL+AMZN+META)``.

    Args:
        name: of the group; parts joined by ``+``, in parentheses where a name stands before them.

    Returns:
        Their names; nothing where the name is that of one company.
    """
    inside = name[name.find("(") + 1 : name.rfind(")")] if "(" in name else name
    parts = [part.strip() for part in inside.split("+")]
    return tuple(MEMBER_MARKS.get(part, canonical(part)) for part in parts) if len(parts) > 1 else ()
